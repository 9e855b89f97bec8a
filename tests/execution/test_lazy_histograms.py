"""The lazy path: the counts of `dtperf.run`, from one graph that reads the declared columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

dak = pytest.importorskip("dask_awkward")

import dask  # noqa: E402
import hist  # noqa: E402
import hist.dask  # noqa: E402

import dtperf  # noqa: E402
from dtperf.config import AnalysisConfig  # noqa: E402
from dtperf.errors import InputError  # noqa: E402
from dtperf.execution import lazy  # noqa: E402
from dtperf.results.result import Result  # noqa: E402
from dtperf.selection import branches_of, needed_branches  # noqa: E402
from dtperf.synthetic import Settings, generate  # noqa: E402
from tests.helpers.golden import GOLDEN, GOLDEN_RNTUPLE, golden_differences  # noqa: E402
from tests.nanoaod.files import read_arrays, write_like  # noqa: E402

COUNTERS = {"nmuon", "nmuon_matches", "ndtSegment"}
EDGES = {"muon_matches_edgeX", "muon_matches_edgeY"}
LUMINOSITY = {"lumi_instLumi", "lumi_avgPileUp"}


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    """A failed look for the columns must not be passed over; threads gain nothing here."""
    options = {"awkward.optimization.on-fail": "raise", "scheduler": "synchronous"}
    with dask.config.set(options):
        yield


@pytest.fixture(scope="module")
def config() -> AnalysisConfig:
    return dtperf.load_config("reference_2023", ["run.chunksize=1500"])


@pytest.fixture(scope="module")
def tables(config: AnalysisConfig) -> lazy.LazyTables:
    return lazy.tables(lazy.events(GOLDEN, config), config)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files with luminosity and pile-up, which the golden one lacks."""
    return generate(Settings(events=3000, files=2), tmp_path_factory.mktemp("sample")).directory


def same(a: Any, b: Any) -> bool:
    return bool(a.axes == b.axes) and np.array_equal(a.view(flow=True), b.view(flow=True))


def columns_read(collection: Any) -> frozenset[str]:
    (columns,) = dak.necessary_columns(collection).values()
    return frozenset(columns)


@pytest.mark.parametrize("path", [GOLDEN, GOLDEN_RNTUPLE])
def test_every_histogram_is_the_golden_one(
    path: Path, config: AnalysisConfig, golden_result: Result
) -> None:
    lazily = lazy.histograms(lazy.tables(lazy.events(path, config), config), config)
    (measured,) = dask.compute(lazily)
    assert [*measured] == [*golden_result]
    assert [name for name in measured if not same(measured[name], golden_result[name])] == []
    assert not golden_differences({**golden_result.counts, **counts_of(measured)})


def counts_of(measured: dict[str, Any]) -> dict[str, Any]:
    """Leave out profiles, which are shown as mean and spread."""
    return {name: h for name, h in measured.items() if h.kind.name != "MEAN"}


def test_one_histogram_alone(
    tables: lazy.LazyTables, config: AnalysisConfig, golden_result: Result
) -> None:
    alone = lazy.histograms(tables, config)["by_chamber"].compute()
    assert same(alone, golden_result["by_chamber"])


