"""Find the measurements and extrapolations that a file supports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import get_args

from dtperf.measurements.declaration import Measurement
from dtperf.measurements.groups import BY_GROUP, KNOWN
from dtperf.selection.branches import (
    OPTIONAL_EVENT_COLUMNS,
    needed_branches,
    optional_branches,
)
from dtperf.selection.cuts import Extrapolation, TableName
from dtperf.selection.details.branches import BRANCHES_OF_TABLE, detail_branches

__all__ = ["branches_by_group", "extrapolations", "supported"]


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


def branches_by_group(extrapolation: Extrapolation = "ntuple") -> dict[str, frozenset[str]]:
    """Return the branches that a run reads with each group, where a file has them.

    Args:
        extrapolation: Whose extrapolation is to be used, `AnalysisConfig.extrapolation`.

    Returns:
        By name of `BY_GROUP`; the standard measurements, the first, are in each.
    """
    (standard, *_), always = BY_GROUP, needed_branches("isolated", extrapolation)
    columns = {name: _columns_of(members) for name, members in BY_GROUP.items()}
    return {
        name: always.union(
            optional_branches(columns[standard], extrapolation),
            optional_branches(columns[name], extrapolation),
            detail_branches(columns[name]),
        )
        for name in BY_GROUP
    }


def _columns_of(members: Mapping[str, Measurement]) -> dict[TableName, set[str]]:
    used: dict[TableName, set[str]] = {}
    for measurement in members.values():
        used.setdefault(measurement.table, set()).update(measurement.columns)
    return used


def _extra(measurement: Measurement) -> set[str]:
    used = measurement.columns
    details = BRANCHES_OF_TABLE.get(measurement.table)
    optional = {branch for column, branch in OPTIONAL_EVENT_COLUMNS.items() if column in used}
    return optional | (details(used) if details else frozenset())
