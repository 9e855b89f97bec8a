"""What the golden file cannot show: results without some measurements, or with others."""

from __future__ import annotations

import hist
import numpy as np
import pytest

from dtperf.config import AnalysisConfig
from dtperf.measurements import STANDARD
from dtperf.results.export import reference_objects
from dtperf.results.export.naming import ROWS
from tests.helpers.reference_names import NOT_OF_THE_REFERENCE


def test_every_standard_measurement_of_the_reference_has_a_name() -> None:
    assert {row.measurement for row in ROWS} == set(STANDARD) - NOT_OF_THE_REFERENCE


@pytest.mark.parametrize("skipped", STANDARD)
def test_without_a_measurement_its_objects_are_not_there(
    counts: dict[str, hist.Hist], skipped: str
) -> None:
    everything = reference_objects(counts)
    some = reference_objects({n: h for n, h in counts.items() if n != skipped})
    gone = {row.name.split("{")[0] for row in ROWS if row.measurement == skipped}
    assert some.keys() <= everything.keys()
    for name in everything.keys() - some.keys():
        assert any(name.startswith(prefix) for prefix in gone)
    known = counts.keys() - NOT_OF_THE_REFERENCE
    assert (some.keys() != everything.keys()) == (skipped in known)


def test_measurements_of_ones_own_have_no_name(counts: dict[str, hist.Hist]) -> None:
    assert reference_objects({"my_own": counts["pair_mass"]}) == {}


@pytest.mark.parametrize(
    ("measurement", "prefix", "column"),
    [
        ("efficiency_vs_lumi", "effVsLumi", "inst_lumi"),
        ("efficiency_vs_pileup", "effVsVtx", "pileup"),
    ],
)
def test_lumi_and_pileup(measurement: str, prefix: str, column: str) -> None:
    counts = STANDARD[measurement].empty()
    counts.fill(station=[2, 2, 2], passed=[True, False, True], **{column: [30.0, 30.0, -1.0]})
    objects = reference_objects({measurement: counts})
    assert list(objects) == [f"{prefix}MB{station}" for station in range(1, 5)]
    item = objects[f"{prefix}MB2"]
    assert (item.passed.sum(), item.total.sum()) == (2, 3)
    assert item.total[0] == item.passed[0] == 1
    assert objects[f"{prefix}MB1"].total.sum() == 0


def test_runs_are_labels(counts: dict[str, hist.Hist]) -> None:
    item = reference_objects(counts)["effVsRunMB3"]
    assert item.axes[0].labelled
    assert item.axes[0].values == tuple(range(367000, 367040))
    want = counts["efficiency_vs_run"][{"station": hist.loc(3)}].view(flow=True)
    np.testing.assert_array_equal(item.passed[1:-1], want[:, 1])


def test_axes_follow_the_binning_of_the_config() -> None:
    binning = {"pair_mass": {"mass": {"bins": 5, "start": 80, "stop": 100}}}
    config = AnalysisConfig(measurements={"binning": binning})
    counts = {"pair_mass": config.measurements.active()["pair_mass"].empty()}
    axis = reference_objects(counts)["pairMass"].axes[0]
    assert (axis.number, axis.low, axis.high) == (5, 80, 100)


def test_a_bin_of_both_charges_is_neither_plus_nor_minus() -> None:
    binning = {"acceptance_vs_phi": {"probe_charge": {"bins": 1, "start": -2, "stop": 2}}}
    config = AnalysisConfig(measurements={"binning": binning})
    counts = {"acceptance_vs_phi": config.measurements.active()["acceptance_vs_phi"].empty()}
    assert reference_objects(counts) == {}


def test_titles_fit_the_axes(counts: dict[str, hist.Hist]) -> None:
    for name, item in reference_objects(counts).items():
        assert item.title, name
        assert all(axis.title for axis in item.axes), name
        if len(item.axes) == 1 and item.kind == "efficiency":
            assert item.value_title == "efficiency", name
