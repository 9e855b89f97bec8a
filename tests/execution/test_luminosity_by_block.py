"""Luminosity of a table of brilcalc for files without: the counts of a file that has it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from hypothesis import given
from hypothesis import strategies as st

import dtperf
from dtperf.config import AnalysisConfig, config_to_yaml
from dtperf.execution import dask_pool
from dtperf.results.result import Result
from dtperf.selection.block_luminosity import BlockTable, LuminosityByBlock
from dtperf.selection.brilcalc import block_keys
from dtperf.skim.make import skim
from dtperf.synthetic import Settings, generate
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run
from tests.nanoaod.files import read_arrays, write_like

HEADS = "#run:fill,ls,time,beamstatus,E(GeV),delivered(hz/ub),recorded(hz/ub),avgpu,source"
KEY = "input.luminosity_by_block"
Places = dict[tuple[int, int], tuple[float, float]]
"""Luminosity in Hz/ub and pile-up of blocks, by run and number."""


def rows(places: Places) -> list[str]:
    when = "05/12/23 02:01:15"
    return [
        f"{run}:8000,{block}:{block},{when},STABLE BEAMS,6800,{rate!r},0,{pileup!r},HFET"
        for (run, block), (rate, pileup) in places.items()
    ]


def write(path: Path, places: Places, heads: str = HEADS) -> Path:
    path.write_text("\n".join([heads, *rows(places), ""]))
    return path


@pytest.fixture(scope="module")
def places() -> Places:
    arrays = read_arrays(GOLDEN)
    blocks = sorted({*zip(arrays["run"].tolist(), arrays["luminosityBlock"].tolist(), strict=True)})
    random = np.random.default_rng(5)
    values = random.uniform((0, 0), (24_000, 70), (len(blocks), 2))
    values[:20] = np.round(values[:20], -3)  # on edges of bins
    return {
        each: (rate, pileup) for each, (rate, pileup) in zip(blocks, values.tolist(), strict=True)
    }


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory, places: Places) -> Path:
    return write(tmp_path_factory.mktemp("brilcalc") / "lumi.csv", places)


@pytest.fixture(scope="module")
def with_branches(tmp_path_factory: pytest.TempPathFactory, places: Places) -> Path:
    arrays = read_arrays(GOLDEN)
    pairs = zip(arrays["run"].tolist(), arrays["luminosityBlock"].tolist(), strict=True)
    values = np.array([places[pair] for pair in pairs])
    arrays["lumi_instLumi"], arrays["lumi_avgPileUp"] = (
        arrays["event"] * 0.0 + column for column in values.T
    )
    return write_like(arrays, tmp_path_factory.mktemp("files") / "with.root")


@pytest.fixture(scope="module")
def expected(with_branches: Path, reference_config: AnalysisConfig) -> Result:
    result = dtperf.run(reference_config, with_branches)
    for name in ("efficiency_vs_lumi", "efficiency_vs_pileup"):
        assert np.count_nonzero(result.counts[name].view().sum(axis=(0, 2))) > 10
    return result


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    options: dict[str, Any] = {"dashboard_address": "127.0.0.1:0", "memory_limit": 0}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, **options) as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_in_this_process(csv: Path, reference_config: AnalysisConfig, expected: Result) -> None:
    config = dtperf.load_config(with_run(reference_config, chunksize=1500), {KEY: csv})
    assert_same(dtperf.run(config, GOLDEN), expected)


def test_the_table_goes_along_to_dask_workers(
    csv: Path,
    tmp_path: Path,
    reference_config: AnalysisConfig,
    expected: Result,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy = tmp_path / "copy.csv"
    copy.write_bytes(csv.read_bytes())
    config = dtperf.load_config(with_run(reference_config, chunksize=1000), {KEY: copy})
    copy.unlink()  # no worker sees it
    for limit in (dask_pool.LARGE_BYTES, 1):  # as bytes of each task, and sent once
        monkeypatch.setattr(dask_pool, "LARGE_BYTES", limit)
        assert_same(dtperf.run(config, GOLDEN, client=client), expected)


def test_a_skim_keeps_it(
    csv: Path, tmp_path: Path, reference_config: AnalysisConfig, expected: Result
) -> None:
    copy = tmp_path / "copy.csv"
    copy.write_bytes(csv.read_bytes())
    config = dtperf.load_config(reference_config, {KEY: copy})
    skim(config, GOLDEN, out=tmp_path / "skim")
    copy.unlink()
    again = dtperf.run(reference_config, tmp_path / "skim")
    assert_same(again, expected)
    assert again.config.hash == config.hash  # it names the table though it was not given
    assert_same(dtperf.run(config, tmp_path / "skim"), expected)
    other = write(tmp_path / "other.csv", {(1, 1): (1.0, 1.0)})
    with pytest.raises(
        dtperf.ConfigError, match=r"luminosity_by_block: .*other\.csv.*leave this out"
    ):
        dtperf.run(dtperf.load_config(config, {KEY: other}), tmp_path / "skim")


def test_events_in_memory_have_it(
    csv: Path, reference_config: AnalysisConfig, expected: Result
) -> None:
    config = dtperf.load_config(reference_config, {KEY: csv})
    found = dtperf.Analysis(GOLDEN, config, progress=False).with_cuts()
    assert_same(found, expected)


def test_the_branches_of_a_file_win(
    tmp_path: Path,
    with_branches: Path,
    places: Places,
    reference_config: AnalysisConfig,
    expected: Result,
) -> None:
    half = {place: (1.0, 1.0) for number, place in enumerate(places) if number % 2}
    other = write(tmp_path / "other.csv", half)
    result = dtperf.run(dtperf.load_config(reference_config, {KEY: other}), with_branches)
    assert_same(result, expected)
    assert result.event_remarks == expected.event_remarks


def in_memory(config: AnalysisConfig, file: Path, _: Path) -> Result:
    return dtperf.Analysis(file, config, progress=False).with_cuts()


def in_a_skim(config: AnalysisConfig, file: Path, folder: Path) -> Result:
    skim(config, file, out=folder / "skim")
    return dtperf.run(config, folder / "skim")


@pytest.mark.parametrize("measure", [lambda c, f, _: dtperf.run(c, f), in_memory, in_a_skim])
def test_blocks_that_the_table_lacks_are_told(
    tmp_path: Path,
    places: Places,
    reference_config: AnalysisConfig,
    expected: Result,
    measure: Callable[[Any, Path, Path], Result],
) -> None:
    lacking = [*places][::3]
    table = write(tmp_path / "part.csv", {p: v for p, v in places.items() if p not in lacking})
    result = measure(dtperf.load_config(reference_config, {KEY: table}), GOLDEN, tmp_path)
    arrays = read_arrays(GOLDEN)
    pairs = [*zip(arrays["run"].tolist(), arrays["luminosityBlock"].tolist(), strict=True)]
    without = sum(pair in lacking for pair in pairs)
    (remark,) = result.event_remarks
    run, block = lacking[0]
    assert f"lacks {len(lacking):,} of {len(places):,} luminosity blocks" in remark
    assert f"such as {block} of run {run}: {without:,} events without a value" in remark
    assert result.anomalies["event_without_luminosity"] == without
    mine, theirs = (r.counts["efficiency_vs_lumi"] for r in (result, expected))
    assert mine.sum(flow=True) == theirs.sum(flow=True)  # none is lost
    assert 0 < mine.sum() < theirs.sum()


def test_a_changed_table_is_another_analysis(
    tmp_path: Path, places: Places, reference_config: AnalysisConfig
) -> None:
    table = write(tmp_path / "lumi.csv", places)
    config = dtperf.load_config(with_run(reference_config, chunksize=1500), {KEY: table})
    dtperf.run(config, GOLDEN, out=tmp_path / "out", limit_chunks=1)
    saved = Result.load(tmp_path / "out")
    assert saved.config.hash == config.hash
    assert not config_to_yaml(saved.config).count(",6800,")
    moved = table.rename(tmp_path / "sorted.csv")  # the same content, in another order
    moved.write_text("\n".join([HEADS, *reversed(rows(places)), ""]))
    same = dtperf.load_config(config, {KEY: moved})
    assert same.hash == config.hash
    (first, (rate, pileup)), *_ = places.items()
    other = write(tmp_path / "other.csv", places | {first: (rate + 1e-9, pileup)})
    with pytest.raises(dtperf.ConfigError, match=r"luminosity_by_block"):
        dtperf.run(
            dtperf.load_config(config, {KEY: other}), GOLDEN, out=tmp_path / "out", resume=True
        )
    whole = dtperf.run(same, GOLDEN, out=tmp_path / "out", resume=True)
    assert whole.totals["events"] == 4000


def test_what_a_result_says_of_its_table_is_read_again_where_it_is_the_same(
    tmp_path: Path, places: Places
) -> None:
    table = write(tmp_path / "lumi.csv", places)
    found = LuminosityByBlock.of(table)
    again = LuminosityByBlock.model_validate(found.model_dump(mode="json"), strict=True)
    np.testing.assert_array_equal(again.table.keys, found.table.keys)
    described = found.model_dump(mode="json")
    write(table, {**places, (1, 1): (1.0, 1.0)})
    with pytest.raises(dtperf.InputError, match=r"lumi\.csv: has other luminosities than it had"):
        LuminosityByBlock.model_validate(described, strict=True).table  # noqa: B018
    table.unlink()
    pickled = pickle.loads(pickle.dumps(found))  # noqa: S301
    np.testing.assert_array_equal(pickled.table.inst_lumi, found.table.inst_lumi)
    with pytest.raises(dtperf.InputError, match=r"lumi\.csv: no such file"):
        LuminosityByBlock.model_validate(described, strict=True).table  # noqa: B018


def test_configs_with_tables_are_compared(tmp_path: Path, reference_config: AnalysisConfig) -> None:
    places = {(1, 1): (2.0, 3.0), (1, 2): (4.0, 5.0)}
    path = write(tmp_path / "lumi.csv", places)
    first, second = (dtperf.load_config(reference_config, {KEY: path}) for _ in range(2))
    assert first == second == pickle.loads(pickle.dumps(first))  # noqa: S301
    write(path, places | {(1, 2): (4.0, 6.0)})
    assert first != dtperf.load_config(reference_config, {KEY: path})


def test_a_table_of_runs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("#run:fill,time,nls,ncms,delivered(/ub),recorded(/ub)\n1:2,0,3,3,2.0,1.0\n")
    with pytest.raises(dtperf.ConfigError, match=r"luminosity_by_block: .*table of runs.*--byls"):
        dtperf.load_config("reference_2023", {KEY: path})
    path.write_text("x,y\n")
    with pytest.raises(dtperf.ConfigError, match=r"luminosity_by_block: .*no line.*--byls"):
        dtperf.load_config("reference_2023", {KEY: path})
    yaml = tmp_path / "mine.yaml"
    yaml.write_text("input: {luminosity_by_block: nowhere.csv}\n")
    with pytest.raises(dtperf.ConfigError, match=r"luminosity_by_block: .*nowhere\.csv: no such"):
        dtperf.load_config(yaml)


def test_the_table_that_the_generator_writes_is_that_of_its_events(
    tmp_path: Path, reference_config: AnalysisConfig
) -> None:
    made = {}
    for generation in ("A", "B"):
        settings = Settings(events=600, runs=2, generation=generation)
        made[generation] = generate(settings, tmp_path / generation).directory
    config = dtperf.load_config(reference_config, {KEY: made["A"] / "luminosity.csv"})
    of_table, of_branches = dtperf.run(config, made["A"]), dtperf.run(reference_config, made["B"])
    assert not of_table.event_remarks
    found, expected = (r.counts["efficiency_vs_lumi"] for r in (of_table, of_branches))
    assert found == expected
    assert found.sum() > 0


BLOCK = st.tuples(
    st.integers(1, 2**32 - 1) | st.integers(1, 3), st.integers(1, 2**32 - 1) | st.integers(1, 3)
)


@given(
    table=st.dictionaries(BLOCK, st.tuples(st.floats(0, 1e5), st.floats(0, 100)), min_size=1),
    others=st.lists(BLOCK),
)
def test_the_lookup_is_that_of_a_dictionary(table: Places, others: list[tuple[int, int]]) -> None:
    run, block = np.array([*table], dtype=np.uint32).T
    keys, values = block_keys(run, block), np.array([*table.values()])
    order = np.argsort(keys)
    made = BlockTable(keys[order], *values[order].T)
    asked = [*others, *table]
    found = made.at(block_keys(*np.array(asked, dtype=np.uint32).T))
    for at, name in enumerate(("inst_lumi", "pileup")):
        expected = [table[each][at] if each in table else np.nan for each in asked]
        np.testing.assert_array_equal(found[name], expected)
