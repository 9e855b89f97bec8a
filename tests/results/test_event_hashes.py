"""Hashes of events: as published, and the same by both ways to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.results.event_hashes import SIMULATION, hashed, hashed_without_numba, space_of

Event = tuple[int, int, int, int]

RUNS = st.just(SIMULATION) | st.integers(0, 2**32 - 1)
EVENTS = st.tuples(RUNS, st.integers(0, 2**32 - 1), *[st.integers(0, 2**64 - 1)] * 2)


def columns(events: list[Event]) -> list[np.ndarray]:
    numbers = zip(*events, strict=True)
    kinds = (np.uint32, np.uint32, np.uint64, np.uint64)
    return [np.array(each, dtype=kind) for each, kind in zip(numbers, kinds, strict=True)]


def mixed(number: int) -> int:
    """SplitMix64 of a state, with Python's integers."""
    state = (number + 0x9E3779B97F4A7C15) % 2**64
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) % 2**64
    return state ^ (state >> 31)


def expected(event: Event) -> int:
    run, block, number, space = event
    once = mixed(mixed(number) ^ (run << 32 | block))
    return mixed(once ^ space) if run == SIMULATION else once


@given(st.lists(EVENTS, min_size=1, max_size=20))
def test_both_ways_give_what_the_definition_says(events: list[Event]) -> None:
    arrays = columns(events)
    wanted = [expected(event) for event in events]
    assert hashed_without_numba(*arrays).tolist() == wanted
    assert hashed(*arrays).tolist() == wanted


# of state 0, the generator's first two outputs; see the reference implementation by S. Vigna
@pytest.mark.parametrize(
    ("state", "output"), [(0, 0xE220A8397B1DCDAF), (0x9E3779B97F4A7C15, 0x6E789E6AA1B965F4)]
)
def test_the_definition_is_splitmix64(state: int, output: int) -> None:
    assert mixed(state) == output


def test_datasets_are_told_apart() -> None:
    assert space_of("/a/b/NANO") != space_of("/a/c/NANO")
