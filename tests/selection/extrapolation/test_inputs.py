"""What files `extrapolation: helix` takes, and what it makes of nonsense in them."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

import dtperf
from dtperf.errors import InputError
from dtperf.nanoaod.branches import Generation
from dtperf.results.result import Result
from dtperf.selection import needed_branches, optional_branches
from tests.cli.commands import call
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run
from tests.nanoaod.files import Format, read_arrays, write_like, write_tree
from tests.selection.extrapolation.common import CONFIGS, DXY, FEW, WAYS, tables, without


def test_branches_of_each_way() -> None:
    ntuple, helix = needed_branches("isolated", "ntuple"), needed_branches("isolated", "helix")
    assert helix - ntuple == {DXY}
    assert {"muon_matches_begin", "muon_matches_end", "muon_matches_x"} <= ntuple - helix
    assert all(name.startswith("muon_matches_") for name in ntuple - helix)
    assert not optional_branches({}, "helix")
    assert optional_branches({}, "ntuple") == {"muon_matches_edgeX", "muon_matches_edgeY"}


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
