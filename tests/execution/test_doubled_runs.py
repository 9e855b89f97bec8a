"""Files with the same events: refused in a run, a merge, a resume and a skim, unless allowed."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

import dtperf
from dtperf import Analysis
from dtperf.cli.printed import print_report
from dtperf.config import AnalysisConfig
from dtperf.errors import InputError
from dtperf.execution.clusters import local_client
from dtperf.execution.status import summarize
from dtperf.pages.report.overview import render
from dtperf.results.event_sample import EventSample
from dtperf.results.result import Result
from dtperf.results.storage import EVENT_SAMPLE
from dtperf.skim import skim
from tests.helpers.golden import GOLDEN, GOLDEN_CMSSW, GOLDEN_RNTUPLE
from tests.helpers.runs import assert_same, with_run
from tests.nanoaod.files import read_arrays, write_like

N = 400


@pytest.fixture(scope="module")
def arrays() -> dict[str, ak.Array]:
    return read_arrays(GOLDEN, N)


@pytest.fixture(scope="module")
def parts(arrays: dict[str, ak.Array], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two files, and the one into which somebody has merged them."""
    folder = tmp_path_factory.mktemp("parts")
    ranges = {"a": (0, 250), "b": (250, N), "merged": (0, N)}
    return [write(arrays, folder / f"{name}.root", *each) for name, each in ranges.items()]


def write(arrays: dict[str, ak.Array], path: Path, start: int, stop: int) -> Path:
    return write_like({name: values[start:stop] for name, values in arrays.items()}, path)


def allowing(config: AnalysisConfig, **run: Any) -> AnalysisConfig:
    return with_run(config, doubled_events="allow", **run)


def resaved(result: Result, path: Path) -> Result:
    return Result.load(result.save(path))


