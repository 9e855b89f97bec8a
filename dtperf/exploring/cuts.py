"""Cuts by their keys, and the part of a config that is measured while they move."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dtperf.config import AnalysisConfig
from dtperf.config.load import validate
from dtperf.config.maskfile import with_blocks_set
from dtperf.config.measurements import MeasurementSettings
from dtperf.config.overrides import Override, apply
from dtperf.errors import ConfigError
from dtperf.measurements.standard import STANDARD

__all__ = ["MEASURED", "flat_values", "only", "refuse_processor", "with_cuts"]

MEASURED = ("by_chamber", "efficiency_vs_pt", "acceptance_vs_pt")
MASK = "selection.luminosity_mask"
READ_WITH = ("selection.tag.trigger", MASK)
"""What decides which events and columns are in memory."""
MOVABLE = ("selection.", "compatibility.")


def refuse_processor(config: AnalysisConfig) -> None:
    """Refuse a config whose histograms are not those that can be counted again.

    Raises:
        ConfigError: It names a processor.
    """
    if config.processor is not None:
        raise ConfigError(
            f"processor: {config.processor}: what it counts cannot be counted again with other "
            "cuts; leave it out (--set processor=null), or run it on the files"
        )


def with_cuts(
    config: AnalysisConfig, cuts: Mapping[str, Any], *, of_skim: bool = False
) -> AnalysisConfig:
    """Change cuts.

    Args:
        config: What the other cuts are taken from.
        cuts: Values by key.
        of_skim: Whether the events are a skim's, which says itself what it lacks.

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
    for key, value in cuts.items():
        data = apply(data, with_blocks_set(_override(key, value)), "the config")
    after = validate(AnalysisConfig, data, lambda _: "cuts")
    there = flat_values(before)
    movable = (*MOVABLE, "extrapolation") if of_skim else MOVABLE
    for key, value in flat_values(after).items():
        if not key.startswith(movable) and value != there[key]:
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
    """Leave of the measurements only some, which may be standard ones that the config skips."""
    given = config.measurements
    settings = MeasurementSettings(
        skip=tuple(name for name in STANDARD if name not in names),
        binning={name: axes for name, axes in given.binning.items() if name in names},
        add={name: added for name, added in given.add.items() if name in names},
    )
    return config.model_copy(update={"measurements": settings})


def flat_values(config: AnalysisConfig) -> dict[str, Any]:
    """List all values by dotted key; measurements and masks as one value."""
    found: dict[str, Any] = {}

    def walk(key: str, value: Any) -> None:
        if isinstance(value, dict) and key not in ("measurements", "selection.luminosity_mask"):
            for name, inner in value.items():
                walk(f"{key}.{name}".removeprefix("."), inner)
        else:
            found[key] = value

    walk("", config.model_dump(mode="json"))
    return found


def _override(key: str, value: Any) -> Override:
    value = value.item() if hasattr(value, "item") else value  # of NumPy
    return Override(tuple(str(key).split(".")), value, f"{key}={value}"[:80])
