from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.detector import N_CODES, lengths_cm, stations, widths_cm
from dtperf.synthetic.detector import Detector
from dtperf.synthetic.efficiency import (
    chamber_efficiencies,
    cms_table,
    is_in_cells,
    true_efficiency,
)
from tests.synthetic.crossings import ALL_CODES, code_of


def efficiency_at(detector, name, x=0.0, y=0.0, run_fraction=0.0):
    columns = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (x, y, run_fraction))
    x, y, run_fraction = np.broadcast_arrays(*columns)
    code = np.full(len(x), code_of(name), dtype=np.int16)
    return true_efficiency(detector, code, x, y, run_fraction)


def test_the_table_has_all_chambers_and_the_reference_totals():
    table = cms_table()
    assert np.array_equal(np.flatnonzero(table.total), np.sort(ALL_CODES))
    station = stations()
    passed = [table.passed[station == s].sum() for s in (1, 2, 3, 4)]
    total = [table.total[station == s].sum() for s in (1, 2, 3, 4)]
    # what the reference program printed for the stations
    assert np.divide(passed, total) == pytest.approx([0.99659, 0.99705, 0.99041, 0.99793], abs=5e-6)
    assert np.all(np.abs(table.t0_mean_ns) < 3)
    assert np.all(table.t0_rms_ns[ALL_CODES] > 1.5)


@pytest.mark.parametrize(
    ("name", "measured"), [("MB2 W-2 S12", 0.895), ("MB3 W0 S8", 0.779), ("MB3 W-1 S9", 0.783)]
)
def test_the_known_bad_chambers_are_bad(name, measured):
    assert efficiency_at(Detector(), name) == pytest.approx(measured, abs=0.002)


def test_no_chamber_is_perfect_and_each_is_near_its_measurement():
    efficiency = chamber_efficiencies(Detector())
    assert efficiency[code_of("MB1 W-2 S1")] == (1009 + 1) / (1010 + 2)
    assert efficiency[code_of("MB1 W0 S4")] == 2073 / 2074  # 2072 of 2072 passed
    assert np.all((efficiency[ALL_CODES] > 0.7) & (efficiency[ALL_CODES] < 1))
    assert not efficiency[np.setdiff1d(np.arange(N_CODES), ALL_CODES)].any()


def test_one_number_for_all_and_single_chambers():
    detector = Detector(efficiency=0.9, chambers={"MB4 W+1 S13": 0.0, "MB1 W0 S2": 0.25})
    efficiency = chamber_efficiencies(detector)
    assert efficiency[code_of("MB4 W+1 S13")] == 0
    assert efficiency[code_of("MB1 W0 S2")] == 0.25
    assert np.count_nonzero(efficiency == 0.9) == 248


def test_a_region_acts_inside_only():
    detector = Detector.model_validate(
        {
            "efficiency": 0.8,
            "regions": [{"chamber": "MB2 W0 S5", "x": [-20, 10], "y": [30, 50], "efficiency": 0.5}],
        }
    )
    x = [-20, 10, -5, -20.001, 10.001, -5, -5]
    y = [30, 50, 40, 40, 40, 29.999, 50.001]
    expected = [0.4, 0.4, 0.4, 0.8, 0.8, 0.8, 0.8]
    assert efficiency_at(detector, "MB2 W0 S5", x, y).tolist() == expected
    assert efficiency_at(detector, "MB2 W0 S6", x, y).tolist() == [0.8] * 7


def test_regions_of_stations_and_of_all_multiply():
    detector = Detector.model_validate(
        {
            "efficiency": 1.0,
            "regions": [
                {"chamber": "MB3", "x": [0, 100], "efficiency": 0.5},
                {"chamber": "all", "y": [0, 100], "efficiency": 0.5},
            ],
        }
    )
    at = {"x": [1, 1, -1, -1], "y": [1, -1, 1, -1]}
    assert efficiency_at(detector, "MB3 W0 S1", **at).tolist() == [0.25, 0.5, 0.5, 1]
    assert efficiency_at(detector, "MB1 W0 S1", **at).tolist() == [0.5, 1, 0.5, 1]


