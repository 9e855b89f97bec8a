from __future__ import annotations

import hist
import numpy as np
import pytest

from dtperf.config import AnalysisConfig
from dtperf.measurements import STANDARD, Measurement
from dtperf.results.export import readable_objects
from dtperf.results.export.naming import extra_objects
from dtperf.results.export.root import root_file
from dtperf.results.export.root_objects import (
    ReferenceObject,
    RootEfficiency,
    RootHistogram,
    RootProfile,
)
from tests.helpers.root_files import read

OWN = {
    "mass_vs_run": {
        "title": "mass; by run",
        "table": "pairs",
        "axes": [
            {"type": "category", "name": "run"},
            {"type": "regular", "name": "tag_pt", "bins": 2, "start": 0, "stop": 10},
            {"type": "regular", "name": "mass", "bins": 3, "start": 80, "stop": 100},
        ],
    },
    "found": {
        "title": "found",
        "table": "crossings",
        "axes": [{"type": "regular", "name": "probe_pt", "bins": 2, "start": 0, "stop": 10}],
        "passed": "passing",
    },
    # the name that a careless exporter would give a part of 'found'
    "found_passed": {
        "title": "another",
        "table": "crossings",
        "axes": [{"type": "integer", "name": "station", "first": 1, "last": 4}],
    },
}


def sums(item: ReferenceObject) -> tuple[float, ...]:
    match item:
        case RootHistogram():
            return (item.counts.sum(),)
        case RootEfficiency():
            return ((item.total - item.passed).sum(), item.passed.sum())
        case RootProfile():
            return (item.entries.sum(), item.sums.sum(), item.squares.sum())


def test_every_measurement_is_there_in_full(
    config: AnalysisConfig, counts: dict[str, hist.Hist]
) -> None:
    objects = readable_objects(counts, config.measurements.active())
    for name, histogram in counts.items():
        mine = [sums(item) for path, item in objects.items() if path.split("/")[0] == name]
        total = np.sum(mine, axis=0)
        view = histogram.view(flow=True)
        if "moment" in histogram.axes.name:
            assert total[0] == view[..., 0].sum() > 0
        elif "passed" in histogram.axes.name:
            np.testing.assert_array_equal(total, view.sum(axis=tuple(range(view.ndim - 1))))
        else:
            assert total[0] == view.sum() > 0


def test_names_do_not_collide_in_the_file(result) -> None:
    measurements = result.config.measurements.active()
    objects = readable_objects(result.counts, measurements)
    with read(root_file(objects)) as file:
        keys = [key.split(";") for key in file.keys(recursive=True, filter_classname="T[!D]*")]
    # a name written twice would have a second cycle
    assert {cycle for _, cycle in keys} == {"1"}
    assert len(keys) == sum(3 if type(i) is RootEfficiency else 1 for i in objects.values())


@pytest.mark.parametrize(
    ("path", "kind", "axes"),
    [
        ("pair_mass", RootHistogram, ["mass"]),
        ("residual_dr_vs_pt/MB2", RootHistogram, ["probe_pt", "station_dr"]),
        ("acceptance_vs_phi/MB3_minus", RootEfficiency, ["probe_phi"]),
        ("acceptance_map/MB4_plus", RootEfficiency, ["probe_phi", "probe_eta"]),
        ("by_chamber/MB1", RootEfficiency, ["wheel", "sector"]),
        ("t0/MB1_W-2", RootHistogram, ["sector", "t0"]),
        ("t0_profile/MB4_W+1", RootProfile, ["sector"]),
    ],
)
def test_paths(result, path: str, kind: type, axes: list[str]) -> None:
    item = readable_objects(result.counts, result.config.measurements.active())[path]
    assert type(item) is kind
    assert [axis.name for axis in item.axes] == axes


def test_contents_are_those_of_the_station_and_charge(result) -> None:
    objects = readable_objects(result.counts, STANDARD)
    item = objects["acceptance_vs_phi/MB3_minus"]
    want = result.counts["acceptance_vs_phi"][
        {"station": hist.loc(3), "probe_charge": hist.loc(-1)}
    ]
    np.testing.assert_array_equal(item.passed, want[:, True].view(flow=True))
    np.testing.assert_array_equal(item.total, want[:, sum].view(flow=True))
    assert item.title == "efficiency x acceptance against phi, MB3, minus"
    assert objects["t0_profile/MB1_W0"].value_title == "mean t0"


def test_measurements_of_ones_own() -> None:
    config = AnalysisConfig(measurements={"add": OWN})
    own = {n: m for n, m in config.measurements.active().items() if n in OWN}
    counts = {n: m.empty({"run": [7, 9]} if n == "mass_vs_run" else {}) for n, m in own.items()}
    counts["mass_vs_run"].fill(run=[9, 9], tag_pt=[3, 30], mass=[85, 85])
    objects = readable_objects(counts, own)
    assert list(objects) == ["mass_vs_run/run_7", "mass_vs_run/run_9", "found/all", "found_passed"]
    assert objects["mass_vs_run/run_9"].counts.sum() == 2
    assert objects["mass_vs_run/run_9"].title == "mass, by run, run_9"
    with read(root_file(objects)) as file:
        assert {"found/all_passed", "found_passed"} <= set(file.keys(cycle=False))


def test_undeclared_measurement_is_titled_by_its_name() -> None:
    measurement = Measurement(
        title="unused",
        table="pairs",
        axes=[{"type": "integer", "name": "a", "first": 0, "last": 1}],
        mean_of="mass",
    )
    item = readable_objects({"older": measurement.empty()}, {})["older"]
    assert (item.title, item.value_title) == ("older", "mean")


def test_a_processors_efficiency_is_a_graph_or_a_map() -> None:
    axes = [
        hist.axis.Regular(2, 0, 10, name="x"),
        hist.axis.Integer(1, 4, name="layer", flow=False),
        hist.axis.Boolean(name="passed"),
    ]
    counts = hist.Hist(*axes, storage=hist.storage.Int64())
    counts.fill(x=[1, 1, 7], layer=[1, 1, 3], passed=[True, False, True])
    objects = extra_objects({"extra/hits": counts, "extra/by_x": counts.project("x", "passed")})
    assert {type(item) for item in objects.values()} == {RootEfficiency}
    assert {item.value_title for item in objects.values()} == {"efficiency"}
    with read(root_file(objects)) as file:
        assert file["extra/hits/all"].values().tolist() == [[0.5, 0, 0], [0, 0, 1]]
        assert file["extra/by_x/all"].values("y").tolist() == [0.5, 1]
