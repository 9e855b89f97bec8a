"""Which way each cut is tighter: what can be measured on a skim, and what was left out of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.kernels.fourvector import EITHER
from dtperf.kernels.pairs import EITHER_CHARGE, PairLimits
from dtperf.selection.tagging import pair_limits

__all__ = ["MAXIMA", "MINIMA", "RULES", "Rule", "looser", "loosest_limits", "refuse_looser"]


class Rule(NamedTuple):
    """What may become of one key."""

    holds: Callable[[Any, Any], bool]
    """Whether a value (the second) needs nothing that a skim with another (the first) lacks."""
    why: str
    """What is missing where it does not hold."""


def _at_least(skim: float, now: float) -> bool:
    # in the width that the cuts are compared in
    return bool(np.float32(now) >= np.float32(skim))


def _at_most(skim: float, now: float) -> bool:
    return bool(np.float32(now) <= np.float32(skim))


def _same(skim: Any, now: Any) -> bool:
    return bool(skim == now)


def _any(_skim: Any, _now: Any) -> bool:
    return True


def _subset(skim: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
    if skim is None:
        return True
    if now is None:
        return False
    return all(
        any(low <= first and last <= high for low, high in skim.get(run, ()))
        for run, blocks in now.items()
        for first, last in blocks
    )


def _trigger(skim: str, now: str) -> bool:
    return skim in (now, "none")


_MINIMUM = Rule(_at_least, "muons or pairs below it were left out")
_MAXIMUM = Rule(_at_most, "muons or pairs above it were left out")
_FREE = Rule(_any, "")

RULES: Mapping[str, Rule] = {
    "selection.tag.trigger": Rule(_trigger, "events without a tag that fired it were left out"),
    # a muon is kept if it is isolated by one of the two, where a file has both
    "selection.tag.iso": _FREE,
    "selection.tag.max_iso": _MAXIMUM,
    "selection.tag.min_pt": _MINIMUM,
    "selection.probe.iso": _FREE,
    "selection.probe.max_iso": _MAXIMUM,
    "selection.probe.min_pt": _MINIMUM,
    "selection.probe.min_tracker_layers": _MINIMUM,
    "selection.probe.min_pixel_hits": _MINIMUM,
    "selection.pair.min_mass": _MINIMUM,
    "selection.pair.max_mass": _MAXIMUM,
    "selection.pair.max_abs_dz": _MAXIMUM,
    "selection.pair.min_dr": _MINIMUM,
    # probes of pairs of either charge are kept
    "selection.pair.charge": _FREE,
    "selection.pair.unique_probe": _FREE,
    # every crossing of a possible probe is kept, and every segment of the chambers crossed
    "selection.station.max_abs_eta": _FREE,
    "selection.station.min_other_stations": _FREE,
    "selection.station.min_rpc_layers": _FREE,
    "selection.station.border": _FREE,
    "selection.station.border_x": _FREE,
    "selection.station.border_y": _FREE,
    "selection.passing.choice": _FREE,
    "selection.passing.max_dx": _FREE,
    "selection.passing.max_dy": _FREE,
    "selection.passing.max_dr": _FREE,
    "selection.luminosity_mask": Rule(_subset, "events in other luminosity blocks were left out"),
    "extrapolation": Rule(_same, "what the other way needs was left out"),
    "compatibility.truncate_extrapolation": _FREE,
    "compatibility.root_binning": _FREE,
    # what either way of cutting on pT and eta can need is kept
    "compatibility.four_vector_rounding": _FREE,
}
"""For every key that selects what it may become; measurements and the rest are free, too."""
MINIMA = frozenset(key for key, rule in RULES.items() if rule is _MINIMUM)
"""Keys that may only grow."""
MAXIMA = frozenset(key for key, rule in RULES.items() if rule is _MAXIMUM)
"""Keys that may only shrink."""


def loosest_limits(config: AnalysisConfig) -> PairLimits:
    """Give the cut values of all that any config may need of a skim made with this one."""
    return pair_limits(config)._replace(charges=EITHER_CHARGE, kinematics=EITHER)


def looser(skim: AnalysisConfig, now: AnalysisConfig) -> list[str]:
    """List the cuts that need what a skim has not.

    Args:
        skim: The config that it was made with.
        now: What is to be measured.

    Returns:
        A line for each: key, both values, what was left out.
    """
    lines = []
    for key, rule in RULES.items():
        there, here = _value(skim, key), _value(now, key)
        if not rule.holds(there, here):
            lines.append(f"{key}: {_shown(here)}, but the skim has {_shown(there)}: {rule.why}")
    return lines


def refuse_looser(skim: AnalysisConfig, now: AnalysisConfig, where: Path | str) -> None:
    """See that a skim has all that a config needs.

    Args:
        skim: The config that it was made with.
        now: What is to be measured.
        where: Its directory, for messages.

    Raises:
        ConfigError: It has not; names each key, both values, and what to do.
    """
    lines = looser(skim, now)
    if lines:
        raise ConfigError(
            "\n".join(
                [
                    f"{where}: this skim lacks what these cuts need:",
                    *lines,
                    "use tighter cuts, run on the original files, or make a skim with looser cuts",
                ]
            )
        )


def _value(config: AnalysisConfig, key: str) -> Any:
    value: Any = config
    for name in key.split("."):
        value = getattr(value, name)
    return value


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
