"""Plots of groups of measurements, where the picture of their axes would not tell the story."""

from __future__ import annotations

from functools import partial

from dtperf.measurements.trigger import SOURCES
from dtperf.plot import maps
from dtperf.plot.bunch_crossings import bx_fractions, right_crossings
from dtperf.plot.catalogue import Plot
from dtperf.plot.chamber_values import (
    drift_velocities,
    mean_of_chambers,
    mean_of_chambers_and_runs,
)
from dtperf.plot.layer_efficiency import twelve_layers
from dtperf.plot.residuals import fitted_residuals
from dtperf.plot.rolls import rolls_of_wheels

__all__ = ["GROUP_PLOTS", "means_of_chambers"]

ALIGNED = {
    "dx": ("x [mm]", 10.0, 0.2),
    "dy": ("y [mm]", 10.0, 2.0),
    "dxdz": ("slope in x [mrad]", 1000.0, 0.5),
    "dydz": ("slope in y [mrad]", 1000.0, 2.0),
}
"""Segment minus track: what, the factor from its unit in the tables, half of the least scale."""
SEGMENT_TRACK = "mean of segment - track, "
MEAN_T0 = r"mean $t_0$ [ns]"


def _of_source(name: str, source: str) -> tuple[Plot, ...]:
    label = f"trigger efficiency, {source}"
    by_chamber, and_run = f"trigger_{name}_by_chamber", f"trigger_{name}_by_chamber_and_run"
    crossings = f"bx_{name}_by_chamber"
    return (
        Plot(by_chamber, by_chamber, partial(maps.all_stations, label=label)),
        Plot(and_run, and_run, partial(maps.runs_of_chambers, label=label)),
        Plot(f"bx_{name}", crossings, bx_fractions),
        Plot(f"bx0_{name}_by_chamber", crossings, right_crossings),
    )


def _of_alignment(name: str, label: str, factor: float, least: float) -> Plot:
    draw = partial(mean_of_chambers, label=SEGMENT_TRACK + label, factor=factor, least=least)
    return Plot(f"alignment_{name}", f"track_{name}_by_chamber_and_run", draw)


def means_of_chambers() -> dict[str, tuple[str, float]]:
    """List the profiles that are read as one signed number a chamber.

    Returns:
        Label with its unit, and the factor to it, by the measurement's name.
    """
    aligned = {
        f"track_{name}_by_chamber_and_run": (SEGMENT_TRACK + label, factor)
        for name, (label, factor, _) in ALIGNED.items()
    }
    return aligned | {"t0_by_chamber_and_run": (MEAN_T0, 1.0)}


ROWS = (
    *(plot for name, source in SOURCES.items() for plot in _of_source(name, source)),
    Plot(
        "layer_efficiency_by_chamber",
        "layer_efficiency",
        partial(maps.all_stations, label="efficiency of layers"),
    ),
    Plot("layer_efficiency_by_layer", "layer_efficiency", twelve_layers),
    Plot("hit_residual", "hit_residual", fitted_residuals),
    Plot("hit_residual_unbiased", "hit_residual_unbiased", fitted_residuals),
    *(_of_alignment(name, *about) for name, about in ALIGNED.items()),
    Plot(
        "t0_by_chamber_and_run",
        "t0_by_chamber_and_run",
        partial(mean_of_chambers_and_runs, label=MEAN_T0, least=1.0),
    ),
    Plot("drift_velocity", "mean_timer_by_superlayer_and_run", drift_velocities),
    Plot("rpc_efficiency_by_roll", "rpc_efficiency_by_roll", rolls_of_wheels),
)

GROUP_PLOTS = {plot.name: plot for plot in ROWS}
