"""What Prometheus reads of a run, by the parser of its own client."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest
from prometheus_client.parser import text_string_to_metric_families

import dtperf as package
from dtperf.errors import ConfigError, DtperfWarning
from dtperf.execution import runner
from dtperf.execution.metrics import as_prometheus, metrics_file
from dtperf.execution.status import sum_up, summarize
from tests.cli.commands import Call
from tests.helpers.golden import GOLDEN
from tests.helpers.ledgers import ROWS, plan, row
from tests.helpers.made_results import made

Values = dict[tuple[str, ...], float]


def values(text: str, run: str) -> Values:
    """The samples by name and labels, all of which name the run."""
    found: Values = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation.endswith(".")
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("run") == run
            assert sample.name.endswith("_total") == (family.type == "counter")
            found[sample.name, *labels.values()] = sample.value
    return found


def test_what_status_knows(dtperf: Call, tmp_path: Path) -> None:
    out = made([each._replace(cpu_seconds=0.25) for each in ROWS]).save(tmp_path / "mine")
    done = dtperf("status", out, "--prometheus")
    assert done.code == 3
    found, known = values(done.out, "mine"), summarize(out)
    assert found["dtperf_events_total", "read"] == known.events_read == 90
    assert found["dtperf_events_total", "skipped"] == known.events_skipped == 15
    assert found["dtperf_events_left",] == 0
    assert found["dtperf_chunks_total", "read"] == 3
    assert found["dtperf_chunks_total", "skipped"] == 2  # one file was never opened
    assert found["dtperf_read_bytes_total", "slow"] == 50_000
    assert found["dtperf_read_bytes_total", "local"] == 0
    assert found["dtperf_server_failures_total", "slow"] == 2
    assert found["dtperf_server_retried_chunks_total", "slow"] == 3
    assert found["dtperf_failures_total", "timeout"] == 1
    assert found["dtperf_workers",] == 2
    assert found["dtperf_worker_seconds_total",] == 9
    assert found["dtperf_cpu_seconds_total",] == 0.75
    states = {name[1]: value for name, value in found.items() if name[0] == "dtperf_run_state"}
    assert states == {
        "running": 0,
        "stopped": 0,
        "complete": 0,
        "complete with gaps": 1,
    }
    assert not [name for name in found if name[0] in ("dtperf_chunks_left", "dtperf_remaining")]


def test_no_secret_and_no_sign_that_breaks_a_line(tmp_path: Path) -> None:
    evil = "root://u:secretword@host//f?authz=eyJhbGciOi.secretword.x"
    rows = [row("a", 0, 5)._replace(source=evil), row("b", 0, 5)._replace(source='root://a"\n//b')]
    text = as_prometheus(sum_up(made(rows), {}, "complete"), 'x"\n\\')
    assert "secretword" not in text
    assert {labels[1] for labels in values(text, 'x"\\n\\') if len(labels) == 2} >= {"u@host", 'a"'}


def test_chunks_that_are_left(dtperf: Call, tmp_path: Path) -> None:
    plan(tmp_path, events=180, files=3)
    assert ("dtperf_chunks_left",) not in values(
        dtperf("status", tmp_path, "--prometheus").out, tmp_path.name
    )
    told = sum_up(made(ROWS[:3]), {"events": 180, "files": 3, "chunks": 7}, "running")
    found = values(as_prometheus(told, "a"), "a")
    assert (found["dtperf_chunks_left",], found["dtperf_events_left",]) == (4, 90)
    assert found["dtperf_remaining_seconds",] == told.seconds_left == 2


def test_json_or_prometheus(dtperf: Call, tmp_path: Path) -> None:
    done = dtperf("status", tmp_path, "--json", "--prometheus")
    assert (done.code, done.out) == (2, "")
    assert "--json and --prometheus" in done.err


def test_while_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = tmp_path / "dtperf.prom", []
    monkeypatch.setattr("dtperf.execution.checkpoint.RunDirectory.is_due", True)

    def look(_: object) -> None:
        seen.append(values(path.read_text(), "out"))

    config = package.load_config("reference_2023", {"run.chunksize": 2000})
    run = partial(package.run, config, GOLDEN, metrics=path, on_progress=look)
    run(out=tmp_path / "out")
    whole = values(path.read_text(), "out")
    chunks = [each["dtperf_chunks_total", "read"] for each in seen]
    assert (min(chunks), max(chunks)) == (0, whole["dtperf_chunks_total", "read"] - 1)
    assert whole["dtperf_run_state", "complete"] == seen[-1]["dtperf_run_state", "running"] == 1
    assert whole["dtperf_chunks_left",] == whole["dtperf_events_left",] == 0
    for name in ("events", "chunks"):
        key = (f"dtperf_{name}_total", "read")
        assert {each[key] + each[f"dtperf_{name}_left",] for each in seen if each[key]} == {
            whole[key]
        }
    assert whole == values(as_prometheus(summarize(tmp_path / "out"), "out"), "out")


def test_a_run_that_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "dtperf.prom"

    def fail(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "_measure", fail)
    with pytest.raises(KeyboardInterrupt):
        package.run("reference_2023", GOLDEN, out=tmp_path / "out", metrics=path)
    found = values(path.read_text(), "out")
    assert (found["dtperf_run_state", "stopped"], found["dtperf_chunks_left",]) == (1, 1)


def test_a_file_that_is_not_ours_or_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "mine.root"
    path.write_text("mine")
    for where, why in ((path, "no metrics of dtperf's"), (tmp_path / "no" / "a", "cannot be writ")):
        with pytest.raises(ConfigError, match=why):
            package.run("reference_2023", GOLDEN, out=tmp_path / "out", metrics=where)
    assert path.read_text() == "mine"
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match="metrics: tell of what is saved: give out="):
        package.run("reference_2023", GOLDEN, metrics=path)


def test_a_run_goes_on_without_who_watches(tmp_path: Path) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    with metrics_file(folder / "a", tmp_path / "out") as metrics:
        (folder / "a").unlink()
        folder.rmdir()
        with pytest.warns(
            DtperfWarning, match=r"watched/a: cannot be written: .*; the run goes on"
        ):
            metrics.update(made(ROWS))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            metrics.finish(made(ROWS))
