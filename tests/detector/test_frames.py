"""Local frames against their definition, and the two directions against each other."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.detector import (
    Chamber,
    centres_cm,
    chambers,
    direction_to_global,
    direction_to_local,
    facings,
    frame_table,
    global_direction,
    global_point,
    lengths_cm,
    local_direction,
    local_point,
    sector_angles,
    to_global,
    to_local,
    widths_cm,
)

CODES = np.array([c.code for c in chambers()])
COORDINATES = st.tuples(*[st.floats(-1000, 1000)] * 3)


def axes(code: int) -> np.ndarray:
    """e_x, e_y and e_z of a chamber, as rows, built from vectors."""
    angle = sector_angles()[code]
    e_z = -np.array([np.cos(angle), np.sin(angle), 0.0])
    e_y = np.array([0.0, 0.0, facings()[code]])
    return np.array([np.cross(e_y, e_z), e_y, e_z])


@given(st.sampled_from(chambers()), COORDINATES)
def test_frames_are_as_defined(chamber: Chamber, point: tuple[float, float, float]) -> None:
    code = chamber.code
    expected = axes(code) @ (np.array(point) - centres_cm()[code])
    assert to_local(code, *point) == pytest.approx(expected, abs=1e-9)
    assert direction_to_local(code, *point) == pytest.approx(axes(code) @ point, abs=1e-9)


@given(COORDINATES)
def test_round_trips(point: tuple[float, float, float]) -> None:
    for there, back in (
        (to_local, to_global),
        (to_global, to_local),
        (direction_to_local, direction_to_global),
        (direction_to_global, direction_to_local),
    ):
        again = back(CODES, *there(CODES, *point))
        np.testing.assert_allclose(np.transpose(again), [point] * len(CODES), rtol=0, atol=1e-9)


def test_local_z_points_to_the_beam() -> None:
    x, y, z = centres_cm()[CODES].T
    _, _, beam = to_local(CODES, 0.0, 0.0, z)
    assert (beam > 400).all()
    assert (direction_to_local(CODES, x, y, 0.0)[2] < -400).all()


def test_local_y_follows_the_wheel() -> None:
    assert direction_to_local(Chamber(2, 1, 1).code, 0, 0, 1)[1] == 1
    assert direction_to_local(Chamber(-2, 1, 1).code, 0, 0, 1)[1] == -1
    # wheel 0, sector 1 is built like the negative wheels, sector 2 like the positive ones
    assert direction_to_local(Chamber(0, 1, 1).code, 0, 0, 1)[1] == -1
    assert direction_to_local(Chamber(0, 2, 1).code, 0, 0, 1)[1] == 1


def test_shapes_are_broadcast() -> None:
    x, y, z = to_local(CODES[:, None], np.arange(3, dtype=np.float32), 2, [3, 4, 5])
    assert x.shape == y.shape == z.shape == (250, 3)
    assert x[7, 2] == to_local(CODES[7], 2.0, 2.0, 5.0)[0]
    assert np.ndim(to_global(0, 1.0, 2.0, 3.0)[0]) == 0


@pytest.mark.parametrize("codes", [0, [0], [[0]], [0, 15], [], np.empty((0, 3), int)])
@pytest.mark.parametrize("x", [1.0, [1.0]])
def test_any_number_of_points_will_do(codes: object, x: object) -> None:
    shape = np.broadcast_shapes(np.shape(codes), np.shape(x))
    for transform in (to_local, to_global, direction_to_local, direction_to_global):
        found = transform(codes, x, 2.0, 3.0)
        assert [np.shape(component) for component in found] == [shape] * 3
        if np.size(found[0]):
            assert np.ravel(found)[:: np.size(found[0])].tolist() == [
                float(component) for component in transform(0, 1.0, 2.0, 3.0)
            ]


def test_what_is_no_chamber_has_no_frame() -> None:
    nowhere = [-1, 280, Chamber(0, 13, 1).code]
    for transform in (to_local, to_global, direction_to_local, direction_to_global):
        assert np.isnan(transform(nowhere, 1.0, 2.0, 3.0)).all()


def test_table_has_half_sizes() -> None:
    np.testing.assert_array_equal(frame_table()[:, -2:] * 2, np.c_[widths_cm(), lengths_cm()])
    assert frame_table().flags.c_contiguous


@numba.njit  # type: ignore[untyped-decorator]
def in_a_kernel(frames, code, x, y, z):  # type: ignore[no-untyped-def]
    return (
        local_point(frames, code, x, y, z),
        global_point(frames, code, x, y, z),
        local_direction(frames, code, x, y, z),
        global_direction(frames, code, x, y, z),
    )


def test_kernels_and_arrays_agree() -> None:
    transforms = (to_local, to_global, direction_to_local, direction_to_global)
    for code in CODES:
        inside = in_a_kernel(frame_table(), code, 12.0, -345.0, 67.0)
        outside = [transform(code, 12.0, -345.0, 67.0) for transform in transforms]
        np.testing.assert_allclose(inside, outside, rtol=0, atol=1e-12)
