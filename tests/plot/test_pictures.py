"""Some plots as pictures. To draw them anew: pytest tests/plot --mpl-generate-path=…/baseline"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images

from dtperf import plot
from dtperf.detector import Chamber
from dtperf.results.result import Result

BASELINE = Path(__file__).parent / "baseline"
DPI = 32
TOLERANCE = 1
"""RMS of the 256 levels. Other markers or another colour of one station make 1.5 to 5."""

as_before = pytest.mark.mpl_image_compare(
    baseline_dir="baseline", tolerance=TOLERANCE, style="default", savefig_kwargs={"dpi": DPI}
)


def test_pictures_are_compared(pytestconfig: pytest.Config) -> None:
    """Without its flag, pytest-mpl lets any picture pass."""
    assert pytestconfig.getoption("--mpl") or pytestconfig.getoption("--mpl-generate-path")


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_changed_picture_is_seen(
    whole: Result, other: Result, tmp_path: Path, is_changed: bool
) -> None:
    figure = plot.figure(other if is_changed else whole, "efficiency_vs_pt")
    figure.savefig(tmp_path / "new.png", dpi=DPI)
    kept = shutil.copy(BASELINE / "test_efficiency_of_the_stations.png", tmp_path)
    found = compare_images(str(kept), str(tmp_path / "new.png"), TOLERANCE)
    assert bool(found) == is_changed


@as_before
def test_efficiency_of_the_stations(whole: Result) -> Figure:
    return plot.figure(whole, "efficiency_vs_pt")


@as_before
def test_efficiency_and_reference(whole: Result, other: Result) -> Figure:
    return plot.figure(whole, "efficiency_vs_run", other)


@pytest.mark.mpl_image_compare(
    baseline_dir="baseline", tolerance=TOLERANCE, style="default", savefig_kwargs={"dpi": 20}
)
def test_map_of_all_chambers(whole: Result) -> Figure:
    return plot.figure(whole, "chambers")


@as_before
def test_inside_a_chamber(whole: Result) -> Figure:
    return plot.inside_chamber(whole, Chamber(-1, 12, 2), (-60, 20, -50, 90))


@as_before
def test_profile_and_reference(whole: Result, other: Result) -> Figure:
    return plot.figure(whole, "t0_profile", other)
