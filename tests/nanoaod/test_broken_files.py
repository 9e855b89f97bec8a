"""The cause that is told for each way in which `dtperf generate` breaks files."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import uproot
from coffea.processor.executor import WorkItem

from dtperf.errors import Cause, InputError
from dtperf.execution.chunk_meta import ChunkMeta
from dtperf.execution.chunks import read_events
from dtperf.nanoaod import ColumnFilter, open_tree
from dtperf.selection.branches import needed_branches
from dtperf.synthetic import Generated
from dtperf.synthetic.settings import Fault
from tests.synthetic.samples import make

EVENTS = 20
COLUMNS = needed_branches("isolated")
CAUSES: dict[Fault, Cause | None] = {
    "truncated": "truncated",
    "header-only": "truncated",
    "empty": "empty",
    "not-root": "not-root",
    "wrong-tree": "no-tree",
    "no-events": None,
    "missing-branch": "missing-branch",
    "wrong-type": "wrong-type",
    "garbled-basket": "corrupt",
    "bad-range": None,
}
AT_OPENING = {"truncated", "header-only", "empty", "not-root", "wrong-tree"}


# a TTree of 410 branches takes long to begin
MADE: dict[str, tuple[Fault, ...]] = {
    "rntuple": tuple(CAUSES),
    "ttree": ("truncated", "wrong-type", "garbled-basket"),
}
PAIRS = [(kind, fault) for kind, faults in MADE.items() for fault in faults]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Generated]:
    return {
        kind: make(
            tmp_path_factory.mktemp(kind),
            *(f"format={kind}", f"broken=[{','.join(faults)}]"),
            *(f"files={len(faults) + 1}", f"events={EVENTS * (len(faults) + 1)}"),
        )
        for kind, faults in MADE.items()
    }


def broken_file(sample: Generated, fault: str) -> Path:
    return next(sample.directory / file.name for file in sample.files if file.broken == fault)


def test_every_fault_has_its_cause() -> None:
    assert set(CAUSES) == set(get_args(Fault))


@pytest.mark.parametrize(("kind", "fault"), [pair for pair in PAIRS if pair[1] in AT_OPENING])
def test_cause_when_it_is_opened(samples: dict[str, Generated], kind: str, fault: Fault) -> None:
    path = broken_file(samples[kind], fault)
    with pytest.raises(InputError) as caught, open_tree(str(path)):
        pass
    assert caught.value.cause == CAUSES[fault]


def item_of(path: Path, fault: Fault) -> WorkItem:
    uuid, entries = bytes(16), EVENTS
    if fault not in AT_OPENING:
        with open_tree(str(path)) as tree:
            uuid, entries = tree.file.uuid.bytes, tree.num_entries
    elif fault == "wrong-tree":
        with uproot.open({str(path): None}) as file:
            uuid = file.file.uuid.bytes
    columns = ColumnFilter.of(COLUMNS)
    place = (str(path), "Events", 0, entries, uuid)
    return WorkItem("events", *place, usermeta=ChunkMeta(required=tuple(COLUMNS)), preload=columns)


@pytest.mark.parametrize(("kind", "fault"), [pair for pair in PAIRS if CAUSES[pair[1]]])
def test_cause_when_it_is_read(samples: dict[str, Generated], kind: str, fault: Fault) -> None:
    path = broken_file(samples[kind], fault)
    item = item_of(path, fault)
    with pytest.raises(InputError) as caught:
        read_events(item)
    assert caught.value.cause == CAUSES[fault], str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("kind", "fault"), [pair for pair in PAIRS if not CAUSES[pair[1]]])
def test_what_can_be_read(samples: dict[str, Generated], kind: str, fault: Fault) -> None:
    item = item_of(broken_file(samples[kind], fault), fault)
    assert len(read_events(item).events) == len(item)
