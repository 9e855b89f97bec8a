"""What is said of a result that was measured on a skim: where its events came from, and how."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import dtperf
from dtperf.diagnostics.flags import flag
from dtperf.pages.report import render, render_comparison
from tests.cli.commands import call
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import pieces

LOOSE = "selection.probe.min_pt=10"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return pieces(GOLDEN, tmp_path_factory.mktemp("files"), [0, 900, 2500])


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, files: list[Path]) -> Path:
    out = tmp_path_factory.mktemp("made") / "skim"
    dtperf.skim.skim(dtperf.load_config("reference_2023", [LOOSE]), files, out=out)
    return out


@pytest.fixture(scope="module")
def result(out: Path) -> dtperf.Result:
    dtperf.run(dtperf.load_config("reference_2023"), out, out=out.with_name("result"))
    return dtperf.Result.load(out.with_name("result"))


def test_the_job_tells_of_which_skim(out: Path, result: dtperf.Result) -> None:
    made = dtperf.Result.load(out)
    [job] = result.jobs
    assert result.skims == (str(out),)
    assert job["skim_made"] == {
        "begin": made.jobs[0]["begin"],
        "config": made.config.hash,
        "code": made.code,
        "sha256": hashlib.sha256((out / "skim.json").read_bytes()).hexdigest(),
    }
    assert job["packages"] == made.jobs[0]["packages"]
    assert made.skims == ()


def test_the_ledger_has_the_original_files(
    files: list[Path], out: Path, result: dtperf.Result
) -> None:
    assert {row.file for row in result.ledger} == {str(path) for path in files}
    assert result.ledger == dtperf.Result.load(out).ledger


def test_the_page_says_so(out: Path, result: dtperf.Result) -> None:
    page = render(result, flag(result))
    assert f"Measured on a skim of these files: {out}" in page
    assert "MB read when the skim was made" in page
    assert "<dt>skim made</dt>" in page
    other = dtperf.run(result.config, GOLDEN)
    assert "skim" not in render(other, flag(other))
    assert "Both have read 3 of the same files" in render_comparison(result, result, ("a", "b"))


def test_a_notebook_says_so(out: Path, result: dtperf.Result) -> None:
    assert f" measurements, on {out}</p>" in result._repr_html_()


def test_what_comes_after(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], out: Path, tmp_path: Path
) -> None:
    config = dtperf.load_config("reference_2023")
    dtperf.run(config, out, out=tmp_path / "a")
    dtperf.run(config, GOLDEN, out=tmp_path / "b")
    done = call(
        *(monkeypatch, capfd, "merge", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "both"),
        "--allow-doubled-events",
    )
    assert done.code == 0
    assert "4,000 events counted twice" in done.out
    assert f"of {out} and files\n" in done.out
    assert "8,000 events read + 0 skipped = 8,000" in done.out
    assert call(monkeypatch, capfd, "status", tmp_path / "both").out.count(f"of {out};") == 1
    done = call(monkeypatch, capfd, "report", tmp_path / "a", "--reference", tmp_path / "b")
    assert done.code == 0
    # what was read once is not read again by way of the skim
    again = ("merge", tmp_path / "a", out, "-o", tmp_path / "twice")
    done = call(monkeypatch, capfd, *again)
    assert done.code == 1


def test_skims_do_not_merge(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    files: list[Path],
    tmp_path: Path,
) -> None:
    config = dtperf.load_config("reference_2023", [LOOSE])
    for name, part in (("a", files[:1]), ("b", files[1:])):
        dtperf.skim.skim(config, part, out=tmp_path / name)
    done = call(
        monkeypatch, capfd, "merge", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "both"
    )
    assert done.code == 0
    assert "events of skims are not merged: run on each" in done.out


def test_how_to_try_again_what_was_skipped(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    files: list[Path],
    tmp_path: Path,
) -> None:
    for path in files:
        shutil.copy(path, tmp_path)
    broken = tmp_path / files[1].name
    broken.write_bytes(broken.read_bytes()[:5000])
    made = ("skim", "reference_2023", tmp_path, "-o", tmp_path / "skim", "--on-error", "skip")
    assert "`dtperf skim … --resume`, or" in call(monkeypatch, capfd, *made).out
    found = ("run", "reference_2023", tmp_path / "skim", "-o", tmp_path / "out")
    told = call(monkeypatch, capfd, *found).out
    assert "`dtperf skim … --resume` and a new run on it, or elsewhere: `dtperf fileset re" in told
    # elsewhere
    shutil.copy(files[1], broken)
    listed = tmp_path / "missing.json"
    assert call(monkeypatch, capfd, "fileset", "retry", tmp_path / "out", "-o", listed).code == 0
    rest = ("run", "reference_2023", listed, "-o", tmp_path / "rest")
    assert call(monkeypatch, capfd, *rest).code == 0
    both = ("merge", tmp_path / "out", tmp_path / "rest", "-o", tmp_path / "whole")
    assert call(monkeypatch, capfd, *both).code == 0
    whole = dtperf.Result.load(tmp_path / "whole")
    assert whole.by_chamber() == dtperf.run(whole.config, GOLDEN).by_chamber()


def test_a_name_that_would_paint_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], out: Path, tmp_path: Path
) -> None:
    first = dtperf.run(dtperf.load_config("reference_2023"), out, out=tmp_path / "a")
    path = tmp_path / "a/result.json"
    content = json.loads(path.read_text())
    content["jobs"][0]["skim"] = "\x1b[31m[bold]red"
    path.write_text(json.dumps(content))
    dtperf.run(first.config, GOLDEN, out=tmp_path / "b")
    for words in (
        ("merge", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "c", "--allow-doubled-events"),
        ("status", tmp_path / "a"),
    ):
        told = call(monkeypatch, capfd, *words).out
        assert "\x1b[31m" not in told
        assert "[bold]red" in told
