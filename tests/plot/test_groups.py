"""Groups of measurements: which plots they have, and that these show what is ill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.special import ndtr

from dtperf import plot
from dtperf.cli.complete import plots as completed
from dtperf.config import load_config
from dtperf.detector import Chamber, layer_cells
from dtperf.errors import ConfigError, InputError
from dtperf.measurements import BY_GROUP, KNOWN
from dtperf.measurements.declaration import Histogram
from dtperf.plot.chamber_values import relative_velocity
from dtperf.plot.names import chosen, plots_of
from dtperf.results.result import Result
from tests.plot.conftest import made, result_of

DRAWN = (
    *("trigger_twinmux_in_by_chamber", "bx_twinmux_in", "bx0_twinmux_in_by_chamber"),
    *("layer_efficiency_by_layer", "hit_residual", "alignment_dx", "t0_by_chamber_and_run"),
    *("drift_velocity", "rpc_efficiency_by_roll"),
)
"""One plot of each kind."""
CHAMBER = Chamber(0, 3, 1)
CELLS = ("cell_occupancy", "cell_noise", "chamber_has_segment", "cell_efficiency")


def residuals() -> Histogram:
    """Gaussians of 240 um around 20 um, 10,000 hits each; MB4 has no superlayer 2."""
    counts = KNOWN["hit_residual"].empty()
    edges = np.asarray(counts.axes["residual"].edges)
    counts.view()[...] = np.round(10_000 * np.diff(ndtr((edges - 0.002) / 0.024))).astype(np.int64)
    counts.view()[3, 1] = 0
    return counts


def cells() -> dict[str, Histogram]:
    """Fifty digis in each cell of one chamber but for a dead and a noisy one."""
    counts = {name: KNOWN[name].empty() for name in CELLS}
    at = CHAMBER.station - 1, CHAMBER.wheel + 2, CHAMBER.sector - 1
    known = layer_cells()
    first, number = (each[CHAMBER.code][..., None] for each in (known.first, known.number))
    wire = np.arange(1, 97)
    exists = (wire >= first) & (wire < first + number)
    counts["cell_occupancy"].view()[at] = 50 * exists
    counts["cell_occupancy"].view()[(*at, 0, 1, 19)] = 0
    counts["cell_noise"].view()[(*at, 0, 2, 24)] = 5000
    counts["cell_efficiency"].view()[(*at, ..., 1)] = 40 * exists
    counts["cell_efficiency"].view()[(*at, 0, 1, 19)] = (40, 0)
    return counts


@pytest.fixture(scope="module")
def grouped() -> Result:
    names = {plot.GROUP_PLOTS[name].measurement for name in DRAWN}
    counts = {name: made(name) for name in sorted(names)} | cells()
    counts["hit_residual"] = residuals()
    result = result_of(counts)
    config = load_config("dt_performance")
    return replace(result, config=config, totals={"certified": 100_000})


def test_a_group_is_its_own_plots_and_then_the_other_measurements(grouped: Result) -> None:
    for group, measurements in BY_GROUP.items():
        assert {*plots_of(group).values()} == {*measurements}
    names = chosen(grouped, ["trigger"])
    assert names == [*dict.fromkeys(names)]
    assert {*names} == {
        *("trigger_twinmux_in_by_chamber", "bx_twinmux_in", "bx0_twinmux_in_by_chamber")
    }
    assert chosen(grouped, ["hit_residual", "residuals"])[0] == "hit_residual"


def test_without_names_a_result_has_the_few_plots_of_its_groups(grouped: Result) -> None:
    names = chosen(grouped, [])
    assert {*DRAWN} <= {*names} <= {*plot.PLOTS, *plot.GROUP_PLOTS}
    assert "trigger_bmtf_in_by_chamber" in plot.not_measured(grouped)
    without = replace(grouped, config=load_config("reference_2023"))
    assert not {*chosen(without, []), *plot.not_measured(without)} & {*plot.GROUP_PLOTS}


def test_names_that_nothing_has(grouped: Result, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'trigger'\?; groups are tag_and_probe, "):
        plot.save(grouped, tmp_path, only=["triger"])
    with pytest.raises(ConfigError, match="unknown plot 'trigger'"):
        plot.figure(grouped, "trigger")
    with pytest.raises(InputError, match="nothing of the group 'segments': run with "):
        [*plot.draw(grouped, only=["segments"])]
    assert {"trigger", "trigger_twinmux_in_by_chamber"} <= {*completed("tri")}


@pytest.mark.parametrize(
    ("name", "is_compared"),
    [
        ("bx_twinmux_in", True),
        ("bx0_twinmux_in_by_chamber", False),
        ("layer_efficiency_by_layer", False),
        ("layer_efficiency_by_layer", True),
        ("alignment_dx", True),
        ("t0_by_chamber_and_run", False),
        ("drift_velocity", True),
        ("rpc_efficiency_by_roll", False),
    ],
)
def test_every_kind_of_plot_is_drawn(grouped: Result, name: str, is_compared: bool) -> None:
    assert plot.figure(grouped, name, grouped if is_compared else None).panels.size


def test_velocities_are_compared_within_their_ring() -> None:
    timers = np.full((4, 5, 14, 3), 387.0)
    timers[:, 1] = 390.0  # another wheel, of other angles
    timers[2, 1, 5, 0] = 390.0 / 1.01
    timers[0, :, 12:] = np.nan
    found = relative_velocity(timers)
    assert found[2, 1, 5, 0] == pytest.approx(0.01)
    found[2, 1, 5, 0] = 0
    assert np.nanmax(np.abs(found)) == 0
    assert np.isnan(found[0, :, 12:]).all()


def test_cells_of_a_chamber_that_was_not_measured(grouped: Result, whole: Result) -> None:
    with pytest.raises(InputError, match=r"lacks cell_occupancy.*groups=\[cells\]"):
        plot.cells_of_chamber(whole, CHAMBER)
    with pytest.raises(ConfigError, match="there is no chamber"):
        plot.cells_of_chamber(grouped, Chamber(0, 13, 1))


as_before = pytest.mark.mpl_image_compare(
    baseline_dir="baseline", tolerance=1, style="default", savefig_kwargs={"dpi": 24}
)


@as_before
def test_fitted_residuals(grouped: Result) -> Figure:
    return plot.figure(grouped, "hit_residual")


@as_before
def test_alignment_of_chambers(grouped: Result) -> Figure:
    return plot.figure(grouped, "alignment_dx")


@as_before
def test_cells_of_a_chamber(grouped: Result) -> Figure:
    return plot.cells_of_chamber(grouped, CHAMBER)
