"""Codes and raw ids against each other and against rows of the ideal CMS geometry."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from dtperf.detector import (
    N_CODES,
    Chamber,
    chamber_codes,
    chambers,
    codes_of_raw_ids,
    of_chambers,
    raw_ids,
    sectors,
    stations,
    wheels,
)
from dtperf.detector.numbering import SECTOR_IN_PLACE, chamber_code, second_sector

# as CMS numbers them
RAW_IDS = [
    (574914560, Chamber(-2, 1, 1)),
    (579371008, Chamber(-2, 2, 2)),
    (583892992, Chamber(0, 3, 3)),
    (575471616, Chamber(-1, 3, 1)),
    (588382208, Chamber(1, 4, 4)),
    (590741504, Chamber(1, 13, 4)),
    (591036416, Chamber(2, 14, 4)),
    (589660160, Chamber(0, 9, 4)),
]


def test_there_are_250() -> None:
    assert len(chambers()) == len(set(chambers())) == 250
    assert [sum(c.station == s for c in chambers()) for s in (1, 2, 3, 4)] == [60, 60, 60, 70]


def test_codes_are_those_of_the_chambers_and_no_others() -> None:
    every = [(w, s, st) for w in range(-4, 5) for s in range(-1, 17) for st in range(-1, 7)]
    columns = [np.array(column, dtype=np.int16) for column in zip(*every, strict=True)]
    known = {tuple(c): c.code for c in chambers()}
    assert chamber_codes(*columns).tolist() == [known.get(place, -1) for place in every]
    assert sorted(known.values()) == sorted(set(known.values()))
    assert 0 <= min(known.values()) <= max(known.values()) < N_CODES


def test_codes_decode_to_their_places() -> None:
    for chamber in chambers():
        place = (column[chamber.code] for column in (wheels(), sectors(), stations()))
        assert Chamber(*place) == chamber
    assert wheels().shape == sectors().shape == stations().shape == (N_CODES,)


@pytest.mark.parametrize("stations_kept", [3, 4])
@pytest.mark.parametrize("sectors_kept", [12, 14])
def test_cells_of_chambers_are_0_where_an_axis_ends_before_them(
    stations_kept: int, sectors_kept: int
) -> None:
    whole = np.arange(1, 1 + 4 * 5 * 14).reshape(4, 5, 14)
    kept = whole[:stations_kept, :, :sectors_kept]
    want = [
        whole[c.station - 1, c.wheel + 2, c.sector - 1]
        * (c.station <= stations_kept and c.sector <= sectors_kept)
        for c in chambers()
    ]
    assert of_chambers(kept).tolist() == want
    pairs = np.stack([kept, -kept], axis=-1)
    assert of_chambers(pairs).tolist() == [[each, -each] for each in want]


def test_names() -> None:
    assert Chamber(-1, 12, 2).name == "MB2 W-1 S12"
    assert Chamber(0, 4, 4).name == "MB4 W0 S4"
    assert Chamber(2, 1, 1).name == "MB1 W+2 S1"


@pytest.mark.parametrize(("raw_id", "chamber"), RAW_IDS)
def test_raw_ids_are_those_of_cms(raw_id: int, chamber: Chamber) -> None:
    assert chamber.raw_id == raw_ids()[chamber.code] == raw_id
    assert Chamber.from_raw_id(raw_id) == chamber


def test_raw_ids_find_every_chamber() -> None:
    codes = np.array([c.code for c in chambers()])
    assert codes_of_raw_ids(raw_ids()[codes]).tolist() == codes.tolist()
    assert np.count_nonzero(raw_ids()) == 250


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(0, id="nothing"),
        pytest.param(-1, id="negative"),
        pytest.param(574914560 + 8192, id="a superlayer"),
        pytest.param(574914560 + (1 << 28), id="another detector"),
        pytest.param(574914560 + (12 << 18), id="MB1 has no sector 13"),
        pytest.param(574914560 + (5 << 15), id="wheel +3"),
        pytest.param(574914560 + (1 << 40), id="too long"),
    ],
)
def test_other_numbers_are_no_chamber(wrong: int) -> None:
    assert codes_of_raw_ids(np.array([wrong, 574914560])).tolist() == [-1, Chamber(-2, 1, 1).code]
    with pytest.raises(ValueError, match=f"^{wrong} .*not the raw id of a DT chamber"):
        Chamber.from_raw_id(wrong)


def test_kernels_number_all_chambers_as_everybody_does() -> None:
    @numba.njit
    def codes_in_order() -> list[int]:
        found = []
        for station in range(1, 5):
            for wheel in range(-2, 3):
                for sector in range(1, 13):
                    for place in (sector, second_sector(sector, station)):
                        if place:
                            found.append(chamber_code(wheel, place, station))  # noqa: PERF401
        return found

    in_order = sorted(
        chambers(), key=lambda c: (c.station, c.wheel, SECTOR_IN_PLACE.get(c.sector, c.sector))
    )
    assert codes_in_order() == [chamber.code for chamber in in_order]
