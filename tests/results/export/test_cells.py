from __future__ import annotations

import hist
import numpy as np
import pytest

from dtperf.measurements import STANDARD
from dtperf.results.export.cells import HistogramCells

STATION = hist.axis.Integer(1, 5, flow=False, name="station")
CHARGE = hist.axis.Variable([-1.5, 0, 1.5], name="probe_charge")
PASSED = hist.axis.Boolean(name="passed")


def filled(*axes: hist.axis.AxesMixin) -> hist.Hist:
    """Put a different number into each bin, flow bins included."""
    counts = hist.Hist(*axes, storage=hist.storage.Int64())
    view = counts.view(flow=True)
    view[...] = np.arange(1, view.size + 1).reshape(view.shape)
    return counts


def test_every_axis_has_flow_bins() -> None:
    counts = filled(STATION, CHARGE, PASSED)
    cells = HistogramCells.of(counts)
    assert cells.kind == "efficiency"
    assert [axis.name for axis in cells.axes] == ["station", "probe_charge"]
    assert cells.values.shape == (6, 4, 2)
    np.testing.assert_array_equal(cells.values[1:-1], counts.view(flow=True))
    assert not cells.values[[0, -1]].any()


def test_an_axis_with_overflow_alone() -> None:
    counts = filled(hist.axis.IntCategory([7, 9], name="run"))
    assert HistogramCells.of(counts).values[..., 0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "kind", "numbers"),
    [("probe_pt", "histogram", 1), ("by_chamber", "efficiency", 2), ("t0_profile", "profile", 3)],
)
def test_kind(name: str, kind: str, numbers: int) -> None:
    cells = HistogramCells.of(STANDARD[name].empty())
    assert cells.kind == kind
    assert cells.values.shape[-1] == numbers
    assert len(cells.axes) == len(STANDARD[name].axes)


def test_at_and_summed() -> None:
    counts = filled(STATION, CHARGE)
    cells = HistogramCells.of(counts)
    view = counts.view(flow=True)
    np.testing.assert_array_equal(cells.at("station", 2).values[..., 0], view[1])
    summed = cells.summed("probe_charge")
    assert [axis.name for axis in summed.axes] == ["station"]
    np.testing.assert_array_equal(summed.values[1:-1, 0], view.sum(axis=1))


def test_split_by_charge_loses_nothing() -> None:
    cells = HistogramCells.of(filled(STATION, CHARGE))
    pieces = cells.split("probe_charge")
    assert [label for label, _ in pieces] == [
        "minus",
        "plus",
        "probe_charge_underflow",
        "probe_charge_overflow",
    ]
    assert sum(piece.values.sum() for _, piece in pieces) == cells.values.sum()


def test_split_leaves_out_empty_flow() -> None:
    labels = [label for label, _ in HistogramCells.of(filled(STATION, CHARGE)).split("station")]
    assert labels == ["MB1", "MB2", "MB3", "MB4"]


def test_a_bin_of_both_charges_is_neither() -> None:
    charge = hist.axis.Variable([-2, 2, 3], name="probe_charge")
    counts = hist.Hist(charge, storage=hist.storage.Int64())
    assert [label for label, _ in HistogramCells.of(counts).split("probe_charge")] == [
        "probe_charge_bin1",
        "probe_charge_bin2",
    ]


@pytest.mark.parametrize(
    ("axis", "labels"),
    [
        (hist.axis.Integer(-1, 2, name="wheel"), ["W-1", "W0", "W+1"]),
        (hist.axis.Integer(13, 15, name="sector"), ["sector_13", "sector_14"]),
        (hist.axis.IntCategory([7, 9], name="run"), ["run_7", "run_9"]),
        (hist.axis.Regular(2, 0, 1, name="iso"), ["iso_bin1", "iso_bin2"]),
    ],
)
def test_labels(axis: hist.axis.AxesMixin, labels: list[str]) -> None:
    counts = hist.Hist(axis, storage=hist.storage.Int64())
    assert [label for label, _ in HistogramCells.of(counts).split(axis.name)] == labels
