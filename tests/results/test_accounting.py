"""No event twice, none forgotten: ledgers put together, against a dictionary of single events."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dtperf.errors import InputError
from dtperf.results.accounting import combine, refuse_overlap
from dtperf.results.ledger import Ledger, LedgerRow
from tests.helpers.ledgers import UUIDS, jobs, row, unopened


class Books(NamedTuple):
    """The second method: what is known of each event of each file, one by one."""

    read: dict[tuple[str, int], LedgerRow]
    skipped: dict[tuple[str, int], LedgerRow]
    empty: set[str]
    unknown: set[str]


def one_by_one(rows: list[LedgerRow]) -> Books:
    read: dict[tuple[str, int], LedgerRow] = {}
    skipped: dict[tuple[str, int], LedgerRow] = {}
    opened = {each.file for each in rows if each.uuid}
    for each in rows:
        for event in range(each.start, each.stop):
            if each.status == "read":
                assert (each.uuid, event) not in read
                read[each.uuid, event] = each
            elif each.uuid or each.file not in opened:
                key = (each.uuid or each.file, event)
                bare = each._replace(start=0, stop=0)
                skipped[key] = min(bare, skipped.get(key, bare))
    left = {key: bare for key, bare in skipped.items() if key not in read}
    known = {file for file, _ in (*read, *skipped)}
    empty = {each.uuid for each in rows if each.status == "read" and not each.events}
    unknown = {
        each.uuid or each.file
        for each in rows
        if each.status == "skipped" and not each.events and (each.uuid or each.file not in opened)
    }
    return Books(read, left, empty, unknown - known - empty)


@given(jobs(2))
def test_against_single_events(ledgers: list[Ledger]) -> None:
    a, b = ledgers
    wanted = one_by_one([*a, *b])
    found = combine(a, b)
    assert one_by_one([*found]) == wanted
    # and nothing stands in it twice
    assert found.events("read") == len(wanted.read)
    assert found.events("skipped") == len(wanted.skipped)
    without = [each.uuid or each.file for each in found if not each.events]
    assert sorted(without) == sorted(wanted.empty | wanted.unknown)


@given(jobs(2))
def test_skipped_rows_are_as_few_as_can_be(ledgers: list[Ledger]) -> None:
    skipped = [each for each in combine(*ledgers) if each.status == "skipped" and each.events]
    bare = sorted(
        (each.identity, event, each._replace(start=0, stop=0))
        for each in skipped
        for event in range(each.start, each.stop)
    )
    # runs of consecutive events of one file with equal attributes
    runs = groupby(enumerate(bare), lambda item: (item[1][0], item[1][1] - item[0], item[1][2]))
    assert len(skipped) == len(list(runs))


@given(jobs(3), st.permutations(range(3)))
def test_any_order_and_any_tree_gives_the_same(ledgers: list[Ledger], order: list[int]) -> None:
    a, b, c = ledgers
    x, y, z = (ledgers[number] for number in order)
    whole = combine(combine(a, b), c)
    assert combine(x, combine(y, z)) == whole
    assert combine(combine(x, y), z) == whole
    # combining with nothing changes nothing any more
    assert combine(whole, Ledger(())) == whole


around_20 = st.tuples(st.integers(0, 20), st.integers(21, 40))


@given(st.sampled_from([*UUIDS]), around_20, around_20)
@example("a", (0, 21), (20, 40))
def test_reading_twice_is_refused(file: str, one: tuple[int, int], two: tuple[int, int]) -> None:
    start, stop = max(one[0], two[0]), min(one[1], two[1])
    a, b = Ledger([row(file, *one)]), Ledger([row(file, *two)])
    for first, second in ((a, b), (b, a)):
        with pytest.raises(InputError, match=f"{file}: events {start} to {stop} .*count twice"):
            combine(first, second)
    with pytest.raises(InputError, match="count twice"):
        refuse_overlap(Ledger([*a, *b]))


def test_a_copy_under_another_name_is_the_same_file() -> None:
    with pytest.raises(InputError, match="events 4 to 6"):
        combine(Ledger([row("b", 0, 6)]), Ledger([row("copy of b", 4, 9)]))


def test_a_retried_job_takes_the_place_of_what_was_skipped() -> None:
    first = Ledger([row("a", 0, 10), row("a", 10, 20, "timeout"), unopened("b", "unreachable")])
    again = Ledger([row("a", 10, 20, worker="x"), row("b", 0, 5)])
    assert combine(first, again) == Ledger([first[0], *again])


def test_what_is_read_in_part_stays_in_part() -> None:
    lost = row("a", 0, 100, "worker-lost")
    found = combine(Ledger([lost]), Ledger([row("a", 20, 30), row("a", 60, 100)]))
    left = [each for each in found if each.status == "skipped"]
    assert left == [lost._replace(stop=20), lost._replace(start=30, stop=60)]


def test_neighbours_skipped_alike_are_one_row() -> None:
    a, b = row("a", 0, 10, "timeout"), row("a", 10, 20, "timeout")._replace(bytes=100)
    assert combine(Ledger([a]), Ledger([b])) == (a._replace(stop=20),)
    other = b._replace(worker="x")
    assert combine(Ledger([a]), Ledger([other])) == (a, other)


def test_of_two_that_skipped_an_event_the_lesser_row_stays() -> None:
    timeout, corrupt = row("a", 0, 10, "timeout"), row("a", 5, 15, "corrupt")
    assert combine(Ledger([timeout]), Ledger([corrupt])) == (timeout._replace(stop=5), corrupt)


def test_what_was_never_opened_stays_until_it_is() -> None:
    lost, later = unopened("a", "unreachable"), unopened("a", "missing")
    assert combine(Ledger([lost]), Ledger([row("b", 0, 5)])) == (lost, row("b", 0, 5))
    assert combine(Ledger([lost]), Ledger([later])) == (later,)
    opened = row("a", 0, 5, "corrupt")
    assert combine(Ledger([lost]), Ledger([opened])) == (opened,)


def test_a_file_without_events_stands_once() -> None:
    a, b = row("a", 0, 0), row("a", 0, 0, worker="v")
    assert combine(Ledger([a]), Ledger([b])) == combine(Ledger([b]), Ledger([a])) == (b,)
    assert combine(Ledger([a]), Ledger([row("a", 0, 0, "timeout")])) == (a,)
