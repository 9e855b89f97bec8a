"""Runs: the golden numbers, on every executor and however the events are cut up."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import awkward as ak
import pytest
from distributed import Client

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.detector import chamber_codes, lengths_cm, widths_cm
from dtperf.execution.runner import Progress
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN, GOLDEN_RNTUPLE, golden_differences
from tests.helpers.runs import N_EVENTS, assert_same, pieces, with_run
from tests.nanoaod.files import read_arrays, write_like


def test_golden(golden_result: Result) -> None:
    assert not golden_differences(golden_result.counts)
    assert not any(golden_result.anomalies[n] for n in golden_result.anomalies if "not_in" not in n)


def test_rntuple(reference_config: AnalysisConfig) -> None:
    result = dtperf.run(reference_config, GOLDEN_RNTUPLE)
    assert not golden_differences(result.counts)


@pytest.mark.parametrize("executor", ["iterative", "futures", "dask"])
def test_executors(executor: str, reference_config: AnalysisConfig, golden_result: Result) -> None:
    config = with_run(reference_config, executor=executor, workers=2, chunksize=1000)
    result = dtperf.run(config, GOLDEN)
    assert_same(result, golden_result)
    assert len(result.ledger) == 4
    assert result.jobs[0]["workers"] == (1 if executor == "iterative" else 2)


def test_on_a_dask_client_with_threads(
    reference_config: AnalysisConfig, golden_result: Result
) -> None:
    config = with_run(reference_config, chunksize=500)
    with Client(
        n_workers=1, threads_per_worker=3, processes=False, dashboard_address="127.0.0.1:0"
    ) as own:
        result = dtperf.run(config, GOLDEN, client=own)
    assert_same(result, golden_result)
    assert result.jobs[0]["workers"] == 3


@pytest.mark.slow
def test_small_chunks(reference_config: AnalysisConfig, golden_result: Result) -> None:
    config = with_run(reference_config, executor="futures", workers=2, chunksize=7)
    result = dtperf.run(config, GOLDEN)
    assert_same(result, golden_result)
    assert result.totals["chunks"] == -(-N_EVENTS // 7)


def test_one_event_a_chunk(tmp_path: Path, reference_config: AnalysisConfig) -> None:
    arrays = {name: values[:60] for name, values in read_arrays(GOLDEN).items()}
    file = write_like(arrays, tmp_path / "few.root")
    alone = dtperf.run(with_run(reference_config, chunksize=1), file)
    assert_same(alone, dtperf.run(reference_config, file))
    assert len(alone.ledger) == 60


def test_split_file(
    tmp_path: Path, reference_config: AnalysisConfig, golden_result: Result
) -> None:
    files = pieces(GOLDEN, tmp_path, [0, 1, 2500])
    config = with_run(reference_config, chunksize=600)
    assert_same(dtperf.run(config, files), golden_result)
    assert_same(dtperf.run(config, files[::-1]), golden_result)


def with_edges_of_the_geometry(arrays: dict[str, Any]) -> dict[str, Any]:
    """Put edge distances into the golden events that a real chamber's size gives.

    The made-up events have chambers of simpler sizes.
    """
    place = (f"muon_matches_{name}" for name in ("wheel", "sector", "station"))
    codes = chamber_codes(*(ak.to_numpy(ak.flatten(arrays[name])) for name in place))
    changed = dict(arrays)
    for axis, edge, sizes in (("x", "edgeX", widths_cm()), ("y", "edgeY", lengths_cm())):
        position = arrays[f"muon_matches_{axis}"]
        half = ak.unflatten(sizes[codes] / 2, ak.num(position))
        distance = abs(ak.values_astype(position, "float64")) - half
        changed[f"muon_matches_{edge}"] = ak.values_astype(distance, "float32")
    return changed


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_generations_and_formats(
    format: Any, tmp_path: Path, reference_config: AnalysisConfig, golden_result: Result
) -> None:
    arrays = with_edges_of_the_geometry(read_arrays(GOLDEN))
    old, new = (
        dtperf.run(
            reference_config,
            write_like(arrays, tmp_path / f"{generation}.root", generation, format),
        )
        for generation in ("A", "B")
    )
    assert_same(old, new)
    # what the edges decide differs from the golden file, and nothing else does
    changed = {n for n in new.counts if new.counts[n] != golden_result.counts[n]}
    assert "by_chamber" in changed
    assert not changed & {"probe_pt", "acceptance_vs_pt", "acceptance_map", "residual_dx_vs_pt"}


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_golden_content_in_files_of_our_own(
    format: Any, tmp_path: Path, reference_config: AnalysisConfig, golden_result: Result
) -> None:
    file = write_like(read_arrays(GOLDEN), tmp_path / "x.root", format=format)
    assert_same(dtperf.run(reference_config, file), golden_result)


def test_ledger_accounts_for_every_event(reference_config: AnalysisConfig) -> None:
    result = dtperf.run(with_run(reference_config, chunksize=1500), GOLDEN)
    assert sum(row.events for row in result.ledger) == result.totals["events"] == N_EVENTS
    assert max(row.events for row in result.ledger) <= 1500
    edges = [(row.start, row.stop) for row in result.ledger]
    assert all(a[1] == b[0] for a, b in pairwise(edges))
    assert all(row.status == "read" and row.bytes > 0 for row in result.ledger)
    assert result.totals["bytes"] < GOLDEN.stat().st_size * 1.5


def test_limits(tmp_path: Path, reference_config: AnalysisConfig) -> None:
    files = pieces(GOLDEN, tmp_path, [0, 3000])
    assert dtperf.run(reference_config, files, limit_files=1).totals["events"] == 3000
    config = with_run(reference_config, chunksize=1000)
    assert dtperf.run(config, files, limit_chunks=2).totals["events"] == 2000


def test_progress(reference_config: AnalysisConfig) -> None:
    seen: list[Progress] = []
    dtperf.run(with_run(reference_config, chunksize=1000), GOLDEN, on_progress=seen.append)
    assert seen[0] == Progress("checking", 1, 1)
    measured = [state.done for state in seen if state.stage == "measuring"]
    assert measured == [0, 1000, 2000, 3000, 4000]
    assert seen[-1].bytes > 0


def test_measurements_of_absent_branches_are_left_out_and_said(golden_result: Result) -> None:
    assert golden_result.left_out == ("efficiency_vs_lumi", "efficiency_vs_pileup")
    assert golden_result.anomalies["events_not_in_efficiency_vs_lumi"] == N_EVENTS


def test_luminosity_and_pileup_when_the_file_has_them(
    tmp_path: Path, reference_config: AnalysisConfig, golden_result: Result
) -> None:
    arrays = read_arrays(GOLDEN)
    arrays["lumi_instLumi"] = arrays["event"] * 0.0 + 12_345.0
    arrays["lumi_avgPileUp"] = arrays["event"] * 0.0 + 40.5
    result = dtperf.run(reference_config, write_like(arrays, tmp_path / "lumi.root"))
    assert not result.left_out
    total = golden_result.counts["by_chamber"].project("station", "passed")
    for name, value in (("efficiency_vs_lumi", 12_345.0), ("efficiency_vs_pileup", 40.5)):
        counts = result.counts[name]
        at = counts.axes[1].index(value)
        assert (counts.view()[:, at] == total.view()).all()
        assert counts.sum(flow=True) == total.sum()


def test_runs_are_the_bins_of_the_run_axis(golden_result: Result) -> None:
    counts = golden_result.counts["efficiency_vs_run"]
    runs = list(counts.axes["run"])
    assert runs == sorted(set(read_arrays(GOLDEN)["run"].tolist()))
    assert counts.sum() == golden_result.counts["by_chamber"].sum()


def test_a_file_without_events_is_read_and_has_none(tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN, 5)
    files = [write_like(arrays, tmp_path / "five.root")]
    files.append(write_like({name: a[:0] for name, a in arrays.items()}, tmp_path / "none.root"))
    result = dtperf.run("reference_2023", files)
    rows = {Path(row.file).name: (row.start, row.stop, row.status) for row in result.ledger}
    assert rows == {"five.root": (0, 5, "read"), "none.root": (0, 0, "read")}
    assert (result.totals["events"], result.ledger.events("read")) == (5, 5)
