"""What identifies a file that has no UUID."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.nanoaod import inspect_file, open_tree
from dtperf.nanoaod.open import open_file
from dtperf.nanoaod.sources import LocalSource
from dtperf.nanoaod.uuids import PIECE_BYTES, SMALL_BYTES, derived, is_derived
from tests.helpers.golden import GOLDEN, GOLDEN_CMSSW, GOLDEN_PROJECTED
from tests.nanoaod.files import read_arrays, without_uuid, write_like

LARGE = SMALL_BYTES + 2_000_000


def uuid_of(content: bytes, folder: Path) -> UUID:
    (folder / "x").write_bytes(content)
    with LocalSource(str(folder / "x")) as source:
        return derived(source)


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_files_of_any_format(format: str, tmp_path: Path) -> None:
    found = set()
    for start in (0, 50):
        piece = {name: values[start : start + 50] for name, values in read_arrays(GOLDEN).items()}
        path = without_uuid(write_like(piece, tmp_path / f"{start}.root", format=format))
        copy = Path(shutil.copy(path, tmp_path / "copy.root"))
        with open_tree(str(path)) as one, open_tree(str(copy)) as other:
            assert one.file.uuid == other.file.uuid
            assert is_derived(one.file.uuid)
            assert inspect_file(str(path)).uuid == str(one.file.uuid)
            found.add(one.file.uuid)
    assert len(found) == 2


def test_those_that_root_wrote() -> None:
    uuids = [UUID(inspect_file(str(path)).uuid) for path in (GOLDEN_CMSSW, GOLDEN_PROJECTED)]
    assert uuids[0] != uuids[1]
    assert all(is_derived(uuid) and uuid.variant == "specified in RFC 4122" for uuid in uuids)
    # a file's own stays
    assert not is_derived(UUID(inspect_file(str(GOLDEN)).uuid))


@given(
    size=st.integers(1, 3000),
    place=st.integers(0, 2999),
    value=st.integers(1, 255),
)
def test_every_byte_of_a_small_file_counts(
    tmp_path_factory: pytest.TempPathFactory, size: int, place: int, value: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = bytearray(size)
    before = uuid_of(content, folder)
    assert uuid_of(content, folder) == before
    content[place % size] = value
    assert uuid_of(content, folder) != before
    assert uuid_of(bytes(size + 1), folder) != before


@pytest.mark.parametrize(
    "place", [0, PIECE_BYTES - 1, LARGE - PIECE_BYTES, LARGE - 1, (LARGE - PIECE_BYTES) // 3]
)
def test_the_pieces_of_a_large_file_count(place: int, tmp_path: Path) -> None:
    content = bytearray(LARGE)
    before = uuid_of(content, tmp_path)
    content[place] = 1
    assert uuid_of(content, tmp_path) != before
    assert uuid_of(bytes(LARGE + 1), tmp_path) != before


def test_a_server_gives_the_same_and_a_change_is_seen() -> None:
    server, url = fsspec.filesystem("memory"), "memory://uuids/x.root"
    content = GOLDEN_CMSSW.read_bytes()
    server.pipe_file("/uuids/x.root", content)
    with open_file(url) as file, open_file(str(GOLDEN_CMSSW)) as here:
        assert file.file.uuid == here.file.uuid
        assert file.file.source.is_unchanged
        changed = bytearray(content)
        changed[len(content) // 2] ^= 1
        server.pipe_file("/uuids/x.root", bytes(changed))
        assert not file.file.source.is_unchanged
