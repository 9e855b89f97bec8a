"""Group flags that have one cause: a dead sector is one loss, not one for each chamber in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from dtperf.detector import Place
from dtperf.diagnostics.flags.model import HIDING, OF_OTHERS, Flag
from dtperf.results.row_columns import Column, Columns, at, names_of, place_columns
from dtperf.results.table import Table, shortened

__all__ = ["Loss", "largest", "losses"]

PART = 0.5
"""A place does not explain what lost more than it: itself it lost at least this part of that."""


class Loss(NamedTuple):
    """A place that has lost probes or efficiency, and the flags that this explains."""

    place: Place
    flags: tuple[Flag, ...]
    """Of the place itself, the smallest p-value first."""
    others: tuple[Flag, ...]
    """Of places within it, or beside it: a probe needs segments of the stations around."""

    @property
    def p_value(self) -> float:
        """Of the most conspicuous flag of the place itself."""
        return self.flags[0].p_value

    @property
    def reasons(self) -> str:
        """Of the flags of the place itself."""
        return "; ".join(flag.reason for flag in self.flags)

    @property
    def explained(self) -> str:
        """The other places whose flags follow."""
        return names_of(dict.fromkeys(flag.place for flag in self.others))

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        return [
            ("place", self.place.name),
            ("reasons", self.reasons),
            ("explains flags of", shortened(self.explained)),
            ("p-value", f"{self.p_value:.1g}"),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        return {
            **place_columns(),
            "reasons": Column(at("reasons")),
            "explained": Column(at("explained")),
            "p_value": Column(at("p_value"), float),
        }


def losses(flags: Iterable[Flag]) -> Table[Loss]:
    """Return the flags grouped by the losses that explain them.

    Args:
        flags: As `flag` returns them.

    Returns:
        The largest place first, among equals the one with the smallest p-value.
    """
    found: dict[Place, tuple[list[Flag], list[Flag]]] = {}
    for flag in sorted(flags, key=_rank):
        cause = next((place for place, mine in found.items() if _explains(mine[0], flag)), None)
        if cause is None:
            found[flag.place] = ([flag], [])
        else:
            found[cause][0 if cause == flag.place else 1].append(flag)
    gathered = (Loss(place, tuple(own), tuple(rest)) for place, (own, rest) in found.items())
    ordered = sorted(gathered, key=lambda loss: (-loss.place.level, loss.p_value))
    return Table(ordered, "nothing is lost", Loss)


def largest(flags: Iterable[Flag]) -> list[Flag]:
    """Return flags of one kind without those of places within others that explain them."""
    unexplained: list[Flag] = []
    for flag in sorted(flags, key=_rank):
        if not any(each.place.holds(flag.place) and _is_enough(each, flag) for each in unexplained):
            unexplained.append(flag)
    return unexplained


def _rank(flag: Flag) -> tuple[int, bool, float, str]:
    # what a chamber lost itself comes before what its neighbours lost of their probes
    return -flag.place.level, flag.kind in HIDING, flag.p_value, flag.place.name


def _explains(own: list[Flag], flag: Flag) -> bool:
    """Return whether a flag is no more than what follows from those of another place."""
    place = own[0].place
    if place == flag.place:
        return True
    if not any(_is_enough(each, flag) for each in own):
        return False
    if place.holds(flag.place):
        return True
    if flag.kind not in OF_OTHERS:
        return False
    is_larger = place.level > flag.place.level
    # a chamber that is ill itself takes probes of those around
    is_larger |= place.level == flag.place.level == 0 and own[0].kind not in HIDING
    return is_larger and place.is_near(flag.place)


def _is_enough(cause: Flag, flag: Flag) -> bool:
    return cause.loss >= PART * flag.loss
