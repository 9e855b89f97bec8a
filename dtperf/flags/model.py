"""What a flag says."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dtperf import geometry

__all__ = ["Flag", "Kind", "Look", "percent"]

Kind = Literal["low", "dropped", "drifting", "dead region"]


class Flag(NamedTuple):
    """One chamber that deserves a look, and why."""

    chamber: geometry.Chamber
    kind: Kind
    reason: str
    """One plain sentence with the numbers and their units."""
    p_value: float
    """Corrected for all looks of its kind: part of false alarms among flags such as this one."""
    run: int | None = None
    """First run of the new state, if drifting."""
    runs: tuple[int, int] | None = None
    """First and last run that may be that one, with a coverage of at least 68 %, if drifting."""
    region: tuple[float, float, float, float] | None = None
    """Lowest and highest local x, lowest and highest local y, cm, of a dead region."""


class Look(NamedTuple):
    """One chamber looked at, before it is known how many were."""

    flag: Flag
    """With the p-value of this look alone."""
    matters: bool
    """Whether it is large enough to be told, if it is real."""


def percent(value: float) -> str:
    """Write an efficiency."""
    return f"{100 * value:.1f} %"
