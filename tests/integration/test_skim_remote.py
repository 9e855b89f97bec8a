"""Skims of files that come from servers piece by piece, some of them from another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import dtperf
from dtperf.execution.runner import Progress
from dtperf.skim import load_skim, skim
from tests.helpers.golden import GOLDEN
from tests.integration.xrootd_runs import IMPATIENT_S
from tests.integration.xrootd_server import Server
from tests.nanoaod.files import read_arrays, write_tree
from tests.skim.samples import measured

pytest.importorskip("fsspec_xrootd")
pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

CUTS = {"selection.probe.min_pt": 28.0, "selection.passing.max_dx": 4.0}
CLUSTER, CHUNK = 100, 1000


def config(*settings: str) -> dtperf.AnalysisConfig:
    return dtperf.load_config("reference_2023", [f"run.chunksize={CHUNK}", *settings])


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clusters")
    return write_tree(read_arrays(GOLDEN), folder / "many.root", cluster=CLUSTER)


@pytest.fixture(scope="module")
def tighter(local: Path) -> dtperf.Result:
    """What the file gives with tighter cuts."""
    return measured(config(*(f"{key}={value}" for key, value in CUTS.items())), local)


def assert_whole(out: Path, tighter: dtperf.Result) -> None:
    found = dtperf.Analysis(out).with_cuts(CUTS)
    assert found.counts == tighter.counts
    assert found.totals["pairs"] == tighter.totals["pairs"]
    assert found.anomalies == tighter.anomalies


def test_a_chunk_comes_in_parts(
    server: Server,
    local: Path,
    tmp_path: Path,
    tighter: dtperf.Result,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dtperf.execution.chunks.SMALLEST_PART", CLUSTER)
    server.add(local)
    out = tmp_path / "skim"
    result = skim(config(), server.url("many.root"), out=out)
    made = load_skim(out)
    assert len(made.ledger) == 4
    assert len(made.parts) > 3 * len(made.ledger)
    assert result.counts == measured(config(), local).counts
    assert_whole(out, tighter)


def test_another_server_takes_over(
    servers: Callable[[], Server],
    local: Path,
    tmp_path: Path,
    tighter: dtperf.Result,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dtperf.execution.chunks.SMALLEST_PART", CLUSTER)
    server, other = servers(), servers()
    for each in (server, other):
        each.add(local)
    out, url = tmp_path / "skim", server.url("many.root")

    def kill(progress: Progress) -> None:
        if progress.stage == "measuring" and progress.done >= CHUNK:
            server.kill()

    patience = [f"run.timeout_s={IMPATIENT_S}", "run.retries=0", "run.backoff_s=0.1"]
    there = f"run.redirectors={{here: ['root://{other.address}/']}}"
    skim(config(*patience, there), url, out=out, on_progress=kill)
    ledger = load_skim(out).ledger
    assert {row.file for row in ledger} == {url}
    assert {row.source for row in ledger} == {url, other.url("many.root")}
    assert [row.start for row in ledger] == [0, 1000, 2000, 3000]
    assert max(row.attempts for row in ledger) > 1
    assert_whole(out, tighter)
    # what is measured on the skim says where its events came from
    assert dtperf.run(config(), out).ledger == ledger
