"""`extrapolation: helix` against the crossings that a synthetic sample has in its file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from dtperf.results.result import Result
from dtperf.selection.tables import Table
from tests.selection.extrapolation.common import WAYS, tables


class Both(NamedTuple):
    """The crossings that both ways find, row by row."""

    ntuple: Table
    helix: Table
    in_ntuple: npt.NDArray[np.intp]
    in_helix: npt.NDArray[np.intp]
    only_one: int

    def differences(self, column: str) -> npt.NDArray[np.float32]:
        difference = self.ntuple[column][self.in_ntuple] - self.helix[column][self.in_helix]
        return np.abs(difference, dtype=np.float32)


def crossed(table: Table) -> dict[tuple[int, int], int]:
    rows = np.flatnonzero(table["match"] >= 0)
    return {(int(table["pair"][i]), int(table["chamber"][i])): int(i) for i in rows}


@pytest.fixture(scope="module")
def both(sample: Path) -> Both:
    ntuple, helix = (tables(sample, way) for way in WAYS)
    assert ntuple.pairs["selected"].tolist() == helix.pairs["selected"].tolist()
    one, other = crossed(ntuple.crossings), crossed(helix.crossings)
    common = sorted(one.keys() & other.keys())
    in_ntuple, in_helix = (np.array([rows[key] for key in common]) for rows in (one, other))
    only_one = len(one.keys() ^ other.keys())
    return Both(ntuple.crossings, helix.crossings, in_ntuple, in_helix, only_one)


def test_the_same_chambers_are_crossed(both: Both) -> None:
    assert len(both.in_helix) > 8000
    assert both.only_one < 0.005 * len(both.in_helix)


def test_the_places_agree(both: Both) -> None:
    for column, tolerance_cm in (("local_x", 0.5), ("local_y", 1.0)):
        difference = both.differences(column)
        assert np.mean(difference < tolerance_cm) > 0.99
        edge = column.replace("local", "edge")
        np.testing.assert_allclose(both.differences(edge), difference, atol=0.01)


def test_the_same_segments_are_found(both: Both) -> None:
    for column in ("segment", "passing", "station_passing", "is_fiducial", "is_eligible"):
        one = both.ntuple[column][both.in_ntuple]
        other = both.helix[column][both.in_helix]
        assert np.count_nonzero(one != other) <= 20, column
    missed = [{*zip(*not_crossed(table), strict=True)} for table in (both.ntuple, both.helix)]
    assert len(missed[0]) > 1000
    assert len(missed[0] ^ missed[1]) <= 20


def not_crossed(table: Table) -> tuple[list[int], list[int]]:
    nowhere = table["match"] < 0
    return table["pair"][nowhere].tolist(), table["station"][nowhere].tolist()


def test_stations_not_crossed_have_a_row_as_well(both: Both) -> None:
    pairs = both.helix["pair"].max() + 1
    assert np.count_nonzero(both.helix["is_first"]) == 4 * pairs
    nowhere = both.helix["match"] < 0
    assert 0 < np.count_nonzero(nowhere) < both.helix.rows
    assert set(both.helix["wheel"][nowhere]) == {-99}
    for column in ("local_x", "edge_y", "sigma_x", "sigma_y", "dr"):
        assert np.isnan(both.helix[column][nowhere]).all()
    assert not both.helix["is_fiducial"][nowhere].any()


def test_efficiencies_agree(results: dict[str, Result]) -> None:
    for one, other in zip(*(results[way].by_station() for way in WAYS), strict=True):
        for name in ("fiducial", "with_acceptance"):
            efficiencies = getattr(one, name), getattr(other, name)
            totals = [efficiency.total for efficiency in efficiencies]
            assert totals[0] > 500
            assert totals[1] == pytest.approx(totals[0], rel=0.005)
            assert efficiencies[0].value == pytest.approx(efficiencies[1].value, abs=0.003)


def test_only_helix_knows_uncertainties(both: Both) -> None:
    for column in ("sigma_x", "sigma_y"):
        assert both.ntuple[column].shape == (both.ntuple.rows,)
        assert np.isnan(both.ntuple[column]).all()
        assert (both.helix[column][both.in_helix] > 0).all()


def test_uncertainties_grow_outwards_and_fall_with_pt(both: Both) -> None:
    rows = both.in_helix
    station, pt = both.helix["station"][rows], both.helix["probe_pt"][rows]
    bands = ((0, 30), (30, 45), (45, 60), (60, np.inf))
    for column in ("sigma_x", "sigma_y"):
        sigma = both.helix[column][rows]
        medians = np.array(
            [
                [
                    np.median(sigma[(station == s) & (low <= pt) & (pt < high)])
                    for low, high in bands
                ]
                for s in (1, 2, 3, 4)
            ]
        )
        assert (np.diff(medians, axis=0) > 0).all()
        assert (np.diff(medians, axis=1) < 0).all()
        # scattering goes with 1 / p: that of the second band is about 38 / 26 less than the first
        assert np.all((medians[:, 0] / medians[:, 1] > 1.2) & (medians[:, 0] / medians[:, 1] < 1.8))