def test_ageing_is_linear_and_the_nearest_name_wins():
    detector = Detector(
        efficiency=0.9, ageing={"MB1 W0 S1": 0.3, "all": 0.01, "MB1": 0.1, "MB2 W0 S2": 1.0}
    )
    fraction = np.array([0.0, 0.25, 0.5, 1.0])
    expected = {"MB1 W0 S1": 0.3, "MB1 W0 S2": 0.1, "MB4 W0 S1": 0.01}
    for name, loss in expected.items():
        aged = efficiency_at(detector, name, run_fraction=fraction)
        assert aged == pytest.approx(0.9 - loss * fraction)
    # it cannot lose more than it has
    assert efficiency_at(detector, "MB2 W0 S2", run_fraction=[0.95, 1.0]).tolist() == [0, 0]


def sensitive(detector, codes, x, y, dxdz=0.0, dydz=0.0):
    arrays = np.broadcast_arrays(*(np.asarray(each, float) for each in (x, y, dxdz, dydz)), codes)
    return is_in_cells(detector, codes, *arrays[:4])


@given(
    code=st.sampled_from(ALL_CODES.tolist()),
    # right up to the fiducial border of 15 cm, with the slopes of muons from the vertex
    x=st.floats(-1, 1, allow_subnormal=False),
    y=st.floats(-1, 1, allow_subnormal=False),
    dxdz=st.floats(-0.3, 0.3, allow_subnormal=False),
    dydz=st.floats(0, 1.5, allow_subnormal=False),
)
def test_the_fiducial_region_is_sensitive_whatever_the_frames(code, x, y, dxdz, dydz):
    codes = np.array([code], dtype=np.int16)
    edge_x, edge_y = widths_cm()[codes] / 2 - 15, lengths_cm()[codes] / 2 - 15
    widest = Detector(frame_x_cm=(5, 5, 5, 1), frame_y_cm=14)
    for sign in (-1, 1):
        assert sensitive(widest, codes, x * edge_x, y * edge_y, dxdz, sign * dydz)[0]


def test_the_sensitive_region_ends_inside_of_the_chamber():
    code = np.array(ALL_CODES)
    detector = Detector(frame_y_cm=5.5)
    end = lengths_cm()[code] / 2 - 5.5
    assert not sensitive(detector, code, 0, end + 0.1).any()
    assert sensitive(detector, code, 0, 0.1 - end).all()
    assert not sensitive(detector, code, widths_cm()[code] / 2 + 5, 0).any()


def test_phi_superlayers_of_mb1_end_at_different_places():
    # 212.64 cm wide; the inner one is centred at -1.6 cm and the outer one at +0.5 cm
    detector = Detector(frame_x_cm=(0, 0, 0, 0))
    mb1 = np.array([code_of("MB1 W-2 S6")] * 5, dtype=np.int16)
    x = [104.7, 104.8, 106.9, -106.0, -108.0]
    assert sensitive(detector, mb1, x, 0).tolist() == [True, True, False, True, False]


def test_narrow_superlayers_of_mb4_end_at_the_fiducial_border():
    # 391.14 cm wide and moved by 4.2 cm, in a chamber of 412.66 cm; muons at the end are inclined
    s8 = np.array([code_of("MB4 W+2 S8")] * 2, dtype=np.int16)
    border = -(412.664 / 2 - 15)
    for frame, expected in ((0.0, [True, True]), (3.5, [True, False])):
        detector = Detector(frame_x_cm=(0, 0, 0, frame))
        assert sensitive(detector, s8, [border + 2, border - 2], 0, 0.27).tolist() == expected


def test_an_oblique_muon_needs_one_superlayer_only():
    # those of MB1 are 11.75 cm before and behind the middle
    mb1 = np.array([code_of("MB1 W0 S6")], dtype=np.int16)
    end = 251.1 / 2 - 7.0
    detector = Detector(frame_y_cm=7.0)
    assert sensitive(detector, mb1, 0, end + 11.7, 0, 1.0).all()
    assert not sensitive(detector, mb1, 0, end + 11.8, 0, 1.0).any()
