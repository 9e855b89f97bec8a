"""`extrapolation: helix` against the crossings that a synthetic sample has in its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
import numpy.typing as npt
import pytest
import uproot
from coffea.nanoevents import NanoEventsFactory

import dtperf
from dtperf.config import AnalysisConfig, config_to_yaml, load_config
from dtperf.errors import ConfigError, InputError
from dtperf.nanoaod import ColumnFilter, MuonDPGSchema
from dtperf.results import Result
from dtperf.selection import Tables, needed_branches, optional_branches, tag_and_probe
from dtperf.selection.table import Table
from dtperf.synthetic import Settings, generate
from tests.cli.commands import call
from tests.golden import GOLDEN
from tests.nanoaod.files import Format, Generation, read_arrays, write_like, write_tree
from tests.test_runner import assert_same, with_run

WAYS = ("ntuple", "helix")
FEW = 300
DXY = "muon_trk_dxy"


def config(way: str) -> AnalysisConfig:
    # not cut to whole centimetres: that would make a micrometre a centimetre
    return load_config({"extrapolation": way})


CONFIGS = {way: config(way) for way in WAYS}


def tables(path: Path, way: str) -> Tables:
    tree = {str(path): "Events"}
    events = NanoEventsFactory.from_root(tree, schemaclass=MuonDPGSchema, mode="eager").events()
    return tag_and_probe(events, CONFIGS[way])


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make 5,000 events, and keep the branches that are read."""
    directory = tmp_path_factory.mktemp("sample")
    generate(Settings(events=5000, seed=11, format="rntuple"), directory)
    names = [*needed_branches("isolated"), *optional_branches(()), DXY]
    with uproot.open({str(directory / "nano_0000.root"): "Events"}) as tree:
        arrays = tree.arrays(filter_field=ColumnFilter.of(names), how=dict)
    return write_like(arrays, directory / "sample.root")


@pytest.fixture(scope="module")
def arrays(sample: Path) -> dict[str, ak.Array]:
    return read_arrays(sample)


@pytest.fixture(scope="module")
def results(sample: Path) -> dict[str, Result]:
    return {way: dtperf.run(CONFIGS[way], sample) for way in WAYS}


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
    rows = [np.array([of[key] for key in common]) for of in (one, other)]
    return Both(ntuple.crossings, helix.crossings, *rows, only_one=len(one.keys() ^ other.keys()))


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


def test_branches_of_each_way() -> None:
    ntuple, helix = needed_branches("isolated", "ntuple"), needed_branches("isolated", "helix")
    assert helix - ntuple == {DXY}
    assert {"muon_matches_begin", "muon_matches_end", "muon_matches_x"} <= ntuple - helix
    assert all(name.startswith("muon_matches_") for name in ntuple - helix)
    assert not optional_branches((), "helix")
    assert optional_branches((), "ntuple") == {"muon_matches_edgeX", "muon_matches_edgeY"}


def without(arrays: dict[str, ak.Array], start: str) -> dict[str, ak.Array]:
    left = {name: array for name, array in arrays.items() if not name.startswith(start)}
    assert len(left) < len(arrays)
    return left


def test_helix_needs_no_matches(
    tmp_path: Path, arrays: dict[str, ak.Array], results: dict[str, Result]
) -> None:
    path = write_like(without(arrays, "muon_matches_"), tmp_path / "own.root")
    assert_same(dtperf.run(CONFIGS["helix"], path), results["helix"])
    with pytest.raises(InputError) as error:
        dtperf.run(CONFIGS["ntuple"], path)
    for part in (str(path), "7 not there", "muon_matches_begin", "muon_matches_x"):
        assert part in str(error.value)


def test_ntuple_needs_no_dxy(
    tmp_path: Path, arrays: dict[str, ak.Array], results: dict[str, Result]
) -> None:
    path = write_like(without(arrays, DXY), tmp_path / "theirs.root")
    assert_same(dtperf.run(CONFIGS["ntuple"], path), results["ntuple"])
    with pytest.raises(InputError, match=f"1 not there: {DXY}"):
        dtperf.run(CONFIGS["helix"], path)
    with pytest.raises(InputError, match=f"the events have no {DXY}"):
        tables(path, "helix")


def test_the_command_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_like(without(read_arrays(GOLDEN, 50), DXY), tmp_path / "golden.root")
    arguments = ("run", "reference_2023", path, "-o", tmp_path / "out")
    done = call(monkeypatch, capfd, *arguments, "--set", "extrapolation=helix")
    assert done.code == 1
    assert f"{path}: is a muon DPG NANO of generation B" in done.err
    assert f"1 not there: {DXY}" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()
    assert call(monkeypatch, capfd, *arguments).code == 0


