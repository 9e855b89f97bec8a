from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
import uproot

from dtperf.errors import Cause, DtperfError, InputError
from dtperf.nanoaod import open as opening
from dtperf.nanoaod.open import open_tree
from tests.nanoaod.files import GOLDEN


@pytest.mark.parametrize("format", GOLDEN)
def test_opens_and_closes(format: str) -> None:
    with open_tree(str(GOLDEN[format])) as tree:
        assert tree.num_entries == 4000
        assert isinstance(tree, uproot.TTree) == (format == "ttree")
        file = tree.file
    assert file.closed


def test_an_error_of_the_caller_passes_through() -> None:
    with pytest.raises(ZeroDivisionError), open_tree(str(GOLDEN["ttree"])):
        _ = 1 / 0


def refusal(path: str | Path, cause: Cause, tree: str = "Events") -> str:
    """Return why a file is refused."""
    with pytest.raises(InputError) as caught, open_tree(str(path), tree):
        pass
    message = str(caught.value)
    assert caught.value.cause == cause, message
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "none.root", "missing")


def test_directory(tmp_path: Path) -> None:
    assert "is a directory" in refusal(tmp_path, "not-root")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.root")
    assert "is a pipe, socket or device" in refusal(tmp_path / "pipe.root", "not-root")


def test_sockets_and_devices(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.root"))
    for path in (tmp_path / "s.root", "/dev/null"):
        assert "is a pipe, socket or device" in refusal(path, "not-root")


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    (tmp_path / "loop.root").symlink_to("loop.root")
    refusal(tmp_path / "loop.root", "missing")
    refusal(tmp_path / f"{'x' * 300}.root", "missing")


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.root"
    path.touch()
    assert "is empty (0 bytes)" in refusal(path, "empty")


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "secret.root"
    path.write_bytes(b"root")
    monkeypatch.setattr(Path, "open", deny)  # root may read everything, whatever the mode says
    assert "cannot be read: Permission denied" in refusal(path, "refused")


@pytest.mark.parametrize("kept", [-10, -100_000, 1_000_000, 500, 50])
@pytest.mark.parametrize("format", GOLDEN)
def test_truncated_file(tmp_path: Path, format: str, kept: int) -> None:
    content = GOLDEN[format].read_bytes()
    path = tmp_path / "truncated.root"
    path.write_bytes(content[:kept])
    message = refusal(path, "truncated")
    assert f"is truncated: its header promises {len(content)} bytes" in message
    assert f"there are {len(content[:kept])}" in message


@pytest.mark.parametrize("content", [b"ro", b"root\0\0\0"])
def test_file_cut_within_its_header(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cut.root"
    path.write_bytes(content)
    assert "is truncated" in refusal(path, "truncated")


@pytest.mark.parametrize("content", [b"muon,pt\n" * 99, b"PAR1" * 99, b"x"])
def test_not_a_root_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.root"
    path.write_bytes(content)
    assert "is not a ROOT file" in refusal(path, "not-root")


def test_file_of_more_than_two_gigabytes_states_its_size_in_64_bits(tmp_path: Path) -> None:
    path = tmp_path / "big.root"
    header = b"root" + (1_062_400).to_bytes(4, "big") + (100).to_bytes(4, "big")
    path.write_bytes(header + (5_000_000_000).to_bytes(8, "big") + bytes(100))
    assert "promises 5000000000 bytes" in refusal(path, "truncated")


def test_damaged_file_keeps_the_cause(tmp_path: Path) -> None:
    content = bytearray(GOLDEN["ttree"].read_bytes())
    content[100:400] = b"\xff" * 300
    path = tmp_path / "damaged.root"
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged") as caught, open_tree(str(path)):
        pass
    assert caught.value.__cause__ is not None
    assert caught.value.cause == "corrupt"


def test_a_file_that_was_never_closed_holds_no_tree(tmp_path: Path) -> None:
    content = GOLDEN["ttree"].read_bytes()
    path = tmp_path / "zeros.root"
    path.write_bytes(content[:300] + bytes(len(content) - 300))
    assert "holds no tree at all" in refusal(path, "no-tree")


@pytest.fixture
def two_trees(tmp_path: Path) -> Path:
    path = tmp_path / "trees.root"
    with uproot.recreate(path) as file:
        file.mktree("Runs", {"run": "uint32"}).extend({"run": np.ones(2, np.uint32)})
        file.mkrntuple("deep/Ntuple", {"run": "uint32"}).extend({"run": np.ones(3, np.uint32)})
        file["Histogram"] = np.histogram([1, 2, 3])
    return path


@pytest.mark.parametrize("name", ["Events", "Histogram", "deep", ""])
def test_wrong_tree_names_those_that_are_there(two_trees: Path, name: str) -> None:
    message = refusal(two_trees, "no-tree", name)
    assert f"holds no tree {name!r}, but Runs, deep/Ntuple: choose with input.tree" in message


@pytest.mark.parametrize(("name", "entries"), [("Runs", 2), ("Runs;1", 2), ("deep/Ntuple", 3)])
def test_trees_by_other_names(two_trees: Path, name: str, entries: int) -> None:
    with open_tree(str(two_trees), name) as tree:
        assert tree.num_entries == entries


def test_colons_in_a_path_are_no_tree_names(tmp_path: Path) -> None:
    path = tmp_path / "run:367000.root"
    path.write_bytes(GOLDEN["ttree"].read_bytes())
    with open_tree(str(path)) as tree:
        assert tree.num_entries == 4000


@pytest.fixture
def memory() -> Any:
    """Give a stand-in for a server: fsspec's files in memory."""
    files = fsspec.filesystem("memory")
    yield files
    files.rm("/", recursive=True)


def test_remote_file(memory: Any) -> None:
    memory.pipe("/golden.root", GOLDEN["ttree"].read_bytes())
    with open_tree("memory://golden.root") as tree:
        assert tree.num_entries == 4000


@pytest.mark.parametrize("kept", [-100_000, 3000])
def test_truncated_remote_file(memory: Any, kept: int) -> None:
    memory.pipe("/cut.root", GOLDEN["ttree"].read_bytes()[:kept])
    assert "is truncated: its header promises" in refusal("memory://cut.root", "truncated")


REMOTE: list[tuple[bytes, Cause, str]] = [
    (b"", "empty", "is empty. "),
    (b"<!DOCTYPE html>", "not-root", "is not a ROOT file: it begins with b'<!DO'. "),
    (b"<!DOCTYPE html>" * 99, "not-root", "is not a ROOT file: it begins with b'<!DO'. "),
    (b"root" + bytes(100), "corrupt", "its header promises 0 bytes"),
    (GOLDEN["ttree"].read_bytes()[:50], "truncated", "cannot be opened: "),
]


@pytest.mark.parametrize(("content", "cause", "told"), REMOTE)
def test_remote_file_that_is_none(memory: Any, content: bytes, cause: Cause, told: str) -> None:
    memory.pipe("/f.root", content)
    assert told in refusal("memory://f.root", cause)


def test_missing_remote_file(memory: Any) -> None:
    assert "does it hold /none.root?" in refusal("memory://server/none.root", "missing")


def test_xrootd_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "find_spec", lambda _: None)
    # no fault of the file, so that it is never skipped for it
    with (
        pytest.raises(DtperfError, match=r"pip install .*\[xrootd\]'") as caught,
        open_tree("root://server.example//store/f.root"),
    ):
        pass
    assert caught.value.cause == "environment"


def test_xrootd_failure_names_server_and_path(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("[ERROR] Server responded with an error: [3011] No such file\n")

    monkeypatch.setattr(opening, "find_spec", lambda _: object())
    monkeypatch.setattr(uproot, "open", fail)
    url = "root://server.example:1094//store/f.root"
    with pytest.raises(InputError) as caught, open_tree(url):
        pass
    message = str(caught.value)
    assert "No such file" in message
    assert "Is server.example:1094 reachable, and does it hold //store/f.root?" in message
    assert "grid proxy or token" in message
    assert caught.value.cause == "missing"
    assert isinstance(caught.value.__cause__, OSError)
