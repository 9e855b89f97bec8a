from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from dtperf.config import AnalysisConfig, load_config
from dtperf.config.measurements import Binning
from dtperf.config.values import differing
from dtperf.detector import lengths_cm, widths_cm
from dtperf.errors import ConfigError
from dtperf.measurements import KNOWN, STANDARD
from dtperf.measurements.declaration import Regular, Variable
from dtperf.selection.details.described import COLUMNS
from tests.config.strategies import configs

HALF_WIDTH_CM, HALF_LENGTH_CM = np.nanmax(widths_cm()) / 2, np.nanmax(lengths_cm()) / 2


def _mass(low: float, high: float) -> dict[str, Any]:
    return {"selection": {"pair": {"min_mass": low, "max_mass": high}}}


def _adding(**changes: Any) -> dict[str, Any]:
    axis = {"type": "regular", "name": "mass", "bins": 3, "start": 0, "stop": 3}
    declared = {"title": "mine", "table": "pairs", "axes": [axis]}
    return {"measurements": {"add": {"mine": declared | changes}}}


def _axis(**axis: Any) -> dict[str, Any]:
    return _adding(axes=[{"name": "mass", **axis}])


def _binning(**binning: Any) -> dict[str, Any]:
    return {"measurements": {"binning": {"efficiency_vs_pt": {"probe_pt": binning}}}}


@pytest.mark.parametrize(
    ("source", "part"),
    [
        (_mass(101, 81), "widen the window"),
        (_mass(91, 91), "widen the window"),
        (_mass(91, 91.000001), "widen the window"),  # no single-precision number in between
        (_mass(20_000, 30_000), "from 0 to 14,000"),
        ({"selection": {"pair": {"min_dr": 6}}}, "less than 6"),
        ({"selection": {"pair": {"max_abs_dz": 1e-60}}}, "single precision"),
        ({"selection": {"pair": {"max_mass": 1e60}}}, "single precision"),
        ({"selection": {"tag": {"min_pt": 7001}}}, "from 0 to 7,000"),
        ({"selection": {"probe": {"min_pt": 7001}}}, "from 0 to 7,000"),
        ({"selection": {"probe": {"min_tracker_layers": 128}}}, "from 0 to 127"),
        ({"selection": {"probe": {"min_pixel_hits": 128}}}, "from 0 to 127"),
        ({"selection": {"station": {"min_other_stations": 8}}}, "from 0 to 7"),
        ({"selection": {"station": {"max_abs_eta": [1, 1, 1, 0]}}}, "max_abs_eta[3]"),
        ({"selection": {"station": {"border_x": -209}}}, "closer to 0"),
        ({"selection": {"station": {"border_y": -126}}}, "closer to 0"),
        ({"selection": {"passing": {"max_dx": 0}}}, "more than 0"),
        ({"measurements": {"skip": list(STANDARD)}}, "nothing is left to measure"),
    ],
)
def test_what_excludes_everything_is_refused(source: dict[str, Any], part: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(source)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        _mass(91, 91.00003),
        _mass(0, 3e38),
        {"selection": {"pair": {"min_dr": 0}}},
        {"selection": {"station": {"border_x": -208, "border_y": -125}}},
        {"selection": {"station": {"border_x": 10}}},
        {"selection": {"station": {"min_other_stations": 0, "min_rpc_layers": 0}}},
        {"measurements": {"skip": sorted(STANDARD)[1:]}},
        _adding(),
    ],
)
def test_what_leaves_something_is_accepted(source: dict[str, Any]) -> None:
    load_config(source)


