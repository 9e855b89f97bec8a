"""Check that a skim has all that other cuts need: ``refuse_looser(skim, now, where)``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.selection.block_luminosity import LuminosityByBlock
from dtperf.selection.cuts import LayerCuts
from dtperf.selection.fourvector import EITHER
from dtperf.selection.pairs import EITHER_CHARGE, PairLimits
from dtperf.selection.tagging import pair_limits
from dtperf.skim.details import lacking_details

__all__ = [
    "MAXIMA",
    "MINIMA",
    "RULES",
    "CutRule",
    "looser",
    "loosest_limits",
    "refuse_lacking_details",
    "refuse_looser",
    "refuse_processor",
    "with_luminosity_of",
]


class CutRule(NamedTuple):
    """How one key may change on a skim."""

    holds: Callable[[Any, Any], bool]
    """Whether a skim made with the first value has all that the second one needs."""
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


def _same_table(skim: LuminosityByBlock | None, now: LuminosityByBlock | None) -> bool:
    return now is None or (skim is not None and skim.sha256 == now.sha256)


_MINIMUM = CutRule(_at_least, "muons or pairs below it were left out")
_MAXIMUM = CutRule(_at_most, "muons or pairs above it were left out")
_FREE = CutRule(_any, "")

RULES: Mapping[str, CutRule] = {
    "selection.tag.trigger": CutRule(_trigger, "events without a tag that fired it were left out"),
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
    "selection.luminosity_mask": CutRule(
        _subset, "events in other luminosity blocks were left out"
    ),
    # hits and digis are kept as they are
    **{f"selection.layers.{name}": _FREE for name in LayerCuts.model_fields},
    "selection.dead_cells": _FREE,
    "input.luminosity_by_block": CutRule(
        _same_table, "its events have the luminosities that it was made with: leave this out"
    ),
    "extrapolation": CutRule(_same, "what the other way needs was left out"),
    "compatibility.truncate_extrapolation": _FREE,
    "compatibility.root_binning": _FREE,
    # what either way of cutting on pT and eta can need is kept
    "compatibility.four_vector_rounding": _FREE,
}
"""Rules for every key that selects; measurements and the rest are free, too."""
MINIMA = frozenset(key for key, rule in RULES.items() if rule is _MINIMUM)
"""Keys that may only grow."""
MAXIMA = frozenset(key for key, rule in RULES.items() if rule is _MAXIMUM)
"""Keys that may only shrink."""


def loosest_limits(config: AnalysisConfig) -> PairLimits:
    """Return the cut values of all that any config may need of a skim made with this one."""
    return pair_limits(config)._replace(charges=EITHER_CHARGE, kinematics=EITHER)


def looser(skim: AnalysisConfig, now: AnalysisConfig) -> list[str]:
    """Return the cuts for which a skim lacks events or columns.

    Args:
        skim: The config that it was made with.
        now: What is to be measured.

    Returns:
        A line for each: key, both values, what was left out.
    """
    lines = []
    for key, rule in RULES.items():
        in_skim, value = _value(skim, key), _value(now, key)
        if not rule.holds(in_skim, value):
            lines.append(f"{key}: {_shown(value)}, but the skim has {_shown(in_skim)}: {rule.why}")
    return lines


def refuse_looser(skim: AnalysisConfig, now: AnalysisConfig, where: Path | str) -> None:
    """Check that a skim has all that a config needs.

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


def with_luminosity_of(skim: AnalysisConfig, now: AnalysisConfig) -> AnalysisConfig:
    """Return a config that names the table which a skim's luminosities are of, if it names none."""
    table = skim.luminosity_by_block
    if table is None or now.luminosity_by_block is not None:
        return now
    changed = now.input.model_copy(update={"luminosity_by_block": table})
    return now.model_copy(update={"input": changed})


def _value(config: AnalysisConfig, key: str) -> Any:
    value: Any = config
    for name in key.split("."):
        value = getattr(value, name)
    return value


def _shown(value: Any) -> str:
    if isinstance(value, LuminosityByBlock):
        return value.file
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def refuse_processor(config: AnalysisConfig) -> None:
    """Check that the histograms are those of the packaged processor, which can be counted again.

    Raises:
        ConfigError: It names a processor.
    """
    if config.processor is not None:
        raise ConfigError(
            f"processor: {config.processor}: what it counts cannot be counted again with other "
            "cuts; leave it out (processor=null), or run it on the files"
        )


def refuse_lacking_details(kept: AnalysisConfig, now: AnalysisConfig) -> None:
    """Check that segments, hits, digis and primitives are there for all measurements.

    Args:
        kept: The config whose measurements said what of them to keep.
        now: What is to be measured.

    Raises:
        ConfigError: Some need others; names them, and what to do.
    """
    lacking = sorted(lacking_details(kept, now.filled_measurements()))
    if lacking:
        shown = ", ".join(lacking[:3]) + (f" and {len(lacking) - 3} more" if lacking[3:] else "")
        raise ConfigError(
            f"measurements: {shown}: need segments, hits, digis or primitives that were not kept, "
            "as no measurement of the config that the events were read with needs them: leave "
            "these out (measurements.groups=[]), make the skim with them, or run on the files"
        )
