"""What a run has not read, against sets of single events."""

from __future__ import annotations

import fcntl
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.errors import InputError
from dtperf.execution.checkpoint import missing_in
from dtperf.filesets import InputFile, missing, write
from dtperf.results.ledger import LedgerRow
from tests.filesets.made import events, file, filesets
from tests.helpers.ledgers import stopped
from tests.helpers.made_results import made
from tests.helpers.missing_files import FILES, ROWS, row


@st.composite
def ledgers(draw: st.DrawFn, files: list[InputFile]) -> list[LedgerRow]:
    """Draw chunks of what is wanted; some are read, some skipped, some never reached."""
    rows = []
    for each in files:
        for first, last in each.to_read:
            edges = sorted(draw(st.sets(st.integers(first, last), max_size=3)) | {first, last})
            for start, stop in pairwise(edges):
                became = draw(st.sampled_from(["read", "skipped", "left"]))
                if became != "left":
                    rows.append(row(each, start, stop, "timeout" if became == "skipped" else ""))
    return draw(st.permutations(rows))


@given(files=filesets(), data=st.data())
def test_missing_and_read_are_all(files: list[InputFile], data: st.DataObject) -> None:
    rows = data.draw(ledgers(files))
    read = {
        (UUID(each.uuid), event)
        for each in rows
        if each.status == "read"
        for event in range(each.start, each.stop)
    }
    left = missing(files, rows)
    assert set(events(left)) == set(events(files)) - read
    assert all(count == 1 for count in events(left).values())
    whole = {each.path: each for each in files}
    for each in left:
        assert each.events
        assert each == whole[each.path].only(each.to_read)


def test_files_that_were_never_opened() -> None:
    never = InputFile("/never.root", "Events", replicas=("root://s//never.root",))
    some = InputFile("/some.root", "Events", ranges=((5, 9),))
    rows = [row(never, 0, 0, "unreachable"), row(some, 5, 9, "timeout"), row(file(1), 0, 10)]
    assert missing([never, file(1), some], rows) == [never, some]
    assert missing([never], []) == [never]


def test_files_without_events_are_not_missing() -> None:
    assert not missing([file(1, entries=0), file(2).only([])], [])


def test_books_of_another_run() -> None:
    never = InputFile("/a.root", "Events")
    with pytest.raises(InputError, match=r"/a\.root: was read in part"):
        missing([never], [row(file(1, path="/a.root"), 0, 5)])


def test_a_run_that_was_stopped(tmp_path: Path) -> None:
    write(tmp_path / "fileset.json.gz", FILES)
    assert missing_in(tmp_path) == FILES
    stopped(tmp_path, ROWS)
    # events 6 to 10 were never reached
    assert missing_in(tmp_path) == [file(1).only([(4, 10)]), FILES[2]]


def test_a_run_that_has_ended(tmp_path: Path) -> None:
    write(tmp_path / "fileset.json.gz", FILES)
    made([*ROWS, row(file(1), 6, 10)]).save(tmp_path)
    assert missing_in(tmp_path) == [file(1).only([(4, 6)]), FILES[2]]
    made([row(file(0), 0, 10), row(file(1), 0, 10)]).save(tmp_path)
    write(tmp_path / "fileset.json.gz", FILES[:2])
    assert missing_in(tmp_path) == []


def test_a_sum_of_results(tmp_path: Path) -> None:
    (made(ROWS) + made([row(file(3), 0, 5)])).save(tmp_path)
    bare = InputFile(file(1).path, "Events", uuid=file(1).uuid, ranges=((4, 6),))
    assert missing_in(tmp_path) == [bare, FILES[2]]
    (made([row(file(0), 0, 10)]) + made([row(file(1), 0, 10)])).save(tmp_path)
    assert missing_in(tmp_path) == []


def test_a_run_that_goes_on(tmp_path: Path) -> None:
    write(tmp_path / "fileset.json.gz", FILES)
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="its run goes on"):
            missing_in(tmp_path)
    assert missing_in(tmp_path) == FILES


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such directory"):
        missing_in(tmp_path / "x")
    with pytest.raises(InputError, match="is not the directory of a run"):
        missing_in(tmp_path)
