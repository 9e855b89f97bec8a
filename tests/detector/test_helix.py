from __future__ import annotations

from cmath import exp, phase
from math import cos, isnan, sin

import numba
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dtperf.detector.helix import advance, to_cylinder, to_plane


@numba.njit
def cylinder_crossing(
    x: float, y: float, ux: float, uy: float, curvature: float, radius: float
) -> tuple[float, float, float, float, float]:
    return advance(x, y, ux, uy, curvature, to_cylinder(x, y, ux, uy, curvature, radius))


@numba.njit
def plane_crossing(
    x: float, y: float, ux: float, uy: float, curvature: float, nx: float, ny: float, d: float
) -> tuple[float, float, float, float, float]:
    tau = to_plane(ux * nx + uy * ny, ux * ny - uy * nx, curvature, d - x * nx - y * ny)
    return advance(x, y, ux, uy, curvature, tau)


angles = st.floats(-3.1, 3.1)
curvatures = st.one_of(
    st.floats(-0.01, 0.01), st.sampled_from([0.0, 1e-16, -1e-16, 1e-12, 1e-8, -1e-5])
)


def on_circle(start: complex, angle: float, curvature: float, length: float) -> complex:
    """Go along a circle: its chord has half the turn, and the length of the arc times sin(x)/x."""
    half = curvature * length / 2
    return start + exp(1j * (angle + half)) * length * (sin(half) / half if half else 1.0)


@given(
    radius=st.floats(0, 400), at=angles, angle=angles, curvature=curvatures, more=st.floats(5, 200)
)
def test_reaches_the_cylinder_on_its_circle(
    radius: float, at: float, angle: float, curvature: float, more: float
) -> None:
    start = radius * exp(1j * at)
    x, y, ux, uy, length = cylinder_crossing(
        start.real, start.imag, cos(angle), sin(angle), curvature, radius + more
    )
    outwards = cos(at - angle) if radius else 1.0
    if isnan(length) and outwards > 0:
        # the farthest point of the circle must then lie inside the cylinder
        centre = start + 1j * exp(1j * angle) / curvature
        assert abs(centre) + 1 / abs(curvature) < radius + more + 1e-6
    if isnan(length):
        return
    assert length > 0
    assert abs(complex(x, y)) == pytest.approx(radius + more, abs=1e-6)
    assert complex(x, y) == pytest.approx(on_circle(start, angle, curvature, length), abs=1e-6)
    assert complex(ux, uy) == pytest.approx(exp(1j * (angle + curvature * length)), abs=1e-9)


@given(angle=st.floats(-1.2, 1.2), curvature=curvatures, normal=angles, ahead=st.floats(-50, 300))
def test_reaches_the_plane_on_its_circle(
    angle: float, curvature: float, normal: float, ahead: float
) -> None:
    n = exp(1j * normal)
    start = (400 + 30j) * n
    direction = normal + angle
    x, y, ux, uy, length = plane_crossing(
        start.real,
        start.imag,
        cos(direction),
        sin(direction),
        curvature,
        n.real,
        n.imag,
        400 + ahead,
    )
    assume(not isnan(length))
    assert (complex(x, y) / n).real == pytest.approx(400 + ahead, abs=1e-6)
    assert complex(x, y) == pytest.approx(on_circle(start, direction, curvature, length), abs=1e-6)
    turned = phase(complex(ux, uy) / exp(1j * direction))
    assert exp(1j * turned) == pytest.approx(exp(1j * curvature * length), abs=1e-9)


def test_gives_nothing_where_the_circle_does_not_reach() -> None:
    # radius 50 cm: it turns round 100 cm from the beam
    assert isnan(cylinder_crossing(0.0, 0.0, 1.0, 0.0, 0.02, 101.0)[4])
    assert not isnan(cylinder_crossing(0.0, 0.0, 1.0, 0.0, 0.02, 99.0)[4])
    assert isnan(plane_crossing(0.0, 0.0, 1.0, 0.0, 0.02, 1.0, 0.0, 51.0)[4])
    assert not isnan(plane_crossing(0.0, 0.0, 1.0, 0.0, 0.02, 1.0, 0.0, 49.0)[4])
