"""What is at fault is told, and no file is blamed, nor its events skipped, for what is not its."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import numba
import pytest
import uproot

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import Cause, DtperfError, InputError
from dtperf.execution.checkpoint import missing_in
from dtperf.execution.status import summarize
from dtperf.filesets import InputFile, resolve, write
from dtperf.nanoaod import open_files
from dtperf.results.event_sample import EventSample
from dtperf.results.result import Result
from dtperf.selection import tagging
from tests.helpers.broken import missing_branch
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run


@pytest.fixture
def skipping(reference_config: AnalysisConfig) -> AnalysisConfig:
    open_files.close_all()
    return with_run(
        reference_config, on_error="skip", executor="iterative", chunksize=1000, retries=0
    )


@numba.njit
def _cannot_be_compiled(x: Any) -> Any:
    return x.no_such_thing


def raising(error: Exception) -> Callable[..., NoReturn]:
    def raise_(*_: Any, **__: Any) -> NoReturn:
        raise error

    return raise_


def damaged(path: Path) -> None:
    """Write a file of which no event can be read."""
    content = bytearray(GOLDEN.read_bytes())
    with uproot.open(GOLDEN) as file:
        branch = file["Events/muon_pt"]
        for at in branch.member("fBasketSeek")[: branch.num_baskets]:
            content[at : at + 20] = bytes(20)
    path.write_bytes(content)


OURS: list[tuple[Callable[..., Any], Cause]] = [
    (lambda *_: _cannot_be_compiled(1.0), "failed"),
    (lambda *_: None + 1, "failed"),  # type: ignore[operator]  # a mistake
    (raising(MemoryError()), "memory"),
    (raising(OSError(errno.EMFILE, "Too many open files")), "environment"),
    (raising(OSError(errno.ENOSPC, "No space left on device")), "environment"),
    (raising(ModuleNotFoundError("install the 'lz4' package")), "environment"),
    (raising(RuntimeError("can't start new thread")), "environment"),
]
PLACES = {
    "opening": (uproot, "open"),
    "decoding": (dtperf.nanoaod.bulk, "read_offsets"),
    "measuring": (tagging, "flatten"),
}
CASES = [
    (place, number)
    for place in PLACES
    for number in range(len(OURS))
    # a mistake of this file is none of dtperf's
    if number != 1 or place == "measuring"
]


@pytest.mark.parametrize(("place", "number"), CASES)
def test_what_is_no_fault_of_a_file_ends_the_run(
    place: str, number: int, skipping: AnalysisConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails, cause = OURS[number]
    monkeypatch.setattr(*PLACES[place], fails)
    with pytest.raises(DtperfError) as ended:
        dtperf.run(skipping, GOLDEN)
    assert not isinstance(ended.value, InputError)
    assert ended.value.cause == cause
    assert str(GOLDEN) in str(ended.value)
    for blaming in ("corrupt", "damaged", "copy it again", "cannot be read", "cannot be opened"):
        assert blaming not in str(ended.value)


def test_what_was_measured_before_is_kept_and_the_run_goes_on(
    skipping: AnalysisConfig,
    golden_result: Result,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flatten, calls = tagging.flatten, []

    def fails_later(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            raise MemoryError
        return flatten(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(tagging, "flatten", fails_later)
        with pytest.raises(DtperfError, match="too little memory"):
            dtperf.run(skipping, GOLDEN, out=tmp_path / "out")
    found = summarize(tmp_path / "out")
    assert (found.state, found.events_read) == ("stopped", 2000)
    assert_same(dtperf.run(skipping, GOLDEN, out=tmp_path / "out", resume=True), golden_result)


def test_what_may_be_over_is_tried_again(
    skipping: AnalysisConfig, golden_result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    flatten, calls = tagging.flatten, []

    def fails_once(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError(errno.EMFILE, "Too many open files")
        return flatten(*arguments)

    monkeypatch.setattr(tagging, "flatten", fails_once)
    result = dtperf.run(with_run(skipping, retries=1, backoff_s=0.01), GOLDEN)
    assert_same(result, golden_result)
    assert [row.attempts for row in result.ledger] == [1, 2, 1, 1]


def test_what_is_the_fault_of_a_file_is_skipped(skipping: AnalysisConfig, tmp_path: Path) -> None:
    damaged(tmp_path / "bad.root")
    result = dtperf.run(skipping, tmp_path / "bad.root")
    assert {row.cause for row in result.ledger} == {"corrupt"}
    assert result.skipped_events == 4000


def test_a_run_that_has_skipped_all_has_gaps(skipping: AnalysisConfig, tmp_path: Path) -> None:
    damaged(tmp_path / "bad.root")
    result = dtperf.run(skipping, tmp_path / "bad.root", out=tmp_path / "out")
    assert result  # is there, though it holds no histogram
    assert not len(result)
    found = summarize(tmp_path / "out")
    assert found.state == "complete with gaps"
    assert (found.events_read, found.events_skipped, found.events_left) == (0, 4000, 0)
    assert found.causes == {"corrupt": len(result.ledger)}
    assert found.files_skipped == 1
    [left] = missing_in(tmp_path / "out")
    assert left.events == 4000


def test_the_events_of_a_file_that_is_of_no_use_are_counted(
    skipping: AnalysisConfig, tmp_path: Path
) -> None:
    missing_branch(tmp_path / "useless.root")  # of 20 events
    shutil.copy(GOLDEN, tmp_path / "good.root")
    result = dtperf.run(skipping, tmp_path, out=tmp_path / "out")
    assert (result.ledger.events("read"), result.skipped_events) == (4000, 20)
    assert result.unknown_files == 0
    assert summarize(tmp_path / "out").events_total == 4020
    # and are still known when it is tried again
    again = dtperf.run(skipping, tmp_path, out=tmp_path / "out", resume=True)
    assert again.skipped_events == 20


def test_an_empty_file_that_is_of_no_use_is_known_to_have_no_events(
    skipping: AnalysisConfig, tmp_path: Path
) -> None:
    missing_branch(tmp_path / "useless.root", events=0)
    shutil.copy(GOLDEN, tmp_path / "good.root")
    result = dtperf.run(skipping, tmp_path)
    assert (result.skipped_files, result.skipped_events, result.unknown_files) == (1, 0, 0)


def test_what_a_fileset_does_not_count_is_of_unknown_length(
    skipping: AnalysisConfig, tmp_path: Path
) -> None:
    damaged(tmp_path / "bad.root")
    (tmp_path / "bad.root").write_bytes((tmp_path / "bad.root").read_bytes()[:5000])
    shutil.copy(GOLDEN, tmp_path / "good.root")
    bad = InputFile(str(tmp_path / "bad.root"), "Events", uuid=uuid4())
    for entries, expected in ((None, (0, 1)), (500, (500, 0))):
        files = [bad._replace(entries=entries), *resolve(tmp_path / "good.root")]
        write(tmp_path / "files.json", files)
        result = dtperf.run(skipping, tmp_path / "files.json")
        assert (result.skipped_events, result.unknown_files) == expected


def test_a_result_without_histograms_adds_up(golden_result: Result) -> None:
    nothing = replace(
        golden_result,
        counts={},
        ledger=type(golden_result.ledger)([]),
        totals={},
        event_sample=EventSample(),
    )
    assert bool(nothing)
    assert_same(
        nothing + golden_result,
        replace(
            golden_result,
            anomalies={name: 2 * count for name, count in golden_result.anomalies.items()},
        ),
    )
