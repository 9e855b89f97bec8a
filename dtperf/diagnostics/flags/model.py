"""Flags, and the tests that they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from dtperf import detector
from dtperf.results.row_columns import Column, Columns, field_columns, place_columns
from dtperf.statistics import probability

__all__ = ["HIDING", "KINDS", "OF_GROUPS", "OF_OTHERS", "Flag", "Kind", "PlaceTest", "percent"]

Kind = Literal[
    "low",
    "dropped",
    "drifting",
    "dead region",
    "few probes",
    "few eligible",
    "eligible dropped",
    "eligible drifting",
    "trigger low",
    "trigger dropped",
    "wrong BX",
    "layers low",
    "layers dropped",
    "ill cells",
    "drift velocity",
    "RPC low",
    "RPC dropped",
]
OF_OTHERS: tuple[Kind, ...] = ("few eligible", "eligible dropped", "eligible drifting")
"""Losses of the stations around, which take the probes of a place."""
HIDING: tuple[Kind, ...] = ("few probes", *OF_OTHERS)
"""Losses that take probes away, so that the efficiency does not show them."""
OF_GROUPS: Mapping[str, tuple[Kind, ...]] = MappingProxyType(
    {
        "trigger": ("trigger low", "trigger dropped", "wrong BX"),
        "cells": ("layers low", "layers dropped", "ill cells"),
        "timing": ("drift velocity",),
        "rpc": ("RPC low", "RPC dropped"),
    }
)
"""Of groups of measurements that a config switches on."""
KINDS: tuple[Kind, ...] = (
    *("low", "dropped", "drifting", "dead region", *HIDING),
    *(kind for kinds in OF_GROUPS.values() for kind in kinds),
)


class Flag(NamedTuple):
    """A chamber, or a larger part of the detector, that shows a loss, and the reason."""

    place: detector.Place
    """Equal to the `Chamber`, if it is a single one."""
    kind: Kind
    reason: str
    """One plain sentence with the numbers and their units."""
    p_value: float
    """Corrected for all tests of its kind: part of false alarms among flags such as this one."""
    run: int | None = None
    """First run of the new state, if drifting."""
    runs: tuple[int, int] | None = None
    """First and last run that may be that one, with a coverage of at least 68 %, if drifting."""
    region: tuple[float, float, float, float] | None = None
    """Lowest and highest local x, lowest and highest local y, cm, of a dead region."""
    loss: float = 0.0
    """Part of the place's probes that is missing from what is usual, or was before."""

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        heads = ("place", "kind", "reason", "p-value")
        shown = (self.place.name, self.kind, self.reason, probability(self.p_value))
        return [*zip(heads, shown, strict=True)]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        sides = ("local_x_low", "local_x_high", "local_y_low", "local_y_high")
        return {
            **place_columns(),
            **field_columns(cls, "kind", "reason", "p_value", "loss", "run"),
            **_parts("runs", ("run_first", "run_last"), int | None),
            **_parts("region", sides, float | None),
        }


def _parts(field: str, names: tuple[str, ...], kind: Any) -> dict[str, Column]:
    """Return a column for each number of a field, which may be None."""

    def part(number: int) -> Callable[[Any], Any]:
        find = attrgetter(field)
        return lambda row: None if find(row) is None else find(row)[number]

    return {name: Column(part(number), kind) for number, name in enumerate(names)}


class PlaceTest(NamedTuple):
    """The test of one place, before the correction for the number of tests."""

    flag: Flag
    """With the p-value of this test alone."""
    matters: bool
    """Whether the effect is large enough to be flagged, if it is real."""


def percent(value: float) -> str:
    """Return an efficiency as text, in percent."""
    return f"{100 * value:.1f} %"
