"""Flag the parts of the detector that lose efficiency or probes: ``flag(result, reference)``.

`losses(flags)` groups the flags that have one cause, the largest place first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from dtperf.detector import Chamber
from dtperf.diagnostics.comparison import Changes
from dtperf.diagnostics.flags.changepoints import drifting
from dtperf.diagnostics.flags.dead_regions import dead_regions
from dtperf.diagnostics.flags.drift_velocity import drift_velocity
from dtperf.diagnostics.flags.eligible import eligible_dropped, few_eligible
from dtperf.diagnostics.flags.eligible_drifting import eligible_between, eligible_drifting
from dtperf.diagnostics.flags.few_probes import few_probes
from dtperf.diagnostics.flags.ill_cells import ill_cells
from dtperf.diagnostics.flags.layers import layers_dropped, layers_low
from dtperf.diagnostics.flags.losses import Loss, largest, losses
from dtperf.diagnostics.flags.low import dropped, low
from dtperf.diagnostics.flags.model import HIDING, KINDS, OF_GROUPS, Flag, Kind, PlaceTest
from dtperf.diagnostics.flags.rolls import rpc_dropped, rpc_low
from dtperf.diagnostics.flags.trigger import trigger_dropped, trigger_low, wrong_bx
from dtperf.lazy_import import listed
from dtperf.results.result import Result, ResultSource
from dtperf.results.table import Table
from dtperf.statistics import false_discovery

__all__ = [
    "HIDING",
    "KINDS",
    "OF_GROUPS",
    "Flag",
    "Kind",
    "Loss",
    "flag",
    "flag_history",
    "losses",
    "reasons",
]
__dir__ = listed(__name__)

OF_ONE: Mapping[Kind, Callable[[Result], list[PlaceTest]]] = MappingProxyType(
    {
        "low": low,
        "drifting": drifting,
        "dead region": dead_regions,
        "few probes": few_probes,
        "few eligible": few_eligible,
        "eligible drifting": eligible_drifting,
        "trigger low": trigger_low,
        "wrong BX": wrong_bx,
        "layers low": layers_low,
        "ill cells": ill_cells,
        "drift velocity": drift_velocity,
        "RPC low": rpc_low,
    }
)
SINCE: Mapping[Kind, Callable[[Result, Result], list[PlaceTest]]] = MappingProxyType(
    {
        "eligible dropped": eligible_dropped,
        "trigger dropped": trigger_dropped,
        "layers dropped": layers_dropped,
        "RPC dropped": rpc_dropped,
    }
)
"""Of a result and its reference."""


def flag(
    result: ResultSource,
    reference: ResultSource | None = None,
    false_alarms: float = 0.01,
    kinds: Collection[Kind] = KINDS,
    *,
    found: Changes | None = None,
) -> Table[Flag]:
    """Return flags of chambers, and of the sectors, wheels and stations that they are part of.

    Args:
        result: A result or its directory. Tests whose measurement it lacks are left out.
        reference: An earlier result of other events, to find what has dropped since.
        false_alarms: Part of the flags of each kind that may be there by chance.
        kinds: What to test for.
        found: What `dtperf.comparison.changes(reference, result)` gives, where it is known.

    Returns:
        Flags, the smallest p-value first; a place may have several. Of one kind the largest place
        is flagged, not the chambers in it.
    """
    result = Result.load(result)
    tests = [test(result) for kind, test in OF_ONE.items() if kind in kinds]
    if reference is not None:
        reference = Result.load(reference)
        if "dropped" in kinds:
            tests.append(dropped(result, reference, found))
        tests += [test(result, reference) for kind, test in SINCE.items() if kind in kinds]
    return _significant(tests, false_alarms)


def flag_history(results: Sequence[tuple[str, Result]], false_alarms: float = 0.01) -> Table[Flag]:
    """Return flags for losses in successive results that the efficiency does not show.

    Args:
        results: Names and results, in order.
        false_alarms: Part of the flags of each kind that may be there by chance.

    Returns:
        Flags of what changed from one result to the next, and of what the last one lacks.
    """
    name, last = results[-1]
    tests_of_last = [
        [_of_result(test, name) for test in tests]
        for tests in (few_probes(last), few_eligible(last))
    ]
    return _significant([eligible_between(results), *tests_of_last], false_alarms)


def reasons(flags: Iterable[Flag]) -> dict[Chamber, str]:
    """Return the reasons of the flags of each chamber and of larger places that hold it."""
    found = defaultdict(list)
    for flag in flags:
        prefix = "" if len(flag.place.chambers) == 1 else f"{flag.place.name}: "
        for chamber in flag.place.chambers:
            found[chamber].append(f"{prefix}{flag.reason}")
    return {chamber: "; ".join(each) for chamber, each in found.items()}


def _of_result(test: PlaceTest, name: str) -> PlaceTest:
    return test._replace(flag=test.flag._replace(reason=f"in {name} {test.flag.reason}"))


def _significant(tests: Sequence[Sequence[PlaceTest]], false_alarms: float) -> Table[Flag]:
    found = [
        flag
        for each in tests
        for flag in largest([one for one in _corrected(each) if one.p_value <= false_alarms])
    ]
    ordered = sorted(found, key=lambda flag: (flag.p_value, flag.place.name))
    return Table(ordered, "nothing is flagged", Flag)


def _corrected(tests: Sequence[PlaceTest]) -> list[Flag]:
    """Return flags with p-values corrected for the number of tests of one kind, small ones too."""
    values = false_discovery([test.flag.p_value for test in tests])
    return [
        test.flag._replace(p_value=float(value))
        for test, value in zip(tests, values, strict=True)
        if test.matters
    ]