def test_one_graph_selects_once_for_all(
    tables: lazy.LazyTables, config: AnalysisConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    measure = lazy.tag_and_probe
    monkeypatch.setattr(lazy, "tag_and_probe", lambda *a: done.append(len(a[0])) or measure(*a))
    dask.compute(lazy.histograms(tables, config), tables.pairs.mass)
    partitions = [events for events in done if events]  # without those that look for columns
    assert sorted(partitions) == [1000, 1500, 1500]


@pytest.mark.parametrize(
    ("extrapolation", "edges"), [("ntuple", EDGES), ("helix", frozenset[str]())]
)
def test_exactly_the_declared_columns_are_read(
    sample: Path, extrapolation: Any, edges: set[str]
) -> None:
    config = dtperf.load_config("reference_2023", [f"extrapolation={extrapolation}"])
    trigger = config.selection.tag.trigger
    tables = lazy.tables(lazy.events(sample, config), config)
    declared = needed_branches(trigger, extrapolation)
    counters = COUNTERS if extrapolation == "ntuple" else COUNTERS - {"nmuon_matches"}
    for collection in (
        tables.pairs.mass,
        lazy.histograms(tables, config)["by_chamber"],
        lazy.histograms(tables, config),
    ):
        assert columns_read(collection) == declared | edges | LUMINOSITY | counters


def test_columns_of_measurements_that_are_off_are_not_read(sample: Path) -> None:
    without = ["efficiency_vs_lumi", "efficiency_vs_pileup"]
    config = dtperf.load_config("reference_2023", [f"measurements.skip={without}"])
    tables = lazy.tables(lazy.events(sample, config), config)
    assert not columns_read(tables.crossings) & LUMINOSITY
    assert "by_chamber" in lazy.histograms(tables, config)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events with primitives, hits and digis."""
    directory = tmp_path_factory.mktemp("full")
    return generate(Settings(events=120, content="full"), directory, progress=False).directory


def test_groups_are_what_run_makes_of_them(full: Path) -> None:
    config = dtperf.load_config("dt_performance", ["run.chunksize=50"])
    (measured,) = dask.compute(
        lazy.histograms(lazy.tables(lazy.events(full, config), config), config)
    )
    result = dtperf.run(config, full, progress=False)
    assert [*measured] == [*result]
    assert [name for name in measured if not same(measured[name], result[name])] == []


@pytest.mark.parametrize(("group", "collection"), [("trigger", "ltBmtfIn"), ("rpc", "rpcRecHit")])
def test_a_group_reads_its_own_columns_alone(full: Path, group: str, collection: str) -> None:
    config = dtperf.load_config({"measurements": {"groups": [group]}})
    tables = lazy.tables(lazy.events(full, config), config)
    needed, optional = branches_of(config)
    read = columns_read(lazy.histograms(tables, config))
    assert {name for name in read if not name.startswith("n")} == needed | optional
    assert f"n{collection}" in read
    assert not any(name.startswith("dtDigi") for name in read)


@pytest.mark.parametrize("extrapolation", ["ntuple", "helix"])
def test_several_files_as_run_counts_them(sample: Path, extrapolation: str) -> None:
    options = [f"extrapolation={extrapolation}", "run.chunksize=1000"]
    config = dtperf.load_config("reference_2023", options)
    events = lazy.events(sample, config)
    assert events.npartitions == 4
    (measured,) = dask.compute(lazy.histograms(lazy.tables(events, config), config))
    result = dtperf.run(config, sample)
    assert len(measured["by_chamber_and_run"].axes["run"]) == 4
    assert [*measured] == [*result]
    assert [name for name in measured if not same(measured[name], result[name])] == []


def test_hist_dask_fills_from_the_tables(tables: lazy.LazyTables, golden_result: Result) -> None:
    inside = tables.crossings
    for name in ("is_eligible", "is_in_eta", "is_fiducial"):
        inside = inside[inside[name]]
    probes = tables.pairs[tables.pairs.is_probe]
    found = {}
    for name, rows in (
        ("by_chamber", inside),
        ("efficiency_vs_pt", inside),
        ("pair_mass", probes),
    ):
        axes = golden_result[name].axes
        found[name] = hist.dask.Hist(*axes, storage=hist.storage.Int64())
        columns = {"passed": "passing"}
        found[name].fill(*(rows[columns.get(axis, axis)] for axis in axes.name))
    (measured,) = dask.compute(found)
    for name, histogram in measured.items():
        assert histogram.sum() > 100
        assert same(histogram, golden_result[name]), name


def test_tables_are_those_of_tag_and_probe(tables: lazy.LazyTables, golden_result: Result) -> None:
    pairs, crossings, anomalies = dask.compute(tables.pairs, tables.crossings, tables.anomalies)
    assert ak.sum(pairs.selected) == golden_result.totals["pairs"]
    assert ak.sum(crossings.match >= 0) == golden_result.totals["crossings"]
    assert len(anomalies) == 3
    assert not any(any(each.values()) for each in anomalies.to_list())


def test_events_may_be_sliced_and_configs_differ(
    config: AnalysisConfig, golden_result: Result
) -> None:
    events = lazy.events(GOLDEN, config)
    runs = golden_result["efficiency_vs_run"].axes["run"]
    first = next(iter(runs))
    sliced = lazy.tables(events[events.run == first], config).pairs
    narrow = dtperf.load_config("reference_2023", ["selection.pair.max_mass=92"])
    (some, few, whole) = dask.compute(
        sliced, lazy.tables(events, narrow).pairs, lazy.tables(events, config).pairs
    )
    assert set(some.run) == {first}
    assert 0 < ak.sum(few.selected) < ak.sum(whole.selected)


def test_a_branch_that_is_not_there(tmp_path: Path, config: AnalysisConfig) -> None:
    arrays = read_arrays(GOLDEN)
    del arrays["muon_trk_dz"]
    path = write_like(arrays, tmp_path / "no_dz.root")
    with pytest.raises(InputError, match=r"the events have no muon_trk_dz"):
        lazy.tables(lazy.events(path, config), config)


def test_a_file_that_is_not_there(tmp_path: Path, config: AnalysisConfig) -> None:
    with pytest.raises(InputError, match=r"nothing\.root"):
        lazy.events(tmp_path / "nothing.root", config)
