"""Change cuts by their keys: ``with_cuts(config, {"selection.probe.min_pt": 30})``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dtperf.config import AnalysisConfig
from dtperf.config.load import validate, with_files_set
from dtperf.config.measurements import MeasurementSettings
from dtperf.config.overrides import apply, read_overrides
from dtperf.config.values import flat_values
from dtperf.errors import ConfigError
from dtperf.measurements.groups import GROUPS
from dtperf.measurements.standard import STANDARD

__all__ = ["MEASURED", "only", "with_cuts"]

MEASURED = ("by_chamber", "efficiency_vs_pt", "acceptance_vs_pt")
MASK = "selection.luminosity_mask"
READ_WITH = ("selection.tag.trigger", MASK)
"""What decides which events and columns are in memory."""
MOVABLE = ("selection.", "compatibility.")


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
