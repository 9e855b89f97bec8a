"""Change cuts by their keys, and check that a skim has all that they need."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dtperf.config import AnalysisConfig
from dtperf.config.load import validate, with_files_set
from dtperf.config.measurements import MeasurementSettings
from dtperf.config.overrides import apply, read_overrides
from dtperf.config.values import flat_values
from dtperf.errors import ConfigError
from dtperf.measurements.groups import GROUPS
from dtperf.measurements.standard import STANDARD
from dtperf.selection.block_luminosity import LuminosityByBlock
from dtperf.selection.cuts import LayerCuts
from dtperf.selection.fourvector import EITHER
from dtperf.selection.pairs import EITHER_CHARGE, PairLimits
from dtperf.selection.tagging import pair_limits
from dtperf.skim.details import lacking_details

__all__ = [
    "MAXIMA",
    "MEASURED",
    "MINIMA",
    "RULES",
    "CutRule",
    "looser",
    "loosest_limits",
    "only",
    "refuse_lacking_details",
    "refuse_looser",
    "refuse_processor",
    "with_cuts",
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


MEASURED = ("by_chamber", "efficiency_vs_pt", "acceptance_vs_pt")
MASK = "selection.luminosity_mask"
READ_WITH = ("selection.tag.trigger", MASK)
"""What decides which events and columns are in memory."""
MOVABLE = ("selection.", "compatibility.")


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


def with_cuts(
    config: AnalysisConfig, cuts: Mapping[str, Any], *, of_skim: bool = False
) -> AnalysisConfig:
    """Return a config with other cuts.

    Args:
        config: What the other cuts are taken from.
        cuts: Values by key.
        of_skim: Whether the events are a skim's: `refuse_looser` then checks what it lacks.

    Raises:
        ConfigError: A key or a value is wrong, or a key is no cut.
    """
    for key, value in cuts.items():
        is_mask = of_skim and key == MASK
        if str(key).startswith(READ_WITH) and not of_skim:
            raise _fixed(key)
        if isinstance(value, Mapping) and not is_mask:
            raise ConfigError(f"{key}: name cuts one by one, such as selection.probe.min_pt")
    # a mask may have thousands of blocks: it is not checked again each time a cut moves
    mask = config.selection.luminosity_mask
    before = _with_mask(config, None)
    data: Mapping[str, Any] = before.model_dump()
    for override in read_overrides(cuts):
        data = apply(data, with_files_set(override), "the config")
    after = validate(AnalysisConfig, data, lambda _: "cuts")
    values_before = flat_values(before)
    movable = (*MOVABLE, "extrapolation") if of_skim else MOVABLE
    for key, value in flat_values(after).items():
        if not key.startswith(movable) and value != values_before[key]:
            raise _fixed(key)
    return after if MASK in cuts else _with_mask(after, mask)


def _fixed(key: str) -> ConfigError:
    return ConfigError(
        f"{key}: is no cut that can be moved, the events were read with it; "
        "explore anew with another config"
    )


def _with_mask(config: AnalysisConfig, mask: Any) -> AnalysisConfig:
    selection = config.selection.model_copy(update={"luminosity_mask": mask})
    return config.model_copy(update={"selection": selection})


def only(config: AnalysisConfig, names: Collection[str]) -> AnalysisConfig:
    """Return a config with only these measurements; they may be ones that it skips."""
    given = config.measurements
    groups = tuple(
        group for group, members in GROUPS.items() if not members.keys().isdisjoint(names)
    )
    of_groups = (name for group in groups for name in GROUPS[group])
    settings = MeasurementSettings(
        groups=groups,
        skip=tuple(name for name in (*STANDARD, *of_groups) if name not in names),
        binning={name: axes for name, axes in given.binning.items() if name in names},
        add={name: added for name, added in given.add.items() if name in names},
    )
    return config.model_copy(update={"measurements": settings})
