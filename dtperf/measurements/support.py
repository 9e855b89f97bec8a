"""Which measurements a file supports."""

from __future__ import annotations

from collections.abc import Collection

from dtperf.measurements.standard import STANDARD
from dtperf.selection.flatten import OPTIONAL_EVENT_COLUMNS, needed_branches

__all__ = ["supported"]


def supported(columns: Collection[str]) -> dict[str, list[str]]:
    """Say what each standard measurement lacks.

    Args:
        columns: Branches of a file.

    Returns:
        Missing branches by the measurement's name; none where it can be made.
    """
    always = needed_branches("isolated")
    return {
        name: sorted({*always, *_extra(measurement.columns)} - set(columns))
        for name, measurement in STANDARD.items()
    }


def _extra(used: Collection[str]) -> set[str]:
    return {branch for column, branch in OPTIONAL_EVENT_COLUMNS.items() if column in used}