@pytest.mark.parametrize("way", WAYS)
def test_generations_formats_and_chunks(
    way: str, tmp_path: Path, arrays: dict[str, ak.Array]
) -> None:
    few = {name: array[:FEW] for name, array in arrays.items()}
    generations: tuple[Generation, ...] = ("A", "B")
    formats: tuple[Format, ...] = ("ttree", "rntuple")
    expected = None
    for generation in generations:
        for form in formats:
            path = write_like(few, tmp_path / f"{generation}{form}.root", generation, form)
            result = dtperf.run(CONFIGS[way], path)
            expected = expected or result
            assert_same(result, expected)
    assert expected is not None
    assert expected.totals["crossings"] > FEW
    pieces = dtperf.run(with_run(CONFIGS[way], chunksize=7), path)
    assert_same(pieces, expected)
    assert pieces.totals["chunks"] == -(-FEW // 7)


def test_worker_processes(sample: Path, results: dict[str, Result]) -> None:
    spread = with_run(CONFIGS["helix"], executor="futures", workers=2, chunksize=1700)
    assert_same(dtperf.run(spread, sample), results["helix"])


def test_config() -> None:
    assert AnalysisConfig().extrapolation == "ntuple"
    assert CONFIGS["helix"].extrapolation == "helix"
    assert CONFIGS["helix"].hash != CONFIGS["ntuple"].hash == AnalysisConfig().hash
    text = config_to_yaml(CONFIGS["helix"])
    assert "\nextrapolation: helix\n" in text
    assert "Allowed: one of 'ntuple', 'helix'." in text
    assert load_config("reference_2023", ["extrapolation=helix"]).extrapolation == "helix"


@pytest.mark.parametrize("value", ["helx", "Helix", 3, True, None])
def test_a_wrong_way_in_the_config(value: Any) -> None:
    with pytest.raises(ConfigError) as error:
        load_config({"extrapolation": value})
    assert "extrapolation: " in str(error.value)
    assert "is not allowed; allowed: one of 'ntuple', 'helix'" in str(error.value)


def test_config_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shown = call(monkeypatch, capfd, "config", "show", "reference_2023")
    assert "\nextrapolation: ntuple\n" in shown.out
    change = ("reference_2023", "--set", "extrapolation=helix")
    shown = call(monkeypatch, capfd, "config", "show", *change)
    assert "\nextrapolation: helix\n" in shown.out
    hashes = [
        call(monkeypatch, capfd, "config", "check", *arguments).out.split()[-1]
        for arguments in (("reference_2023",), change)
    ]
    assert hashes[0] != hashes[1]
    wrong = call(
        monkeypatch, capfd, "config", "check", "reference_2023", "--set", "extrapolation=no"
    )
    assert wrong.code == 2
    assert "one of 'ntuple', 'helix'" in wrong.err


def spoilt(arrays: dict[str, ak.Array], every: int) -> dict[str, ak.Array]:
    """Make the dxy of each so many-th muon one that no fit gives."""
    counts = ak.num(arrays[DXY])
    dxy = ak.to_numpy(ak.flatten(arrays[DXY])).copy()
    wrong = np.array([np.nan, np.inf, -np.inf], np.float32)
    dxy[::every] = np.resize(wrong, len(dxy[::every]))
    return {**arrays, DXY: ak.unflatten(dxy, counts)}


def test_probes_without_finite_dxy_are_counted_and_left_out(
    tmp_path: Path, arrays: dict[str, ak.Array], sample: Path
) -> None:
    changed = spoilt(arrays, 5)
    dxy = ak.to_numpy(ak.flatten(changed[DXY]))
    path = write_tree(changed, tmp_path / "spoilt.root")
    bad, good = tables(path, "helix"), tables(sample, "helix")
    assert bad.anomalies["muon_dxy_not_finite"] == np.count_nonzero(~np.isfinite(dxy)) > 1000
    assert good.anomalies["muon_dxy_not_finite"] == 0
    assert bad.pairs["selected"].tolist() == good.pairs["selected"].tolist()
    # neither as crossing a chamber nor as missing it, which would cost acceptance; as with a
    # range outside its event
    known = np.isfinite(dxy[good.crossings["probe"]])
    assert 0 < np.count_nonzero(~known) < len(known) / 3
    for column in ("pair", "station", "chamber", "local_x", "segment", "sigma_y"):
        np.testing.assert_array_equal(bad.crossings[column], good.crossings[column][known])
    # their rows next to each other are still told apart
    assert np.count_nonzero(bad.crossings["is_first"]) == 4 * len(np.unique(bad.crossings["pair"]))

    result = dtperf.run(CONFIGS["helix"], path)
    assert result.anomalies["muon_dxy_not_finite"] == np.count_nonzero(~np.isfinite(dxy))
    ntuple = dtperf.run(CONFIGS["ntuple"], path)
    assert "muon_dxy_not_finite" not in ntuple.anomalies


@pytest.mark.parametrize("way", WAYS)
def test_no_pair_at_all(way: str, tmp_path: Path, arrays: dict[str, ak.Array]) -> None:
    few = {name: array[:FEW] for name, array in arrays.items()}
    charge = ak.ones_like(few["muon_charge"])
    path = write_like({**few, "muon_charge": charge}, tmp_path / "same_sign.root")
    found = tables(path, way)
    assert found.pairs.rows > 0
    assert found.crossings.rows == 0
    for column in found.crossings:
        assert len(found.crossings[column]) == 0
    result = dtperf.run(CONFIGS[way], path)
    assert (result.totals["pairs"], result.totals["crossings"]) == (0, 0)


def test_no_muon_at_all(tmp_path: Path, arrays: dict[str, ak.Array]) -> None:
    empty = {n: a[:20, :0] if n.startswith("muon_") else a[:20] for n, a in arrays.items()}
    path = write_like(empty, tmp_path / "empty.root")
    assert dtperf.run(CONFIGS["helix"], path).totals["crossings"] == 0
