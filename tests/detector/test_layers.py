from __future__ import annotations

import numpy as np
import pytest

from dtperf.detector.field import yoke_field
from dtperf.detector.layers import Z_STEP_CM, layers
from dtperf.detector.material import REGIONS

STATIONS = (1, 2, 3, 4)


def at(z_cm: float) -> int:
    return round((z_cm - layers().first_z_cm) / Z_STEP_CM)


def lost_before(station: int, z_cm: float) -> float:
    """Add up the mean energy loss, GeV, of a muon of 20 GeV that flies straight out."""
    steps = layers()
    lengths = np.diff(steps.outer_cm, prepend=0.0)
    first = int(np.flatnonzero(steps.station == station)[0])
    return float(np.sum((lengths * steps.table[:, at(z_cm), 2])[:first]))


@pytest.mark.parametrize(("station", "gev"), [(1, 2.1), (2, 2.6), (3, 3.7), (4, 4.8)])
def test_energy_lost_before_each_station(station: int, gev: float) -> None:
    assert lost_before(station, 0.0) == pytest.approx(gev, rel=0.2)


def test_no_iron_between_the_wheels() -> None:
    # 134 cm lies between wheels 0 and 1; the tail catcher is in wheel 0 only
    assert lost_before(4, 135.0) < lost_before(4, 200.0) < lost_before(4, 0.0)
    assert lost_before(4, 135.0) == pytest.approx(lost_before(1, 135.0))


def test_steps_follow_each_other_and_end_behind_the_last_chambers() -> None:
    outer = layers().outer_cm
    assert np.all(np.diff(outer) > 0)
    assert outer[-1] > 722.65
    assert {region.outer_cm for region in REGIONS} <= set(outer)
    assert [k for k in layers().station if k] == list(STATIONS)


def test_field_of_the_yoke_is_against_that_of_the_solenoid() -> None:
    steps = layers()
    along = steps.table[:, at(50.0), 0]
    inside = steps.outer_cm <= 300
    assert np.all(along[inside] > 3.7)
    assert np.all(along[~inside] <= 0)
    assert along[steps.outer_cm == 490.5] == pytest.approx(-1.555, abs=0.02)


def test_field_map_is_even_and_has_its_digitised_values() -> None:
    z = np.asarray([-660.0, -140.0, 0.0, 10.0, 140.0, 660.0, 900.0])
    first = yoke_field("shell_1", z)
    assert first == pytest.approx([1.52, 0.94, 1.54, 1.54, 0.94, 1.52, 1.52])
    assert yoke_field("gap_mb1", z)[[0, 2]] == pytest.approx([0.63, 0.0])


def test_air_of_mb1_has_a_radial_field_in_the_outer_wheels_only() -> None:
    steps = layers()
    row = steps.table[steps.station == 1][0]
    assert row[at(0.0), 1] == 0
    assert row[at(540.0), 1] == pytest.approx(0.56)
    assert row[at(-540.0), 1] == pytest.approx(-0.56)
