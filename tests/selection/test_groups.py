"""Groups of measurements: read only if asked for, the same in any chunks and on skims."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import pytest

import dtperf
from dtperf.execution.planning import COPIES
from dtperf.measurements.groups import GROUPS, KNOWN
from dtperf.results.result import Result
from dtperf.selection import branches_of
from tests.helpers.golden import GOLDEN
from tests.nanoaod.files import read_arrays


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("full")
    dtperf.synthetic.generate({"events": 300, "content": "full"}, out, progress=False)
    return out


@pytest.fixture(scope="module")
def measured(sample: Path) -> Result:
    return dtperf.run("dt_performance", sample, progress=False)


def test_every_measurement_has_entries(measured: Result) -> None:
    empty = [name for name in KNOWN if name not in measured or not measured[name].values().sum()]
    # few events have no second segments; the drift velocity is not fitted
    few = {"out_of_time_twinmux_out_by_chamber", "out_of_time_bmtf_in_by_chamber"}
    assert {*empty} <= few | {"drift_velocity_correction"}


def test_small_chunks_give_the_same(sample: Path, measured: Result) -> None:
    config = dtperf.load_config("dt_performance", ["run.chunksize=70"])
    again = dtperf.run(config, sample, progress=False)
    assert len(again.ledger) > len(measured.ledger)
    assert again == measured


def test_processes_give_the_same(sample: Path, measured: Result) -> None:
    config = dtperf.load_config("dt_performance", ["run.executor=futures", "run.workers=2"])
    assert dtperf.run(config, sample, progress=False) == measured


def test_the_standard_measurements_are_what_they_are_without_groups(
    sample: Path, measured: Result
) -> None:
    alone = dtperf.run({}, sample, progress=False)
    assert {*alone} == {*KNOWN} - {name for group in GROUPS.values() for name in group}
    assert all(alone[name] == measured[name] for name in alone)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_reads_what_it_needs_and_no_digis_if_it_needs_none(group: str) -> None:
    needed, optional = branches_of(dtperf.load_config({}))
    config = dtperf.load_config({"measurements": {"groups": [group]}})
    with_group, optional_with_group = branches_of(config)
    more = (with_group | optional_with_group) - (needed | optional)
    # what generation A does not have is only read where it is
    assert more == (optional_with_group - optional if group == "rpc" else with_group - needed)
    read = {name.partition("_")[0] for name in more}
    assert ("dtDigi" in read) == (group == "cells")
    assert ("rpcRecHit" in read) == (group == "rpc")
    assert any(name.startswith("lt") for name in read) == (group == "trigger")


def test_the_default_reads_no_details() -> None:
    needed, _ = branches_of(dtperf.load_config("reference_2023"))
    assert {name.partition("_")[0] for name in needed} == {
        *("run", "luminosityBlock", "muon", "dtSegment")
    }


def test_generation_a_lacks_the_rpcs_and_says_so(tmp_path: Path, measured: Result) -> None:
    settings = {"events": 300, "content": "full", "generation": "A"}
    dtperf.synthetic.generate(settings, tmp_path, progress=False)
    older = dtperf.run("dt_performance", tmp_path, progress=False)
    assert {*measured} - {*older} == {*GROUPS["rpc"]} | {
        *("efficiency_vs_lumi", "efficiency_vs_pileup"),
        *(name for name in KNOWN if name.endswith(("_vs_lumi", "_vs_pileup"))),
    }
    assert {*GROUPS["rpc"]} <= {*older.left_out}
    assert older["layer_efficiency"] == measured["layer_efficiency"]


def test_an_rntuple_gives_the_same(tmp_path: Path, measured: Result) -> None:
    settings = {"events": 300, "content": "full", "format": "rntuple"}
    dtperf.synthetic.generate(settings, tmp_path, progress=False)
    other = dtperf.run("dt_performance", tmp_path, progress=False)
    assert all(other[name] == measured[name] for name in KNOWN)


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_chunks_are_cut_by_what_an_event_has(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"events": 60, "content": "full", "format": format}
    dtperf.synthetic.generate(settings, tmp_path, progress=False)
    sizes = []
    monkeypatch.setattr(
        "dtperf.execution.chunk_sizes.events_at_once", lambda _, size: sizes.append(size) or 60
    )
    config = dtperf.load_config("dt_performance")
    dtperf.run(config, tmp_path, progress=False)
    (file,) = tmp_path.glob("*.root")
    arrays, read = read_arrays(file), frozenset().union(*branches_of(config))
    in_memory = sum(ak.to_packed(arrays[name]).nbytes for name in read & arrays.keys())
    assert sizes == [pytest.approx(COPIES * in_memory / 60, rel=0.15)]


def test_files_without_hits_name_what_they_lack() -> None:
    with pytest.raises(dtperf.InputError, match="dtDigi_"):
        dtperf.run("dt_performance", GOLDEN, progress=False)


@pytest.mark.slow
def test_a_skim_gives_the_same(sample: Path, tmp_path: Path, measured: Result) -> None:
    dtperf.skim.skim("dt_performance", sample, out=tmp_path / "skim", progress=False)
    assert dtperf.run("dt_performance", tmp_path / "skim", progress=False) == measured
