"""Results: what a run leaves, on disk and merged."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import hist
import numpy as np
import pyarrow.parquet as pq
import pytest
import uhi.io.json
from hypothesis import given, settings
from hypothesis import strategies as st

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import DtperfError, InputError
from dtperf.measurements.histograms import sort_categories
from dtperf.results.ledger import Ledger
from dtperf.results.result import SUMS, Result
from tests.helpers.golden import GOLDEN
from tests.helpers.ledgers import jobs, row, unopened
from tests.helpers.made_results import made
from tests.helpers.runs import assert_same, pieces
from tests.nanoaod.files import read_arrays, write_like

FILES = ("histograms.json.gz", "ledger.parquet", "event_sample.parquet", "result.json")


@pytest.fixture(scope="module")
def parts(
    tmp_path_factory: pytest.TempPathFactory, reference_config: AnalysisConfig
) -> list[Result]:
    """The golden events in three files, each measured alone."""
    files = pieces(GOLDEN, tmp_path_factory.mktemp("parts"), [0, 700, 3100])
    return [dtperf.run(reference_config, file) for file in files]


def test_save_and_load(tmp_path: Path, golden_result: Result) -> None:
    loaded = Result.load(golden_result.save(tmp_path / "out"))
    assert_same(loaded, golden_result)
    assert loaded.config == golden_result.config
    assert loaded.ledger == golden_result.ledger
    assert loaded.jobs == golden_result.jobs
    assert loaded.code == golden_result.code
    assert loaded.totals == golden_result.totals
    assert loaded.anomalies == golden_result.anomalies
    assert loaded.counts["by_chamber"].axes["wheel"].label == "wheel"


def test_files_are_open_formats(tmp_path: Path, golden_result: Result) -> None:
    out = golden_result.save(tmp_path)
    with gzip.open(out / "histograms.json.gz", "rt") as file:
        content = json.load(file, object_hook=uhi.io.json.object_hook)
    mass = hist.Hist(content["pair_mass"])
    assert mass.sum(flow=True) == golden_result.counts["pair_mass"].sum(flow=True) > 0
    assert pq.read_table(out / "ledger.parquet").column("stop").to_pylist() == [4000]
    result = json.loads((out / "result.json").read_text())
    assert result["config_hash"] == golden_result.config.hash
    assert result["totals"]["events"] == 4000
    assert result["code"] == golden_result.code
    assert result["jobs"][0]["packages"]["dtperf"] == dtperf.__version__


def test_equal_counts_give_equal_bytes(tmp_path: Path, golden_result: Result) -> None:
    a, b = golden_result.save(tmp_path / "a"), golden_result.save(tmp_path / "b")
    assert (a / "histograms.json.gz").read_bytes() == (b / "histograms.json.gz").read_bytes()
    # nor does the time of writing stand in it
    assert (a / "histograms.json.gz").read_bytes()[4:8] == bytes(4)


def test_merging_gives_the_whole_in_any_order(parts: list[Result], golden_result: Result) -> None:
    a, b, c = parts
    for merged in ((a + b) + c, a + (b + c), c + a + b, (b + c) + a):
        assert_same(merged, golden_result)
        assert merged.ledger.events("read") == 4000


def test_merging_refuses_the_same_events_twice(parts: list[Result], golden_result: Result) -> None:
    with pytest.raises(InputError, match=r"events 0 to 700 are in both results"):
        parts[0] + parts[0]
    with pytest.raises(InputError, match="count twice"):
        golden_result + golden_result


def test_merging_refuses_another_config() -> None:
    a, b = made([row("a", 0, 5)]), made([row("b", 0, 5)])
    config = dtperf.load_config("reference_2023", ["selection.probe.min_pt=21"])
    with pytest.raises(InputError, match=f"{a.config.hash[:12]} and {config.hash[:12]}"):
        a + replace(b, config=config)


def test_merging_refuses_other_code() -> None:
    a, b = made([row("a", 0, 5)]), made([row("b", 0, 5)], code="0.2+def")
    with pytest.raises(InputError, match=r"0\.1\+abc and 0\.2\+def.*measure one of them again"):
        a + b


def test_merging_refuses_other_axes() -> None:
    a, b = made([row("a", 0, 5)]), made([row("b", 0, 5)])
    b = replace(b, counts=b.counts | {"pair_mass": b.counts["by_chamber"]})
    with pytest.raises(InputError, match="'pair_mass' have different axes"):
        a + b


@settings(max_examples=30)
@given(jobs(3), st.permutations(range(3)))
def test_any_tree_and_order_of_merging_saves_the_same(
    tmp_path_factory: pytest.TempPathFactory, ledgers: list[Ledger], order: list[int]
) -> None:
    results = [made(ledger, begin=f"2026-0{n}") for n, ledger in enumerate(ledgers, 1)]
    a, b, c = results
    x, y, z = (results[number] for number in order)
    trees = [(a + b) + c, x + (y + z), (x + y) + z]
    whole, *others = [tree.save(tmp_path_factory.mktemp("tree")) for tree in trees]
    for other in others:
        for name in FILES:
            assert (other / name).read_bytes() == (whole / name).read_bytes()
    read = [each for ledger in ledgers for each in ledger if each.status == "read"]
    alone = made(read)
    assert trees[0].counts["by_chamber"] == alone.counts["by_chamber"]
    assert trees[0].counts["efficiency_vs_run"] == sort_categories(
        alone.counts["efficiency_vs_run"]
    )
    assert trees[0].totals == alone.totals | {"pairs": trees[0].totals["pairs"]}
    assert Result.load(whole).ledger == trees[0].ledger


def test_what_is_added_stands_in_one_order() -> None:
    a, b = made([row("a", 0, 5)], begin="2026-02"), made([row("b", 0, 5)], begin="2026-01")
    shuffled = replace(
        a,
        counts=dict(reversed(a.counts.items())),
        anomalies={"z": 1, "b": 2},
        totals=dict(reversed(a.totals.items())),
    )
    whole = b + shuffled
    names = [name for name in whole.config.measurements.active() if name in whole.counts]
    assert [*whole.counts] == names
    # what one of both has not counted is none
    assert [*whole.anomalies.items()] == [("b", 2), ("unknown", 5), ("z", 1)]
    assert [*whole.totals] == [*SUMS, "files", "chunks", "bytes"]
    assert [job["begin"] for job in whole.jobs] == ["2026-01", "2026-02"]


def test_totals_say_what_was_read() -> None:
    rows = [row("a", 0, 5), row("a", 5, 9), row("a", 9, 12, "timeout"), row("c", 0, 0)]
    result = made([*rows, row("b", 0, 7, "corrupt"), unopened("d", "missing")])
    assert result.totals["events"] == 9
    assert result.totals["files"] == 2
    assert result.totals["chunks"] == 2
    assert result.totals["bytes"] == 90
    assert result.skipped_events == 10
    assert result.skipped_files == 3
    assert result.unknown_files == 1


def test_saving_replaces_what_is_there(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    made([row("a", 0, 5)]).save(out)
    elsewhere.write_text("mine")
    for name in FILES:
        (out / name).unlink()
        (out / name).symlink_to(elsewhere)
    other = made([row("b", 0, 7)])
    assert Result.load(other.save(out)).ledger == other.ledger
    assert elsewhere.read_text() == "mine"
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("after", range(1, 10))
def test_a_crash_while_saving_leaves_no_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    old, new = made([row("a", 0, 5)]), made([row("a", 0, 9)])
    out = old.save(tmp_path / "out")
    steps = 0

    def crash(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == after:
                raise RuntimeError("crash")
            return real(*args)

        return step

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", crash(os.fsync))
        patched.setattr(Path, "replace", crash(Path.replace))
        # each of four files is made safe, and then put in its place
        with nullcontext() if after > 8 else pytest.raises(RuntimeError):
            new.save(out)
    if 2 < after <= 8:
        with pytest.raises(InputError, match="was changed or written only in part"):
            Result.load(out)
    else:
        assert Result.load(out).ledger == (old if after <= 2 else new).ledger
    # what was left is in nobody's way
    assert Result.load(new.save(out)).ledger == new.ledger


def test_a_result_that_could_not_be_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dtperf.results.histogram_json.MAX_BYTES", 1 << 10)
    with pytest.raises(DtperfError, match="use fewer bins"):
        made([row("a", 0, 5)]).save(tmp_path)
    assert not [*tmp_path.iterdir()]


def test_how_it_ran_does_not_change_the_hash(reference_config: AnalysisConfig) -> None:
    changed = dtperf.load_config("reference_2023", ["run.workers=3", "title=x"])
    assert changed.hash == reference_config.hash
    cut = dtperf.load_config("reference_2023", ["selection.tag.min_pt=28"])
    assert cut.hash != reference_config.hash


def test_profile_is_the_mean_of_the_entries(golden_result: Result) -> None:
    profile, t0 = golden_result["t0_profile"], golden_result["t0"]
    assert profile.storage_type is hist.storage.Mean
    entries = t0.view().sum(axis=-1)
    assert (profile.view()["count"] == entries).all()
    centres = t0.axes["t0"].centers
    binned = (t0.view() * centres).sum(axis=-1) / np.maximum(entries, 1)
    # a binned mean is off by less than half a bin
    assert np.abs(profile.view()["value"] - binned)[entries > 0].max() < 0.25
    variance = profile.view()["variance"][entries > 200] if (entries > 200).any() else []
    assert all(0 < v < 12.5**2 for v in variance)


def test_summaries(golden_result: Result) -> None:
    stations = golden_result.by_station()
    counts = golden_result.counts["by_chamber"]
    assert [s.name for s in stations] == ["MB1", "MB2", "MB3", "MB4"]
    chambers = golden_result.by_chamber()
    assert len(chambers) == 250
    assert sum(c.efficiency.total for c in chambers) == counts.sum()
    for number, station in enumerate(stations, start=1):
        mine = [c.efficiency for c in chambers if c.chamber.station == number]
        assert station.fiducial is not None
        assert station.fiducial.passed == sum(e.passed for e in mine)
        assert station.fiducial.low < station.fiducial.value < station.fiducial.high


def test_summary_without_the_measurement(tmp_path: Path) -> None:
    config = dtperf.load_config("reference_2023", ["measurements.skip=[by_chamber]"])
    file = write_like({k: v[:50] for k, v in read_arrays(GOLDEN).items()}, tmp_path / "x.root")
    result = dtperf.run(config, file)
    assert "by_chamber" not in result
    assert result.by_chamber() == ()
    assert result.by_station()[0].fiducial is None
    assert result.by_station()[0].with_acceptance is not None


@pytest.mark.parametrize("missing", ["result.json", "histograms.json.gz", "ledger.parquet"])
def test_no_result_directory(missing: str, tmp_path: Path, golden_result: Result) -> None:
    out = golden_result.save(tmp_path)
    (out / missing).unlink()
    with pytest.raises(InputError, match=f"not a result directory: it has no {missing}"):
        Result.load(out)


@pytest.mark.parametrize("broken", ["result.json", "histograms.json.gz", "ledger.parquet"])
def test_damaged_result(broken: str, tmp_path: Path, golden_result: Result) -> None:
    out = golden_result.save(tmp_path)
    content = (out / broken).read_bytes()
    (out / broken).write_bytes(content[: len(content) // 2])
    told = broken if broken == "result.json" else f"{broken}: was changed or written only in part"
    with pytest.raises(InputError, match=told):
        Result.load(out)


def test_an_unknown_name_names_the_nearest(golden_result: Result) -> None:
    with pytest.raises(KeyError, match="did you mean 'by_chamber'") as caught:
        golden_result["by_chambr"]
    assert isinstance(caught.value, DtperfError)
    assert str(caught.value).startswith("no histogram")
    assert golden_result.get("by_chambr") is None
    assert "by_chambr" not in golden_result
    with pytest.raises(KeyError, match="'efficiency_vs_lumi' was not measured: no file has"):
        golden_result["efficiency_vs_lumi"]
    own = replace(golden_result, extra={"cells": 3})
    with pytest.raises(KeyError, match=r"result\.extra\['cells'\]"):
        own["cells"]


def test_names_are_completed(golden_result: Result) -> None:
    assert golden_result._ipython_key_completions_() == [*golden_result]


def test_results_are_equal_if_the_same_was_counted() -> None:
    whole = made([row("a", 0, 20), row("b", 0, 5, "timeout")])
    times = {"worker": "x", "seconds": 9.0, "attempts": 2}
    chunks = [row("a", 0, 7)._replace(**times), row("a", 7, 20), row("b", 0, 5, "timeout")]
    resumed = made(chunks, begin="2027-01-01", code="0.2")
    assert resumed.jobs != whole.jobs
    assert resumed.ledger != whole.ledger
    assert resumed == whole
    changed = whole.counts["pair_mass"].copy()
    changed.view(flow=True)[3] += 1
    title = {"config": whole.config.model_copy(update={"title": "another"})}
    assert replace(whole, **title) == whole
    for others in (
        {"counts": {**whole.counts, "pair_mass": changed}},
        {"counts": {n: each for n, each in whole.counts.items() if n != "pair_mass"}},
        {"ledger": Ledger([row("a", 0, 20)])},
        {"ledger": Ledger([row("a", 0, 20), row("b", 0, 5)])},
        {"totals": {**whole.totals, "pairs": 1}},
        {"extra": {"cells": 3}},
        {"config": dtperf.load_config(whole.config, ["selection.probe.min_pt=25"])},
    ):
        assert replace(whole, **others) != whole, others
    assert whole != whole.counts
