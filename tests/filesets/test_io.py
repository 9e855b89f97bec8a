"""Filesets in files: written and read, by us and by coffea."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from uuid import UUID

import pytest
from coffea.dataset_tools.filespec import CoffeaROOTFileSpec, DataGroupSpec
from coffea.nanoevents import BaseSchema, NanoEventsFactory
from hypothesis import given
from hypothesis import strategies as st

from dtperf.errors import ConfigError
from dtperf.filesets import InputFile, build, read, split, write
from tests.filesets.made import events, file, filesets, ranges
from tests.helpers.golden import GOLDEN


@st.composite
def odd_files(draw: st.DrawFn) -> list[InputFile]:
    """Draw files of which little is known."""
    files = []
    for number in range(draw(st.integers(0, 4))):
        entries = draw(st.none() | st.integers(0, 9))
        some = draw(st.none() | ranges(9 if entries is None else entries))
        made = InputFile(
            f"root://s//store/ä {number}.root",
            draw(st.sampled_from(["Events", "Other"])),
            draw(st.sampled_from(["events", "", "/A/B/C"])),
            draw(st.none() | st.just(UUID(int=number + 1))),
            entries,
            draw(st.none() | st.just(10**12)),
            None,
            draw(st.sampled_from([(), ("root://t//x.root", "/x.root")])),
            draw(st.sampled_from([None, "A", "unknown"])),
        )
        files.append(made if some is None else made.only(some))
    return files


def by_dataset(files: list[InputFile]) -> list[InputFile]:
    """Order files as they are written: those of a dataset together."""
    datasets = list(dict.fromkeys(each.dataset for each in files))
    return sorted(files, key=lambda each: datasets.index(each.dataset))


@given(files=filesets() | odd_files())
def test_what_is_written_is_read(
    files: list[InputFile], tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in ("x.json", "x.json.gz"):
        path = tmp_path_factory.mktemp("written") / name
        write(path, files)
        assert list(read(path, "Default")) == by_dataset(files)


@given(files=filesets())
def test_coffea_reads_the_same_events(
    files: list[InputFile], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("written") / "x.json.gz"
    write(path, files)
    seen = []
    for dataset in DataGroupSpec(json.loads(gzip.decompress(path.read_bytes()))).values():
        for spec in dataset.files.values():
            assert isinstance(spec, CoffeaROOTFileSpec)
            seen += [(UUID(spec.uuid), n) for a, b in spec.steps for n in range(a, b)]
    assert sorted(seen) == sorted(events(files).elements())


def test_coffea_with_dask_opens_what_was_built_and_cut(tmp_path: Path) -> None:
    pytest.importorskip("dask_awkward", reason="an extra, which `nox -s lazy` has")
    for number, part in enumerate(split(build(GOLDEN), max_events=3000)):
        write(tmp_path / f"{number}.json", part)
        [dataset] = json.loads((tmp_path / f"{number}.json").read_text()).values()
        found = NanoEventsFactory.from_root(
            dataset["files"], mode="dask", schemaclass=BaseSchema
        ).events()
        assert len(found.event.compute()) == 2000


def test_events_are_kept_of_a_file_whose_number_of_events_is_not_known(tmp_path: Path) -> None:
    files = [InputFile("/a.root", "Events", ranges=((5, 9),)), InputFile("/b.root", "Events")]
    write(tmp_path / "x.json", files)
    assert list(read(tmp_path / "x.json")) == files


def test_a_file_that_would_replace_another(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"1\.root: is twice in dataset"):
        write(tmp_path / "x.json", [file(1), file(1).only([(0, 2)])])
    with pytest.raises(ConfigError, match=r"name a fileset \.json or \.json\.gz"):
        write(tmp_path / "x.yaml", [file(1)])
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"steps": [[0, 5], [4, 6]]}, "event 4 is in two"),
        ({"steps": [[5, 4]]}, "no events 5 to 4"),
        ({"steps": [[0, 11]], "num_entries": 10}, "no events 0 to 11"),
        ({"steps": [[-1, 3]]}, "steps.0.0"),
        ({"steps": [[0, 2**63]]}, "steps.0.1"),
        ({"steps": [[0, True]]}, "steps.0.1"),
        ({"num_entries": -1}, "num_entries"),
        ({"uuid": "no"}, "uuid"),
        ({"object_path": ""}, "object_path"),
        ({"replicas": [1]}, "replicas.0"),
    ],
)
def test_what_cannot_be(entry: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"d": {"files": {"a.root": entry}}}))
    with pytest.raises(ConfigError, match=rf"bad\.json: a\.root: .*{message}"):
        list(read(path))
