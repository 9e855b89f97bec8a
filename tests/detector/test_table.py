"""Size and place of chambers against rows of the ideal CMS geometry, and against its symmetry."""

from __future__ import annotations

import numpy as np
import pytest

from dtperf.detector import (
    N_CODES,
    Chamber,
    centres_cm,
    chambers,
    distances_cm,
    facings,
    lengths_cm,
    offsets_cm,
    sector_angles,
    thicknesses_cm,
    widths_cm,
)

# wheel, sector, station, centre x, y, z, normal's azimuth in degrees, facing, width, length,
# thickness: rows of the ideal geometry of CMS that show each rule, mplDTs
ROWS = [
    (-2, 1, 1, 431.175, 39.12, -533.35, 0, -1, 218.0, 251.1, 36.2),
    (-2, 2, 2, 454.531, 237.679, -533.35, 30, -1, 266.8, 251.1, 36.2),
    (0, 6, 3, -546.135, 289.816, -0.85, 150, 1, 315.92, 251.1, 32.7),
    (0, 5, 1, -249.466, 353.849, 0.85, 120, -1, 218.0, 251.1, 36.2),
    (0, 7, 2, -512.475, 21.43, -0.85, 180, 1, 266.8, 251.1, 36.2),
    (-1, 3, 1, 181.709, 392.969, -287.25, 60, -1, 218.0, 212.1, 36.2),
    (-1, 3, 3, 289.816, 546.135, -287.25, 60, -1, 315.92, 212.1, 32.65),
    (-1, 3, 4, 442.281, 576.264, -287.25, 60, -1, 416.34, 212.1, 32.6),
    (1, 4, 2, 21.43, 512.475, 287.25, 90, 1, 266.8, 212.1, 36.2),
    (1, 4, 3, -22.08, 617.875, 287.25, 90, 1, 315.92, 212.1, 32.65),
    (1, 4, 4, 160.75, 720.2, 287.25, 90, 1, 315.92, 212.1, 32.6),
    (1, 13, 4, -160.75, 720.2, 287.25, 90, 1, 315.92, 212.1, 32.6),
    (-1, 4, 4, 160.75, 720.2, -267.75, 90, -1, 311.6, 251.1, 32.6),
    (0, 13, 4, -160.75, 720.2, 0.85, 90, -1, 311.6, 251.1, 32.6),
    (0, 2, 4, 671.159, 277.919, -0.85, 30, 1, 416.34, 251.1, 32.6),
    (0, 6, 4, -671.159, 277.919, -0.85, 150, 1, 416.34, 251.1, 32.6),
    (2, 8, 4, -580.461, -435.011, 533.35, -150, 1, 412.664, 251.1, 32.6),
    (-2, 12, 4, 580.461, -435.011, -533.35, -30, -1, 412.664, 251.1, 32.6),
    (0, 9, 4, -356.143, -628.824, 0.85, -120, -1, 209.2, 251.1, 32.6),
    (0, 11, 4, 356.143, -628.824, -0.85, -60, 1, 209.2, 251.1, 32.6),
    (1, 10, 4, -136.77, -720.2, 267.75, -90, 1, 260.94, 251.1, 32.6),
    (0, 14, 4, 136.77, -720.2, -0.85, -90, 1, 260.94, 251.1, 32.6),
]
BY_CODE = (centres_cm, distances_cm, facings, lengths_cm, offsets_cm, sector_angles)
# chambers that a chimney shortens have no counterpart
CHIMNEYS = {(-1, 3), (1, 4), (1, 13)}


@pytest.mark.parametrize("row", ROWS)
def test_chambers_are_those_of_cms(row: tuple[float, ...]) -> None:
    wheel, sector, station, x, y, z, normal_deg, facing, width, length, thickness = row
    code = Chamber(int(wheel), int(sector), int(station)).code
    assert centres_cm()[code] == pytest.approx([x, y, z], abs=0.01)
    assert np.degrees(sector_angles()[code]) == pytest.approx(normal_deg)
    assert facings()[code] == facing
    sizes = [sizes()[code] for sizes in (widths_cm, lengths_cm, thicknesses_cm)]
    assert sizes == pytest.approx([width, length, thickness], abs=0.01)


