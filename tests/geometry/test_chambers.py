"""The chambers against a few rows of the ideal CMS geometry, and against their own symmetry."""

from __future__ import annotations

import numpy as np
import pytest

from dtperf.geometry import N_CODES, Chamber, chamber_codes, chambers, lengths_cm, widths_cm

# wheel, sector, station, width, length: rows of the ideal geometry that show each rule
ROWS = [
    (-2, 1, 1, 218.0, 251.1),
    (0, 6, 2, 266.8, 251.1),
    (2, 12, 3, 315.92, 251.1),
    (-2, 1, 4, 416.34, 251.1),
    (0, 4, 4, 311.6, 251.1),
    (1, 4, 4, 315.92, 212.1),
    (1, 13, 4, 315.92, 212.1),
    (-1, 4, 4, 311.6, 251.1),
    (-1, 3, 4, 416.34, 212.1),
    (-1, 3, 1, 218.0, 212.1),
    (1, 4, 2, 266.8, 212.1),
    (1, 3, 2, 266.8, 251.1),
    (2, 8, 4, 412.66, 251.1),
    (0, 9, 4, 209.2, 251.1),
    (0, 14, 4, 260.94, 251.1),
]


@pytest.mark.parametrize(("wheel", "sector", "station", "width", "length"), ROWS)
def test_sizes(wheel: int, sector: int, station: int, width: float, length: float) -> None:
    code = Chamber(wheel, sector, station).code
    assert widths_cm()[code] == pytest.approx(width, abs=0.01)
    assert lengths_cm()[code] == pytest.approx(length, abs=0.01)


def test_there_are_250() -> None:
    assert len(chambers()) == len(set(chambers())) == 250
    assert [sum(c.station == s for c in chambers()) for s in (1, 2, 3, 4)] == [60, 60, 60, 70]
    assert np.isfinite(widths_cm()).sum() == np.isfinite(lengths_cm()).sum() == 250


def test_codes_are_those_of_the_chambers_and_no_others() -> None:
    every = [(w, s, st) for w in range(-4, 5) for s in range(-1, 17) for st in range(-1, 7)]
    columns = [np.array(column, dtype=np.int16) for column in zip(*every, strict=True)]
    known = {tuple(c): c.code for c in chambers()}
    assert chamber_codes(*columns).tolist() == [known.get(place, -1) for place in every]
    assert sorted(known.values()) == sorted(set(known.values()))
    assert 0 <= min(known.values()) <= max(known.values()) < N_CODES


def test_names() -> None:
    assert Chamber(-1, 12, 2).name == "MB2 W-1 S12"
    assert Chamber(0, 4, 4).name == "MB4 W0 S4"
    assert Chamber(2, 1, 1).name == "MB1 W+2 S1"
