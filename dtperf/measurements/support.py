"""Find the measurements and extrapolations that a file supports."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from dtperf.measurements.declaration import Measurement
from dtperf.measurements.groups import KNOWN
from dtperf.selection.branches import OPTIONAL_EVENT_COLUMNS, needed_branches
from dtperf.selection.cuts import Extrapolation
from dtperf.selection.details.branches import BRANCHES_OF_TABLE

__all__ = ["extrapolations", "supported"]


def extrapolations(columns: Collection[str]) -> dict[Extrapolation, list[str]]:
    """Return what each way to extrapolate probes lacks, of the branches that not all ways need.

    Args:
        columns: Branches of a file.

    Returns:
        Missing branches by the value of `AnalysisConfig.extrapolation`; none where it works.
    """
    needed = {way: needed_branches("isolated", way) for way in get_args(Extrapolation)}
    common = frozenset.intersection(*needed.values())
    return {way: sorted(names - common - set(columns)) for way, names in needed.items()}


def supported(
    columns: Collection[str], extrapolation: Extrapolation = "ntuple"
) -> dict[str, list[str]]:
    """Return what each measurement lacks, of the standard ones and of all groups.

    Args:
        columns: Branches of a file.
        extrapolation: Whose extrapolation is to be used, `AnalysisConfig.extrapolation`.

    Returns:
        Missing branches by the measurement's name; none where it can be made.
    """
    always = needed_branches("isolated", extrapolation)
    return {
        name: sorted({*always, *_extra(measurement)} - set(columns))
        for name, measurement in KNOWN.items()
    }


def _extra(measurement: Measurement) -> set[str]:
    used = measurement.columns
    details = BRANCHES_OF_TABLE.get(measurement.table)
    optional = {branch for column, branch in OPTIONAL_EVENT_COLUMNS.items() if column in used}
    return optional | (details(used) if details else frozenset())
