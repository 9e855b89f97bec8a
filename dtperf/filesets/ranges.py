"""Ranges of events, as sets of events."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Range", "union", "without"]

Range = tuple[int, int]
"""First event, and one past the last."""


def union(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Join ranges that touch or overlap.

    Returns:
        In order, with a gap between neighbours, and none without events.
    """
    joined: list[Range] = []
    for start, stop in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        elif start < stop:
            joined.append((start, stop))
    return tuple(joined)


def without(ranges: Iterable[Range], others: Iterable[Range]) -> tuple[Range, ...]:
    """Take ranges out of others.

    Args:
        ranges: What there is.
        others: What is taken out.

    Returns:
        What is left, as `union` gives it.
    """
    left: list[Range] = []
    gone = union(others)
    number = 0
    for first, last in union(ranges):
        at = first
        while number < len(gone) and gone[number][1] <= at:
            number += 1
        # the last of those that are looked at may reach into the next range
        for start, stop in gone[number:]:
            if start >= last:
                break
            if start > at:
                left.append((at, start))
            at = stop
            number += stop <= last
        if at < last:
            left.append((at, last))
    return tuple(left)
