"""Results: what a run leaves, on disk and merged."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import hist
import numpy as np
import pyarrow.parquet as pq
import pytest
import uhi.io.json

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import InputError
from dtperf.results import Result
from tests.golden import GOLDEN
from tests.nanoaod.files import read_arrays, write_like
from tests.test_runner import assert_same, pieces


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
    assert loaded.provenance == golden_result.provenance
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
    assert result["provenance"]["packages"]["dtperf"] == dtperf.__version__


def test_equal_counts_give_equal_bytes(tmp_path: Path, golden_result: Result) -> None:
    a, b = golden_result.save(tmp_path / "a"), golden_result.save(tmp_path / "b")
    assert (a / "histograms.json.gz").read_bytes() == (b / "histograms.json.gz").read_bytes()


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


def test_merging_refuses_another_config(parts: list[Result]) -> None:
    config = dtperf.load_config("reference_2023", ["selection.probe.min_pt=21"])
    other = Result(config, parts[1].counts, {}, {}, parts[1].ledger)
    with pytest.raises(InputError, match="different configs"):
        parts[0] + other


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
    with pytest.raises(InputError, match="cannot be read"):
        Result.load(out)


def test_newer_result(tmp_path: Path, golden_result: Result) -> None:
    out = golden_result.save(tmp_path)
    text = (out / "result.json").read_text()
    (out / "result.json").write_text(text.replace('"schema_version": 1', '"schema_version": 2'))
    with pytest.raises(InputError, match="newer dtperf"):
        Result.load(out)
