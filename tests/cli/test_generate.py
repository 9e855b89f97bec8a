from __future__ import annotations

import json
from pathlib import Path

import pytest

from dtperf.nanoaod import inspect_file
from tests.cli.commands import call

SMALL = ("--format", "rntuple", "--events", "60")


def test_a_sample_that_can_be_analysed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sample"
    options = ("--files", "2", "--runs", "3", "--seed", "5", "--generation", "A")
    done = call(monkeypatch, capfd, "generate", "-o", out, *SMALL, *options, "--truth-events")
    assert done.code == 0
    for part in ("60 events in 2 files", "bytes an event", "events/s", "truth_chambers.csv"):
        assert part in done.out
    command = next(line for line in done.out.splitlines() if line.startswith("now: "))
    assert command == f"now: dtperf run reference_2023 {out} -o result"
    assert done.err == ""
    summary = inspect_file(str(out / "nano_0001.root"))
    assert (summary.generation, summary.kind, summary.entries) == ("A", "RNTuple", 30)
    header = json.loads((out / "truth.json").read_text())
    assert (header["seed"], header["settings"]["runs"]) == (5, 3)
    assert (out / "truth_crossings" / "nano_0000.parquet").exists()

    again = call(monkeypatch, capfd, "run", "reference_2023", out, "-o", tmp_path / "result")
    assert again.code == 0
    assert "60 events read + 0 skipped = 60" in again.out


def test_file_flags_and_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "sample.yaml"
    config.write_text("events: 1000\nfiles: 9\nphysics: {mean_fakes: 0}\n")
    arguments = ("--config", config, *SMALL, "--break", "empty,not-root", "--set", "files=4")
    done = call(monkeypatch, capfd, "generate", "-o", tmp_path / "out", *arguments)
    assert done.code == 0
    assert "broken, and not in the truth: nano_0002.root: empty, nano_0003.root: n" in done.out
    settings = json.loads((tmp_path / "out/truth.json").read_text())["settings"]
    assert (settings["events"], settings["physics"]["mean_fakes"]) == (60, 0)
    assert (tmp_path / "out/nano_0002.root").stat().st_size == 0


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--events", "0"], "events: 0 is not allowed; allowed: whole number from 1"),
        (["--events", "many"], "Invalid value for '--events'"),
        (["--generation", "C"], "allowed: one of 'A', 'B'"),
        (["--format", "csv"], "allowed: one of 'ttree', 'rntuple'"),
        (["--break", "melted"], "'truncated', 'header-only'"),
        (["--break", "empty"], "files must be more than that"),
        (["--break", "empty]["], "broken=[empty][]"),
        (["--set", "evnts=3"], "did you mean 'events'?"),
        (["--set", "physics"], "not of the form key=value"),
        (["--config", "no.yaml"], "no.yaml: no such file"),
        (["--workers", "0"], "Invalid value for '--workers'"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    part: str,
) -> None:
    done = call(monkeypatch, capfd, "generate", "-o", tmp_path / "out", *arguments)
    assert done.code == 2
    assert part in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


def test_an_older_sample_needs_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ("generate", "-o", tmp_path, *SMALL)
    codes = [call(monkeypatch, capfd, *arguments, *more).code for more in ((), (), ("--force",))]
    assert codes == [0, 2, 0]
    assert "--force replaces the sample" in call(monkeypatch, capfd, *arguments).err


def test_help_names_the_options(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    done = call(monkeypatch, capfd, "generate", "--help")
    assert done.code == 0
    for option in ("--events", "--break", "--truth-events", "--set", "--workers", "--force"):
        assert option in done.out
