"""Which part of the detector is ill, how, and since when: ``flag(result, reference)``.

`losses(flags)` gathers the flags that come of one loss, the largest place first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from dtperf.detector import Chamber
from dtperf.diagnostics.flags.changepoints import drifting
from dtperf.diagnostics.flags.dead_regions import dead_regions
from dtperf.diagnostics.flags.eligible import eligible_dropped, few_eligible
from dtperf.diagnostics.flags.eligible_drifting import eligible_between, eligible_drifting
from dtperf.diagnostics.flags.few_probes import few_probes
from dtperf.diagnostics.flags.losses import Loss, largest, losses
from dtperf.diagnostics.flags.low import dropped, low
from dtperf.diagnostics.flags.model import HIDING, KINDS, Flag, Kind, PlaceTest
from dtperf.results.result import Result, ResultSource
from dtperf.statistics import false_discovery

__all__ = ["HIDING", "KINDS", "Flag", "Kind", "Loss", "flag", "flag_history", "losses", "reasons"]

OF_ONE: Mapping[Kind, Callable[[Result], list[PlaceTest]]] = MappingProxyType(
    {
        "low": low,
        "drifting": drifting,
        "dead region": dead_regions,
        "few probes": few_probes,
        "few eligible": few_eligible,
        "eligible drifting": eligible_drifting,
    }
)
OF_TWO: Mapping[Kind, Callable[[Result, Result], list[PlaceTest]]] = MappingProxyType(
    {"dropped": dropped, "eligible dropped": eligible_dropped}
)


def flag(
    result: ResultSource,
    reference: ResultSource | None = None,
    false_alarms: float = 0.01,
    kinds: Collection[Kind] = KINDS,
) -> tuple[Flag, ...]:
    """Look at every chamber, and at what they are part of.

    Args:
        result: A result or its directory; what is not measured in it is not looked at.
        reference: An earlier result of other events, to find what has dropped since.
        false_alarms: Part of the flags of each kind that may be there by chance.
        kinds: What to look for.

    Returns:
        Flags, the most conspicuous one first; a place may have several. Of one kind the largest
        place is told, not the chambers in it.
    """
    result = Result.load(result)
    looks = [look(result) for kind, look in OF_ONE.items() if kind in kinds]
    if reference is not None:
        reference = Result.load(reference)
        looks += [look(result, reference) for kind, look in OF_TWO.items() if kind in kinds]
    return _told(looks, false_alarms)


def flag_history(
    results: Sequence[tuple[str, Result]], false_alarms: float = 0.01
) -> tuple[Flag, ...]:
    """Look for losses that the efficiency hides in results that follow each other.

    Args:
        results: Names and results, in order.
        false_alarms: Part of the flags of each kind that may be there by chance.

    Returns:
        What changed from one of them to the next, and what the last one is short of.
    """
    name, last = results[-1]
    of_last = [
        [_of_result(look, name) for look in looks]
        for looks in (few_probes(last), few_eligible(last))
    ]
    return _told([eligible_between(results), *of_last], false_alarms)


def reasons(flags: Iterable[Flag]) -> dict[Chamber, str]:
    """Return what is wrong with each chamber, or with a larger place that holds it."""
    found = defaultdict(list)
    for flag in flags:
        whose = "" if len(flag.place.chambers) == 1 else f"{flag.place.name}: "
        for chamber in flag.place.chambers:
            found[chamber].append(f"{whose}{flag.reason}")
    return {chamber: "; ".join(each) for chamber, each in found.items()}


def _of_result(look: PlaceTest, name: str) -> PlaceTest:
    return look._replace(flag=look.flag._replace(reason=f"in {name} {look.flag.reason}"))


def _told(looks: Sequence[Sequence[PlaceTest]], false_alarms: float) -> tuple[Flag, ...]:
    found = [
        flag
        for each in looks
        for flag in largest([one for one in _corrected(each) if one.p_value <= false_alarms])
    ]
    return tuple(sorted(found, key=lambda flag: (flag.p_value, flag.place.name)))


def _corrected(looks: Sequence[PlaceTest]) -> list[Flag]:
    """Correct for the number of looks of one kind; those that do not matter were looks, too."""
    values = false_discovery([look.flag.p_value for look in looks])
    return [
        look.flag._replace(p_value=float(value))
        for look, value in zip(looks, values, strict=True)
        if look.matters
    ]
