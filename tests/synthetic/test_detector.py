from __future__ import annotations

import pytest
from pydantic import ValidationError

from dtperf.detector import chambers
from dtperf.synthetic.detector import Detector, InefficientRegion, codes_named


def test_names_stand_for_chambers_stations_and_everything():
    assert codes_named("MB1 W-2 S1") == (0,)
    assert codes_named("MB4 W+2 S14") == (279,)
    assert [len(codes_named(f"MB{station}")) for station in (1, 2, 3, 4)] == [60, 60, 60, 70]
    assert set(codes_named("all")) == {chamber.code for chamber in chambers()}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"chambers": {"MB2 W-2 S21": 0.5}}, "did you mean 'MB2 W-2 S"),
        ({"chambers": {"MB2 W2 S12": 0.5}}, r"did you mean 'MB2 W[+-]2 S12'"),
        ({"chambers": {"MB1 W0 S13": 0.5}}, "no chamber is called 'MB1 W0 S13'"),
        ({"chambers": {"MB1": 0.5}}, "no chamber is called 'MB1'"),
        ({"ageing": {"MB5": 0.1}}, "did you mean 'MB"),
        ({"regions": [{"chamber": "MB3 W+1 S0"}]}, r"did you mean 'MB3 W\+1 S"),
    ],
)
def test_a_wrong_name_is_refused_with_the_nearest(settings, message):
    with pytest.raises(ValidationError, match=message):
        Detector.model_validate(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"efficiency": 1.01},
        {"efficiency": "CMS"},
        {"chambers": {"MB1 W0 S1": -0.1}},
        {"ageing": {"all": 2}},
        {"phi_only": [0.1, 0.1]},
        {"noise_segments": -1},
        {"frame_x_cm": [6, 0, 0, 0]},
        {"frame_x_cm": [0, 0, 0]},
        {"frame_y_cm": 15},
        {"resolution": {"x_tail_cm": 0}},
        {"efficency": 1},
    ],
)
def test_values_out_of_bounds_are_refused(settings):
    with pytest.raises(ValidationError):
        Detector.model_validate(settings)


@pytest.mark.parametrize("limits", [(1.0, 1.0), (2.0, 1.0), (0.0, float("inf"))])
def test_a_region_needs_ordered_finite_limits(limits):
    with pytest.raises(ValidationError):
        InefficientRegion(chamber="all", x=limits)


def test_settings_survive_json():
    detector = Detector.model_validate(
        {"chambers": {"MB1 W0 S1": 0.1}, "regions": [{"chamber": "MB2", "y": [-1.1, 2.2]}]}
    )
    assert Detector.model_validate_json(detector.model_dump_json()) == detector