@pytest.mark.parametrize("by_code", [*BY_CODE, thicknesses_cm, widths_cm])
def test_only_chambers_have_numbers(by_code: object) -> None:
    table = by_code()  # type: ignore[operator]
    known = np.isin(np.arange(N_CODES), [c.code for c in chambers()])
    assert np.isfinite(table[known]).all()
    assert np.isnan(table[~known]).all()
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 0.0


def test_centre_has_the_distance_and_offset() -> None:
    normal = np.column_stack((np.cos(sector_angles()), np.sin(sector_angles())))
    along_phi = np.column_stack((-normal[:, 1], normal[:, 0]))
    centres = centres_cm()[:, :2]
    np.testing.assert_allclose((normal * centres).sum(axis=1), distances_cm())
    np.testing.assert_allclose((along_phi * centres).sum(axis=1), offsets_cm())


def test_mb1_to_mb3_repeat_every_30_degrees() -> None:
    cos, sin = np.cos(np.pi / 6), np.sin(np.pi / 6)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    pairs = [
        (c, Chamber(c.wheel, c.sector % 12 + 1, c.station))
        for c in chambers()
        if c.station < 4 and c.wheel != 0
    ]
    regular = [(a.code, b.code) for a, b in pairs if not CHIMNEYS & {a[:2], b[:2]}]
    assert len(regular) == 3 * (48 - 4)
    one, next_one = np.array(regular).T
    np.testing.assert_allclose(centres_cm()[one] @ turn.T, centres_cm()[next_one], atol=1e-9)
    np.testing.assert_array_equal(widths_cm()[one], widths_cm()[next_one])
    np.testing.assert_array_equal(lengths_cm()[one], lengths_cm()[next_one])


def test_wheels_mirror_each_other_in_z() -> None:
    regular = [
        c for c in chambers() if c.wheel > 0 and not {c[:2], (-c.wheel, c.sector)} & CHIMNEYS
    ]
    assert len(regular) == 100 - 4 - 4 - 1
    one = np.array([c.code for c in regular])
    other = np.array([c._replace(wheel=-c.wheel).code for c in regular])
    np.testing.assert_allclose(centres_cm()[one] * [1, 1, -1], centres_cm()[other], atol=1e-9)
    np.testing.assert_array_equal(facings()[one], -facings()[other])
    for sizes in (widths_cm(), lengths_cm(), thicknesses_cm()):
        np.testing.assert_array_equal(sizes[one], sizes[other])


def test_mb4_is_the_same_left_and_right() -> None:
    across = {1: 7, 2: 6, 3: 5, 4: 13, 8: 12, 9: 11, 10: 14}
    for sector, opposite in across.items():
        one, other = Chamber(-2, sector, 4).code, Chamber(-2, opposite, 4).code
        assert centres_cm()[one] * [-1, 1, 1] == pytest.approx(centres_cm()[other], abs=1e-9)
        assert widths_cm()[one] == widths_cm()[other]


@pytest.mark.parametrize("wheel", range(-2, 3))
@pytest.mark.parametrize(("sector", "second"), [(4, 13), (10, 14)])
def test_second_chambers_of_mb4_stand_beside_the_first(
    wheel: int, sector: int, second: int
) -> None:
    one, other = Chamber(wheel, sector, 4).code, Chamber(wheel, second, 4).code
    for same in (distances_cm(), sector_angles(), widths_cm(), centres_cm()[:, 2]):
        assert same[one] == same[other]
    gap_cm = abs(offsets_cm()[one] - offsets_cm()[other]) - widths_cm()[one]
    assert 0 < gap_cm < 15


def test_wheels_do_not_overlap() -> None:
    low = centres_cm()[:, 2] - lengths_cm() / 2
    high = centres_cm()[:, 2] + lengths_cm() / 2
    for chamber in chambers():
        if chamber.wheel < 2:
            gap_cm = low[chamber._replace(wheel=chamber.wheel + 1).code] - high[chamber.code]
            # chimneys leave room towards wheel 0
            at_chimney = {chamber[:2], (chamber.wheel + 1, chamber.sector)} & CHIMNEYS
            assert 14 < gap_cm < (60 if at_chimney else 20), chamber
