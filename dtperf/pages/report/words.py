"""Numbers and sentences as a reader wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dtperf.results.summary import Efficiency

__all__ = ["capital", "count", "interval", "percent", "plus_minus", "sentence", "signed"]


def count(number: int) -> str:
    """Write a count."""
    return f"{number:,}"


def percent(efficiency: Efficiency | None, digits: int = 2) -> str:
    """Write an efficiency."""
    if efficiency is None:
        return "not measured"
    return f"{100 * efficiency.value:.{digits}f} %" if efficiency.total else "no probes"


def plus_minus(efficiency: Efficiency | None, digits: int = 3) -> str:
    """Write an efficiency with its two errors."""
    if efficiency is None or not efficiency.total:
        return percent(efficiency)
    numbers = (
        efficiency.value,
        efficiency.high - efficiency.value,
        efficiency.value - efficiency.low,
    )
    value, up, down = (f"{100 * each:.{digits}f}" for each in numbers)
    return f"{value} +{up} −{down}"


def interval(efficiency: Efficiency) -> str:
    """Write the ends of the interval."""
    if not efficiency.total:
        return "–"
    return f"{100 * efficiency.low:.2f} – {100 * efficiency.high:.2f}"


def signed(difference: float, digits: int = 2) -> str:
    """Write a difference in points of percent."""
    return f"{100 * difference:+.{digits}f}".replace("-", "−")


def capital(text: str) -> str:
    """Begin with a capital letter; the rest, such as MB1, stays."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Begin with a capital letter, and end with a full stop, unless it is a question."""
    return f"{capital(text)}{'' if text.endswith('?') else '.'}"
