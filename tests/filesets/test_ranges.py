"""Ranges against sets of events."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given

from dtperf.filesets.model import Range, union, without
from tests.filesets.made import ranges


def as_set(some: Iterable[Range]) -> set[int]:
    return {event for start, stop in some for event in range(start, stop)}


def is_normal(some: tuple[Range, ...]) -> bool:
    return all(a < b for a, b in some) and all(one[1] < two[0] for one, two in pairwise(some))


@given(some=ranges(20), others=ranges(20))
def test_against_sets(some: list[Range], others: list[Range]) -> None:
    assert as_set(union([*some, *others])) == as_set(some) | as_set(others)
    assert is_normal(union([*some, *others]))
    assert as_set(without(some, others)) == as_set(some) - as_set(others)
    assert is_normal(without(some, others))


def test_one_that_reaches_over_two() -> None:
    assert without([(0, 4), (6, 10)], [(2, 8)]) == ((0, 2), (8, 10))
    assert without([(0, 4), (6, 10), (12, 14)], [(2, 13)]) == ((0, 2), (13, 14))
    assert without([(0, 10)], [(0, 3), (3, 10)]) == ()