@pytest.mark.parametrize("executor", ["iterative", "futures", "dask"])
def test_a_merged_file_beside_its_parts(
    executor: str, parts: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    config = with_run(reference_config, executor=executor, workers=2, chunksize=100)
    with local_client(2) if executor == "dask" else nullcontext() as client:
        run = partial(dtperf.run, out=tmp_path / "out", client=client)
        with pytest.raises(InputError, match=r"events? would count twice, such as run 36") as error:
            run(config, parts)
        assert "merged.root" in str(error.value)
        whole = run(allowing(config), parts, resume=True)
    assert whole.totals["events"] == 2 * N
    assert (whole.doubled_events, whole.unnumbered_events) == (N, 0)
    doubled = whole.event_sample.doubled
    assert doubled is not None
    assert doubled.is_exact
    assert resaved(whole, tmp_path / "again").event_sample == whole.event_sample


def test_what_was_measured_before_is_kept_without_doubled_events(
    parts: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="would count twice"):
        dtperf.run(reference_config, parts, out=out)
    assert summarize(out).events_read == N
    assert summarize(out).event_remarks == ()
    # that with the merged file is told again
    with pytest.raises(InputError, match="would count twice"):
        dtperf.run(reference_config, parts, out=out, resume=True)
    resumed = dtperf.run(reference_config, parts[:2], out=out, resume=True)
    assert_same(resumed, dtperf.run(reference_config, parts[2]))
    assert resumed.doubled_events == resumed.unnumbered_events == 0


def test_doubled_events_that_were_allowed_are_refused_on_resume(
    parts: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    dtperf.run(allowing(reference_config), parts, out=out)
    with pytest.raises(InputError, match="400 events would count twice"):
        dtperf.run(reference_config, parts, out=out, resume=True)
    assert dtperf.run(allowing(reference_config), parts, out=out, resume=True).doubled_events == N


def test_a_file_that_holds_events_twice(
    arrays: dict[str, ak.Array], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    twice = {name: ak.concatenate([values, values[10:13]]) for name, values in arrays.items()}
    path = write(twice, tmp_path / "twice.root", 0, N + 3)
    for chunksize in (None, 100):
        config = with_run(reference_config, chunksize=chunksize)
        with pytest.raises(InputError, match=r"3 events .* is twice in .*twice\.root"):
            dtperf.run(config, path)
    assert dtperf.run(allowing(reference_config), path).doubled_events == 3


@pytest.mark.parametrize("path", [GOLDEN_RNTUPLE, GOLDEN_CMSSW])
def test_the_same_events_in_another_format(path: Path, reference_config: AnalysisConfig) -> None:
    with pytest.raises(InputError, match="4,000 events would count twice"):
        dtperf.run(reference_config, [GOLDEN, path])


def test_events_outside_the_luminosity_mask_are_found_too(
    parts: list[Path], reference_config: AnalysisConfig
) -> None:
    config = dtperf.load_config(reference_config, ["selection.luminosity_mask={'1': [[1, 1]]}"])
    with pytest.raises(InputError, match="would count twice"):
        dtperf.run(config, parts)


def test_merging_results(
    parts: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    a, b, merged = (
        resaved(dtperf.run(reference_config, path), tmp_path / path.stem) for path in parts
    )
    whole = a + b
    assert whole.event_sample == (b + a).event_sample
    assert whole.doubled_events == 0
    with pytest.raises(InputError, match=r"400 events .*merged\.root.*allow_doubled_events\(\)"):
        whole + merged
    # both must allow it
    with pytest.raises(InputError, match="150 events"):
        b.allow_doubled_events() + merged
    both = whole.allow_doubled_events() + merged.allow_doubled_events()
    assert (both.totals["events"], both.doubled_events) == (2 * N, N)


def test_what_is_allowed_is_told_wherever_the_result_is_shown(
    parts: list[Path],
    reference_config: AnalysisConfig,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    result = dtperf.run(allowing(reference_config), parts, out=out)
    told = "400 events counted twice, such as run 36"
    print_report(result, out)
    assert told in capsys.readouterr().out
    assert told in result._repr_html_()
    assert told in render(result, [])
    assert told in summarize(out).event_remarks[0]
    assert summarize(out).events_doubled == N


def test_a_skim_keeps_the_sample(
    parts: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="would count twice"):
        skim(reference_config, parts, out=tmp_path / "refused")
    first = skim(reference_config, parts[:2], out=tmp_path / "skim")
    on_skim = dtperf.run(reference_config, tmp_path / "skim", out=tmp_path / "out")
    assert on_skim.event_sample == first.event_sample
    assert on_skim.unnumbered_events == 0
    other = dtperf.run(reference_config, parts[2])
    with pytest.raises(InputError, match="400 events"):
        on_skim + replace(other, code=on_skim.code)
    assert Analysis(tmp_path / "skim", limit_events=250).with_cuts().unnumbered_events == 250


def test_a_skim_with_doubled_events_needs_the_key_again(
    parts: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    skim(allowing(reference_config), parts, out=tmp_path / "skim")
    with pytest.raises(InputError, match="would count twice"):
        dtperf.run(reference_config, tmp_path / "skim")
    assert dtperf.run(allowing(reference_config), tmp_path / "skim").doubled_events == N
    assert Analysis(tmp_path / "skim").with_cuts().doubled_events == N


def test_exploring_files(parts: list[Path], reference_config: AnalysisConfig) -> None:
    with pytest.raises(InputError, match="would count twice"):
        Analysis(parts, reference_config)
    assert Analysis(parts[:2], reference_config).with_cuts().unnumbered_events == 0
    assert Analysis(parts, allowing(reference_config)).with_cuts().doubled_events == N


def test_simulated_events_are_told_apart_by_their_dataset(
    arrays: dict[str, ak.Array], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    simulated = arrays | {"run": ak.Array(np.ones(N, dtype=np.uint32))}
    for name in "ab":
        write(simulated, tmp_path / f"{name}.root", 0, N)
    with pytest.raises(InputError, match="need a fileset that names each"):
        dtperf.run(reference_config, tmp_path)
    fileset = tmp_path / "files.json"
    files = {f"dy_{name}": {"files": {f"{tmp_path}/{name}.root": "Events"}} for name in "ab"}
    fileset.write_text(json.dumps(files))
    result = dtperf.run(reference_config, fileset)
    assert (result.totals["events"], result.doubled_events) == (2 * N, 0)


def test_collision_events_of_two_datasets_are_the_same_events(
    parts: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    fileset = tmp_path / "files.json"
    files = {path.stem: {"files": {str(path): "Events"}} for path in parts}
    fileset.write_text(json.dumps(files))
    with pytest.raises(InputError, match="would count twice"):
        dtperf.run(reference_config, fileset)


def test_files_without_event_numbers_are_read_and_told_of(
    arrays: dict[str, ak.Array], parts: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    slimmed = {name: values for name, values in arrays.items() if name != "event"}
    path = write(slimmed, tmp_path / "slimmed.root", 0, N)
    result = dtperf.run(reference_config, [path, parts[0]])
    assert (result.doubled_events, result.unnumbered_events) == (0, N)
    assert result.event_remarks == [
        "400 events whose numbers are not known: they may be there twice"
    ]


def test_an_older_result_is_loaded_and_merged(
    parts: list[Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    out = dtperf.run(reference_config, parts[0]).save(tmp_path / "older")
    content = json.loads((out / "result.json").read_text())
    del content["sha256"][EVENT_SAMPLE]
    (out / "result.json").write_text(json.dumps(content))
    (out / EVENT_SAMPLE).unlink()
    older = Result.load(out)
    assert older.event_sample == EventSample()
    whole = older + dtperf.run(reference_config, parts[1])
    assert (whole.doubled_events, whole.unnumbered_events) == (0, 250)
    assert resaved(whole, tmp_path / "whole").unnumbered_events == 250
