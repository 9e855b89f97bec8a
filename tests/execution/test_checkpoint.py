"""The directory of a run: one run at a time, never a mix, whatever is left of an earlier one."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf.errors import ConfigError, InputError
from dtperf.execution.checkpoint import LOCK, RunDirectory, is_running, newest, open_run
from dtperf.results.result import Result

CODE = "0.1.0+0123456789ab"


@pytest.fixture
def result(golden_result: Result) -> Result:
    return replace(golden_result, code=CODE)


def opened(
    out: Path, result: Result, *, resume: bool = False, force: bool = False, code: str = CODE
) -> AbstractContextManager[RunDirectory]:
    return open_run(out, result.config, code, resume=resume, force=force)


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Lock a directory as a run of another process does."""
    out.mkdir(exist_ok=True)
    with (out / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_what_is_kept_is_found(tmp_path: Path, result: Result) -> None:
    out = tmp_path / "out"
    with opened(out, result) as directory:
        assert newest(out) is None
        directory.keep(result)
        first = newest(out)
        directory.keep(result)
        assert newest(out) != first
        assert first is not None
        assert not first.exists()
    with opened(out, result, resume=True) as directory:
        assert directory.previous is not None
        assert directory.previous.ledger == result.ledger
        directory.finish(result)
    assert newest(out) == out
    assert not (out / "partial").exists()
    assert Result.load(out).ledger == result.ledger


def test_a_kill_before_the_older_one_is_removed(tmp_path: Path, result: Result) -> None:
    out = tmp_path / "out"
    with opened(out, result) as directory:
        directory.keep(result)
        one = newest(out)
        assert one is not None
        two = one.with_name("000002")
        shutil.copytree(one, two)
    with opened(out, result, resume=True) as directory:
        # were its number that of one of both, it would be removed with them
        directory.keep(result)
    assert newest(out) not in (None, one, two)
    assert not one.exists()
    assert not two.exists()
    assert Result.load(out / "partial" / "000003").ledger == result.ledger


def test_a_save_that_was_cut_short_does_not_count(tmp_path: Path, result: Result) -> None:
    with opened(tmp_path / "out", result) as directory:
        directory.keep(result)
        good = newest(tmp_path / "out")
        directory.keep(result)
        cut = newest(tmp_path / "out")
    assert good is not None
    assert cut is not None
    (cut / "result.json").unlink()
    result.save(good)
    assert newest(tmp_path / "out") == good


def test_nobody_runs_where_another_run_works(tmp_path: Path, result: Result) -> None:
    out = tmp_path / "out"
    with opened(out, result) as directory:
        directory.describe({"events": 1})
    with held(out):
        assert is_running(out)
        for options in ({}, {"resume": True}, {"force": True}):
            with pytest.raises(ConfigError, match="another run works in this directory: process"):
                opened(out, result, **options).__enter__()
    assert not is_running(out)


def test_nothing_is_replaced_or_mixed_unasked(tmp_path: Path, result: Result) -> None:
    out = tmp_path / "out"
    with opened(out, result) as directory:
        directory.keep(result)
    with pytest.raises(ConfigError, match="unfinished run: resume=True goes on"):
        opened(out, result).__enter__()
    with opened(out, result, resume=True) as directory:
        directory.finish(result)
    with pytest.raises(ConfigError, match=r"holds a result: resume=True goes on .* force=True"):
        opened(out, result).__enter__()
    with opened(out, result, force=True) as directory:
        assert directory.previous is None
        assert newest(out) is None


def test_counts_of_another_config_or_version_are_not_gone_on_with(
    tmp_path: Path, result: Result
) -> None:
    out = tmp_path / "out"
    with opened(out, result) as directory:
        directory.keep(result)
    with pytest.raises(ConfigError, match=r"another version of dtperf \(0\.1\.0\+0123"):
        opened(out, result, resume=True, code="0.1.0+ba9876543210").__enter__()
    other = replace(result, config=dtperf.load_config("cms_dp_2023_049"))
    with pytest.raises(ConfigError, match="another config") as refused:
        opened(out, other, resume=True).__enter__()
    assert "selection.pair.max_mass: " in str(refused.value)
    assert newest(out) is not None


def test_how_it_runs_may_change(tmp_path: Path, result: Result) -> None:
    with opened(tmp_path / "out", result) as directory:
        directory.keep(result)
    config = dtperf.load_config(result.config, ["run.chunksize=7", "run.executor=dask"])
    with opened(tmp_path / "out", replace(result, config=config), resume=True) as directory:
        assert directory.previous is not None


def test_gaps_are_to_be_filled(tmp_path: Path, result: Result) -> None:
    gap = result.ledger[0]._replace(start=4000, stop=5000, status="skipped", cause="timeout")
    with_gap = replace(result, ledger=type(result.ledger)([*result.ledger, gap]))
    with opened(tmp_path / "out", result) as directory:
        directory.finish(with_gap)
    with opened(tmp_path / "out", result, resume=True) as directory:
        assert directory.previous is not None
        assert directory.previous.ledger == result.ledger


def test_nothing_to_resume_is_a_beginning(tmp_path: Path, result: Result) -> None:
    with opened(tmp_path / "out", result, resume=True) as directory:
        assert directory.previous is None
        directory.describe({})
    assert (tmp_path / "out" / "run.json").is_file()


def test_a_run_that_did_not_begin_leaves_nothing(tmp_path: Path, result: Result) -> None:
    with pytest.raises(InputError), opened(tmp_path / "a" / "out", result):
        raise InputError("no file")
    assert not (tmp_path / "a" / "out").exists()
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError), opened(tmp_path / "mine", result):
        raise InputError("no file")
    assert (tmp_path / "mine").exists()


@pytest.mark.parametrize("name", ["partial", "run.json", "fileset.json.gz", ".lock"])
def test_links_that_lead_out_are_refused(name: str, tmp_path: Path, result: Result) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / name).symlink_to(elsewhere)
    for options in ({}, {"resume": True}, {"force": True}):
        with pytest.raises(ConfigError, match="is a link"):
            opened(out, result, **options).__enter__()
    assert not [*elsewhere.iterdir()]


def test_a_damaged_save_is_named(tmp_path: Path, result: Result) -> None:
    with opened(tmp_path / "out", result) as directory:
        directory.keep(result)
    saved: Any = newest(tmp_path / "out")
    (saved / "histograms.json.gz").write_bytes(b"")
    with pytest.raises(InputError, match=saved.name):
        opened(tmp_path / "out", result, resume=True).__enter__()
