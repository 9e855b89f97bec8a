from __future__ import annotations

import numpy as np
import pytest

from dtperf.detector.field import solenoid_field

# check values published with the parametrisation: r, z in m; radial and axial field in T
CHECKED = [
    (0.0, 0.0, 0.0, 3.8112),
    (1.1, 2.5, 0.0579, 3.7004),
    (2.9, 0.0, -0.001, 3.8895),
    (2.9, 5.0, 0.493, 3.417),
]


@pytest.mark.parametrize(("r", "z", "radial", "along"), CHECKED)
def test_check_values(r: float, z: float, radial: float, along: float) -> None:
    # the last one is given with three decimals
    assert solenoid_field(100 * r, 100 * z) == pytest.approx((radial, along), abs=6e-4)


def derivative(of: int, by: int, r: float, z: float, h: float = 0.5) -> float:
    step = (h, 0.0) if by == 0 else (0.0, h)
    up = solenoid_field(r + step[0], z + step[1])[of]
    down = solenoid_field(r - step[0], z - step[1])[of]
    return float(up - down) / (2 * h)


@pytest.mark.parametrize("r", [5.0, 40.0, 110.0])
@pytest.mark.parametrize("z", [-240.0, -90.0, 1.0, 150.0, 260.0])
def test_obeys_maxwell_where_the_parametrisation_was_fitted(r: float, z: float) -> None:
    divergence = solenoid_field(r, z)[0] / r + derivative(0, 0, r, z) + derivative(1, 1, r, z)
    curl = derivative(0, 1, r, z) - derivative(1, 0, r, z)
    # the two corrections that were fitted to the measured field obey it to 1 % of T/m only
    assert abs(divergence) < 1e-4
    assert abs(curl) < 1e-4


def test_radial_field_leads_outwards_at_both_ends() -> None:
    ends = [solenoid_field(250.0, z)[0] for z in (-450.0, 450.0)]
    assert ends[0] < -0.2
    assert ends[1] > 0.2
    assert np.isclose(ends[0], -ends[1], atol=0.02)  # the coil is shifted by 1.8 cm