def test_borders_are_those_of_the_largest_chamber() -> None:
    for key, half in (("border_x", HALF_WIDTH_CM), ("border_y", HALF_LENGTH_CM)):
        load_config({"selection": {"station": {key: float(-half) + 0.02}}})
        with pytest.raises(ConfigError):
            load_config({"selection": {"station": {key: float(-half) - 0.02}}})


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ({"measurements": {"skip": ["t00"]}}, ["measurements.skip[0]", "did you mean 't0'?"]),
        ({"measurements": {"binning": {"t00": {}}}}, ["measurements.binning.t00", "'t0'?"]),
        ({"measurements": {"binning": {"t0": {"tt0": {}}}}}, ["measurements.binning.t0.tt0"]),
        (
            {"measurements": {"binning": {"t0": {"station": {"edges": [1, 2]}}}}},
            ["measurements.binning", "t0 has no axis", "that can be binned"],
        ),
        (_binning(bins=3), ["binning.efficiency_vs_pt.probe_pt", "either bins, start and stop"]),
        (_binning(edges=[1, 2], bins=2), ["either bins, start and stop"]),
        (_binning(bins=3, start=2, stop=1), ["start is not below stop"]),
        (_binning(edges=[1, 3, 2]), ["not below the next"]),
        (_binning(edges=[1]), ["probe_pt.edges", "list of 2 to 30,001 values"]),
        (_binning(bins=30_001, start=0, stop=1), ["null or whole number from 1 to 30,000"]),
        ({"measurements": {"add": {"1a": {}}}}, ["measurements.add.1a: a name must have letters"]),
        (_adding(titel="x"), ["measurements.add.mine.titel", "'measurements.add.mine.title'"]),
        (_adding(title=3), ["measurements.add.mine.title: 3", "text"]),
        (_adding(table="pears"), ["measurements.add.mine.table", "one of 'pairs', 'crossings'"]),
        (_adding(axes=[]), ["measurements.add.mine.axes: []", "list of 1 to 6 values"]),
        (_adding(picture={"by": "mas"}), ["picture.by: no axis 'mas'; there are mass"]),
        (_adding(picture={"log": ["y"]}), ["picture.log: no 'y' here; there are mass, entries"]),
        (_adding(passed="selected", picture={"log": ["entries"]}), ["there are mass"]),
        (_adding(picture={"kind": "map"}), ["a map needs two axes, and there is 1"]),
        (_adding(picture={"by": "mass"}), ["an axis is needed beside 'mass', and there is none"]),
        (_adding(picture={"range": [1, 1]}), ["mine.picture: range: 1 is not below 1"]),
        (_adding(picture={"kind": "pie"}), ["mine.picture.kind", "'curve', 'map', 'none'"]),
        (_adding(rows=["selectd"]), ["mine", "'pairs'", "did you mean 'selected'?"]),
        (_adding(rows=["mass"]), ["no boolean column 'mass'"]),
        (_adding(passed="dr"), ["no boolean column 'dr'"]),
        (_axis(type="regulr"), ["measurements.add.mine.axes[0]", "one of", "regular, variable"]),
        (_axis(), ["measurements.add.mine.axes[0]: has no type"]),
        (_axis(type="regular", bins=3, start=0, stop="x"), ["axes[0].stop", '"x"', "number"]),
        (_axis(type="regular", bins=3, start=0), ["axes[0].stop: missing", "number"]),
        (_axis(type="category", name="massy"), ['column "massy"', "'mass'"]),
        (_axis(type="integer", first=0, last=10**12), ["axes[0]", "integers"]),
        (_axis(type="integer", first=10**12, last=10**12), ["mine", "no integers"]),
        (
            _adding(
                axes=[{"type": "at_least", "name": "dz", "first": 3, "last": 1}], passed="selected"
            ),
            ["mine", "no integers from 3 to 1"],
        ),
        (
            _adding(
                axes=[
                    {"type": "regular", "name": name, "bins": 29_999, "start": 0, "stop": 1}
                    for name in ("mass", "dz")
                ]
            ),
            ["mine", "bins in all are more than 10,000,000"],
        ),
        (
            {
                "measurements": {
                    "binning": {
                        "acceptance_map": {
                            "probe_phi": {"bins": 20_000, "start": 0, "stop": 1},
                            "probe_eta": {"bins": 20_000, "start": 0, "stop": 1},
                        }
                    }
                }
            },
            ["acceptance_map", "bins in all are more than 10,000,000"],
        ),
        (
            {"measurements": {"add": {"t0": _adding()["measurements"]["add"]["mine"]}}},
            ["'t0' is a standard measurement"],
        ),
    ],
)
def test_wrong_measurements(source: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(source)
    for part in parts:
        assert part in str(caught.value)


def test_binning_has_the_limits_of_the_axes() -> None:
    binning = Binning.model_json_schema()["properties"]
    bins, edges = binning["bins"]["anyOf"][0], binning["edges"]["anyOf"][0]
    assert bins["maximum"] == Regular.model_json_schema()["properties"]["bins"]["maximum"]
    assert edges["maxItems"] == Variable.model_json_schema()["properties"]["edges"]["maxItems"]


def test_measurements_of_all_groups_use_described_columns() -> None:
    for measurement in KNOWN.values():
        known = COLUMNS[measurement.table]
        assert measurement.columns <= known.keys()


@settings(max_examples=25)
@given(config=configs())
def test_every_measurement_of_a_config_can_be_booked(config: AnalysisConfig) -> None:
    for measurement in config.measurements.active().values():
        assert np.sum(measurement.empty().view(flow=True)) == 0


def test_frozen() -> None:
    config = load_config("reference_2023")
    for model, key in (
        (config, "title"),
        (config.selection.pair, "selection.pair.min_mass"),
        (config.run, "run.workers"),
    ):
        name = key.rpartition(".")[2]
        with pytest.raises(ConfigError, match=f"^{key}: .*load_config\\(config, {{'{key}': "):
            setattr(model, name, getattr(model, name))


def test_hash_is_of_what_changes_numbers() -> None:
    config = load_config("reference_2023")
    alike = load_config(
        config, ["title=other", "run={executor: dask, workers: 7, chunksize: 1000}"]
    )
    assert alike.hash == config.hash
    for override in (
        "selection.pair.max_mass=101.5",
        "selection.passing.max_dy=null",
        "compatibility.truncate_extrapolation=false",
        "measurements.skip=[t0]",
        "input.tree=Other",
    ):
        assert load_config(config, [override]).hash != config.hash


def test_hash_ignores_the_order_of_keys_and_what_is_default() -> None:
    one = load_config({"selection": {"pair": {"min_mass": 70, "max_mass": 110}, "tag": {}}})
    other = load_config({"selection": {"pair": {"max_mass": 110.0, "min_mass": 70.0}}, "run": {}})
    assert one.hash == other.hash


def test_words_and_pictures_of_a_measurement_do_not_change_what_is_counted() -> None:
    before = load_config(_adding())
    axis = {"type": "regular", "name": "mass", "bins": 3, "start": 0, "stop": 3, "label": "m"}
    said = load_config(_adding(title="other", axes=[axis], picture={"log": ["entries"]}))
    assert said != before
    assert said.hash == before.hash
    assert differing(before, said) == []
    counted = load_config(_adding(axes=[axis | {"bins": 4}]))
    assert counted.hash != before.hash
    assert differing(before, counted) != []
