"""Samples of event numbers: any event that is there twice is found, and none is invented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtperf.results.doubled import Gathered, refusal, remarks
from dtperf.results.event_sample import LARGEST, Doubled, EventSample, SourceFile, halvings_for

Event = tuple[int, int, int]
Part = tuple[SourceFile, list[Event]]
"""Events of one file, perhaps one of several parts of it."""

RUNS = st.sampled_from([1, 2, 367_080, 2**32 - 1])
EVENTS = st.tuples(RUNS, st.integers(1, 2), st.integers(0, 3) | st.just(2**64 - 1))
# the dataset of a file is always the same
FILES = st.sampled_from([SourceFile(uuid, f"set {uuid > 'b'}") for uuid in "abcd"])
PARTS = st.lists(st.tuples(FILES, st.lists(EVENTS, max_size=6)), max_size=6)


def sample(events: Sequence[Event], file: SourceFile, halvings: int = 0) -> EventSample:
    run, block, event = zip(*events, strict=True) if events else ((), (), ())
    numbers = {
        "run": np.array(run, dtype=np.uint32),
        "luminosityBlock": np.array(block, dtype=np.uint32),
        "event": np.array(event, dtype=np.uint64),
    }
    return EventSample.of(numbers, file, halvings)


def many(begin: int, stop: int, uuid: str = "a", halvings: int = 0) -> EventSample:
    """The sample of events that are numbered in a row, as a detector does."""
    event = np.arange(begin, stop)
    numbers = {"run": np.full(len(event), 367_080), "luminosityBlock": 1 + event // 1000}
    return EventSample.of(numbers | {"event": event}, SourceFile(uuid, "events"), halvings)


def added(samples: Sequence[EventSample], draw: st.DataObject | None = None) -> EventSample:
    """Add samples up, in any tree and order if something can be drawn."""
    left = [*samples] or [EventSample()]
    while draw is not None and len(left) > 1:
        b = left.pop(draw.draw(st.integers(0, len(left) - 1)))
        a = left.pop(draw.draw(st.integers(0, len(left) - 1)))
        left.append(a + b)
    return reduce(add, left)


def identities(parts: Sequence[Part]) -> Counter[tuple[object, ...]]:
    """The definition: simulated events are told apart by their dataset, too."""
    return Counter(
        (*event, file.dataset if event[0] == 1 else "")
        for file, events in parts
        for event in events
    )


@settings(max_examples=200, deadline=None)
@given(PARTS, st.data())
def test_of_few_events_every_doubled_one_is_counted(parts: list[Part], data: st.DataObject) -> None:
    found = added([sample(events, file) for file, events in parts], data)
    counts = identities(parts)
    surplus = sum(counts.values()) - len(counts)
    assert found.events == sum(counts.values())
    doubled = found.doubled
    if not surplus:
        assert doubled is None
        return
    assert doubled is not None
    assert (doubled.events, doubled.is_exact) == (surplus, True)
    event = (doubled.run, doubled.luminosity_block, doubled.event)
    holders = Counter(file for file, events in parts for each in events if each == event)
    assert Counter(doubled.files) <= holders


@settings(max_examples=100, deadline=None)
@given(PARTS, st.data())
def test_the_order_of_adding_does_not_show(parts: list[Part], data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dtperf.results.event_sample.LARGEST", 4)
        pieces = [sample(events, file) for file, events in parts]
        one, other = added(pieces, data), added(pieces, data)
        assert one == other
        assert len(one.entries) <= 4
    # by definition: the highest threshold that leaves four; what is below it has all that it had
    everything = added([sample(events, file) for file, events in parts])
    limit = 2**64 >> one.halvings
    below = [each for each in everything.entries if int(each["hash"]) < limit]
    assert len(below) == len(one.entries)
    assert sorted(each["count"] for each in below) == sorted(each["count"] for each in one.entries)
    if one.halvings:
        assert sum(int(each["hash"]) < 2 * limit for each in everything.entries) > 4


@settings(max_examples=5, deadline=None)
@given(
    st.integers(600_000, 2_000_000),
    st.floats(1e-4, 1e-2),
    st.integers(0, 2**62),
    st.integers(1, 5),
    st.data(),
)
def test_of_many_events_one_in_10_000_that_is_doubled_is_found(
    events: int, fraction: float, first: int, files: int, data: st.DataObject
) -> None:
    doubled = round(events * fraction)
    # where they are cut, and which part is there again, is arbitrary
    cuts = sorted(data.draw(st.lists(st.integers(0, events), min_size=files, max_size=files)))
    begin = data.draw(st.integers(0, events - doubled))
    planned = data.draw(st.sampled_from([0, halvings_for(events)]))
    edges = [0, *cuts, events]
    pieces = [
        many(first + a, first + b, f"{n}", planned) for n, (a, b) in enumerate(pairwise(edges))
    ]
    assert added(pieces, data).doubled is None
    again = many(first + begin, first + begin + doubled, "merged", planned)
    found = added([*pieces, again], data)
    assert len(found.entries) <= LARGEST
    assert found.doubled is not None
    # binomial: of `doubled` events each is in the sample with a probability of 2^-halvings
    part = 2.0**-found.halvings
    sigma = (doubled * (1 - part) / part) ** 0.5
    assert abs(found.doubled.events - doubled) <= 6 * sigma + 1e-9
    assert found.doubled.files[1].uuid == "merged"
    assert 0 <= found.doubled.event - first - begin < doubled


def test_numbers_in_a_row_are_chosen_as_at_random() -> None:
    # 6 sigma of a binomial distribution
    for halvings in (1, 4, 8):
        kept = len(many(0, 400_000, halvings=halvings).entries)
        expected = 400_000 / 2**halvings
        assert abs(kept - expected) < 6 * expected**0.5
    for numbers in ("luminosityBlock", "run"):
        constant = {n: np.ones(100_000, dtype=int) for n in ("run", "luminosityBlock", "event")}
        changing = EventSample.of(
            constant | {numbers: np.arange(2, 100_002)}, SourceFile("a", "d"), 4
        )
        assert abs(len(changing.entries) - 6250) < 6 * 6250**0.5


@given(st.integers(0, 10**12))
def test_a_planned_sample_fits_and_is_not_smaller_than_it_must_be(events: int) -> None:
    halvings = halvings_for(events)
    assert events / 2**halvings <= LARGEST
    assert halvings == 0 or events / 2 ** (halvings - 1) > LARGEST


def test_events_that_all_have_one_number_take_one_entry() -> None:
    numbers = {n: np.zeros(300_000, dtype=int) for n in ("run", "luminosityBlock", "event")}
    found = EventSample.of(numbers, SourceFile("a", "d"))
    assert len(found.entries) == 1
    assert found.doubled == Doubled(299_999, True, 0, 0, 0, (SourceFile("a", "d"),) * 2)


@settings(max_examples=100, deadline=None)
@given(PARTS)
def test_what_comes_is_told_before_it_is_added(parts: list[Part]) -> None:
    gathered, seen = Gathered(EventSample()), []
    for file, events in parts:
        new = sample(events, file)
        counts = identities([*seen, (file, events)])
        found = gathered.doubled_with(new)
        assert (found is not None) == any(n > 1 for n in counts.values())
        if found is None:
            gathered.add(new)
            seen.append((file, events))
    assert gathered.total == added([sample(events, file) for file, events in seen])


def test_the_messages_tell_how_many_where_and_what_to_do() -> None:
    in_two = (many(0, 10) + many(5, 8, "b")).doubled
    assert in_two is not None
    told = str(refusal(in_two, {"a": "x.root", "b": "y.root"}.__getitem__))
    assert told.startswith("3 events would count twice, such as run 367080, luminosity block 1, ev")
    assert "is in x.root and in y.root: leave one of them out" in told
    assert "run.doubled_events: allow" in told
    in_one = (many(0, 10) + many(5, 6)).doubled
    assert in_one is not None
    told = str(refusal(in_one, lambda _: "x.root"))
    assert told.startswith("1 event would count twice")
    assert "is twice in x.root: use the files that it was made of" in told
    simulated = [sample([(1, 1, 1)], SourceFile(uuid, "events")) for uuid in "ab"]
    found = added(simulated).doubled
    assert found is not None
    assert "need a fileset that names each" in str(refusal(found, str))


def test_remarks_are_made_only_where_there_is_something_to_say() -> None:
    assert remarks(10, many(0, 10)) == []
    assert "3 events counted twice" in remarks(13, many(0, 10) + many(5, 8))[0]
    [unknown] = remarks(13, many(0, 10))
    assert unknown == "3 events whose numbers are not known: they may be there twice"
    several = many(0, 600_000) + many(0, 300_000, "b")
    assert remarks(900_000, several)[0].startswith("about ")
