"""Parts of the detector by name, and how much of the muons' directions chambers take."""

from __future__ import annotations

import numpy as np
import pytest

from dtperf import detector
from dtperf.detector import Chamber, Place, chambers, fiducial_acceptances, places


@pytest.mark.parametrize(
    ("place", "name", "n"),
    [
        (Place(), "the whole barrel", 250),
        (Place(-1), "wheel -1", 50),
        (Place(0, 5), "sector 5 of wheel 0", 4),
        (Place(1, 4), "sector 4 of wheel +1", 5),
        (Place(-2, 10), "sector 10 of wheel -2", 5),
        (Place(station=4), "MB4", 70),
        (Place(2, station=3), "MB3 of wheel +2", 12),
        (Place(0, 13, 4), "MB4 W0 S13", 1),
    ],
)
def test_names_and_chambers(place: Place, name: str, n: int) -> None:
    assert place.name == name
    assert len(place.chambers) == n
    assert place in places()
    assert all(place.holds(Place(*chamber)) for chamber in place.chambers)


def test_a_place_of_one_chamber_is_the_chamber() -> None:
    for chamber in chambers():
        assert Place(*chamber) == chamber
        assert Place(*chamber).chambers == (chamber,)
        assert Place(*chamber).name == chamber.name


def test_sectors_hold_every_chamber_once() -> None:
    sectors = [place for place in places() if place.station is None and place.sector is not None]
    held = [chamber for place in sectors for chamber in place.chambers]
    assert sorted(held) == sorted(chambers())
    assert [place.level for place in places()] == sorted(
        (place.level for place in places()), reverse=True
    )


def test_neighbours() -> None:
    sector = Place(0, 12)
    assert sector.is_near(Place(1, 1))
    assert sector.is_near(Place(-1, 11, 2))
    assert not sector.is_near(Place(0, 2))
    assert not sector.is_near(Place(2, 12))
    assert Place(0, 5).is_near(Place(0, 13, 4))  # 13 is the other half of 4
    assert Place(1).is_near(Place(2, station=4))
    assert Chamber(1, 4, 4) in Place(1, 4).chambers


def test_acceptances_are_the_part_of_lines_that_cross() -> None:
    """Lines from the origin, even in eta and phi, by the search for chambers on them."""
    rng = np.random.default_rng(4)
    n, limits = 400_000, (1.2, 1.05, 0.9, 0.75)
    eta, phi = rng.uniform(-1.25, 1.25, n), rng.uniform(-np.pi, np.pi, n)
    directions = np.column_stack((np.cos(phi), np.sin(phi), np.sinh(eta)))
    found = detector.chambers_on_lines(np.zeros((n, 3)), directions, margin_cm=0.0)
    station = detector.stations()[found.code] - 1
    kept = (
        (np.abs(found.x) < detector.widths_cm()[found.code] / 2 - 15)
        & (np.abs(found.y) < detector.lengths_cm()[found.code] / 2 - 15)
        & (np.abs(eta[found.line]) < np.array(limits)[station])
    )
    counts = np.bincount(found.code[kept], minlength=detector.N_CODES)
    expected = fiducial_acceptances(limits, -15, -15) * n / (2.5 * 2 * np.pi)
    codes = [chamber.code for chamber in chambers()]
    counts, expected = counts[codes], expected[codes]
    assert (np.abs(counts - expected) < 0.02 * expected + 4.5 * np.sqrt(expected)).all()
    assert counts.sum() == pytest.approx(expected.sum(), rel=0.005)


def test_acceptance_follows_the_superlayers_where_the_border_does() -> None:
    wide, narrow = (
        fiducial_acceptances((1.2,) * 4, -15, -15, of_superlayers=of) for of in (False, True)
    )
    same, smaller = Chamber(0, 2, 4).code, Chamber(0, 8, 4).code
    assert narrow[same] == wide[same]
    # 391.14 + 2 * 4.2 cm of superlayers in a chamber of 412.664 cm, seen under up to 22 degrees
    ratio = (391.14 + 8.4 - 30) / (412.664 - 30)
    assert narrow[smaller] / wide[smaller] == pytest.approx(ratio, abs=0.005)


def test_what_the_cuts_leave_out_has_no_acceptance() -> None:
    narrow = fiducial_acceptances((0.3,) * 4, -15, -15)
    assert narrow[Chamber(2, 1, 1).code] == 0
    assert narrow[Chamber(0, 1, 1).code] > 0
    assert fiducial_acceptances((1.2,) * 4, -105, -15)[Chamber(0, 9, 4).code] == 0
