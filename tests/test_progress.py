"""The bar: there while somebody looks, and one line when the work has ended."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numba
import pytest
from nbclient import NotebookClient

import dtperf.progress
import dtperf.progress_screens
from dtperf.errors import DtperfWarning
from dtperf.process import signals_as_interrupt
from dtperf.progress import Progress, progress_bar
from tests.helpers.jupyter import apart

WORK = """
import time
import dtperf.progress_screens
from dtperf.progress import Progress, _Bar, progress_bar

shown, line = [], _Bar.line.fget
_Bar.line = property(lambda bar, line=line: shown.append(line(bar)) or shown[-1])
dtperf.progress_screens._Cell.tick_s = 0.1

def wait_until_it_is_shown():
    before, end = len(shown), time.monotonic() + 60
    while len(shown) == before and time.monotonic() < end:
        time.sleep(0.01)

with progress_bar() as show:
    show(Progress("checking", 2, 2))
    for done in range(0, 5001, 1000):
        show(Progress("measuring", done, 5000, skipped=done // 100, dashboard="http://here:1/x"))
        wait_until_it_is_shown()
"""
LINE = r"measured 4,950 events in \d+\.\d s, [\d,]+ events/s, 50 skipped"


@pytest.fixture
def run_cells(tmp_path: Path) -> Any:
    """Run cells in a kernel; give what is left of each in the notebook."""

    def run(*sources: str) -> tuple[list[list[Any]], list[Any]]:
        cells = [nbformat.v4.new_code_cell(source) for source in sources]  # type: ignore[no-untyped-call]
        notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
        client = NotebookClient(notebook, allow_errors=True)
        frames: list[Any] = []
        process = client.process_message

        def listening(message: Any, *args: Any) -> Any:
            if message["msg_type"] in ("display_data", "update_display_data"):
                frames.append(message["content"]["data"])
            return process(message, *args)

        client.process_message = listening  # type: ignore[method-assign]
        with apart(tmp_path) as client.config:
            client.execute(cwd=str(tmp_path))
        return [cell.outputs for cell in notebook.cells], frames

    return run


def test_a_notebook_keeps_one_line(run_cells: Any) -> None:
    ended_early = WORK.replace("        wait_until_it_is_shown()", "        1 / (done < 2000)")
    silent = ended_early.replace("1 / (done < 2000)", "pass")
    silent = silent.replace("progress_bar()", "progress_bar(progress=False)")
    (whole, early, nothing), frames = run_cells(WORK, ended_early, silent)
    (output,) = whole
    assert output.output_type == "display_data"
    assert re.fullmatch(LINE, output.data["text/plain"])
    assert output.data["text/html"] == f"<div>{output.data['text/plain']}</div>"
    line, error = early
    assert line.data["text/plain"] == "measuring ended at 2,000 of 5,000 events, 20 skipped"
    assert error.ename == "ZeroDivisionError"
    assert nothing == []
    shown = [frame["text/html"] for frame in frames]
    assert shown[0].startswith('<div><progress value="1.0000"></progress> checking 2 of 2 files, ')
    moving = [each for each in shown if "> measuring " in each]
    assert len({*moving}) > 4
    half = r'<progress value="0\.[0-9]+">.* of 5,000 events, .*skipped.* href="http://here:1/x"'
    assert any(re.search(half, each) for each in moving)


def test_a_terminal_keeps_one_line() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", WORK], stderr=theirs, stdout=theirs)
    os.close(theirs)
    text = b""
    while process.poll() is None or select.select([ours], [], [], 0)[0]:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                text += os.read(ours, 1 << 16)
            except OSError:  # how Linux says that nobody has it open any more
                break
    assert process.wait() == 0
    assert text.count(b"measuring ") > 2
    # what is left on the screen once lines were erased
    _, _, last = text.decode().rpartition("\x1b[2K")
    lines = [
        line
        for line in re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", last).split("\r\n")
        if line.strip("\r")
    ]
    assert re.fullmatch(LINE, lines[-1])
    assert len(lines) == 1
    assert b"dashboard: http://here:1/x" in text


def test_nothing_is_shown_where_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as show:
        show(Progress("measuring", 1, 2))
    assert capfd.readouterr() == ("", "")


def test_a_log_gets_what_is_read_later(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar(in_log=True) as show:
        show(Progress("measuring", 0, 1, dashboard="http://here:1/x"))
        with progress_bar(in_log=True) as within:  # one bar at a time
            within(Progress("reading", 0, 9))
        show(Progress("measuring", 1, 1))
    dashboard, last = capfd.readouterr().err.splitlines()
    assert dashboard == "dashboard: http://here:1/x"
    assert re.match(r"measured 1 event in \d+\.\d s", last)


def test_what_was_skipped_was_not_measured(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar(in_log=True) as show:
        show(Progress("measuring", 3000, 3000, skipped=1000))
    assert capfd.readouterr().err.startswith("measured 2,000 events in ")


def test_the_rate_is_that_of_the_time_beside_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with progress_bar(in_log=True) as show:
        bar = show.__self__  # type: ignore[attr-defined]  # its method
        bar._compiled_s = 0.3  # too short to be told
        time.sleep(0.4)
        show(Progress("measuring", 1_000_000, 1_000_000))
    told = re.match(r"measured 1,000,000 events in ([\d.]+) s, ([\d,]+) ", capfd.readouterr().err)
    assert told is not None
    seconds, rate = float(told[1]), int(told[2].replace(",", ""))
    assert abs(1_000_000 / rate - seconds) < 0.051  # a digit is shown


def test_ctrl_c_while_a_bar_begins_leaves_none_by_half(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    push = Console.push_render_hook

    def interrupted(*args: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        push(*args)

    monkeypatch.setattr(Console, "push_render_hook", interrupted)
    screen = dtperf.progress_screens._Terminal()
    bar = SimpleNamespace(state=(0, 1), line="line", dashboard="")
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(KeyboardInterrupt))
        stack.enter_context(signals_as_interrupt())
        stack.callback(screen.close, "")
        screen.update(bar)


def test_a_log_gets_a_line_a_while_and_no_bar(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dtperf.progress_screens.Log, "tick_s", 0.2)
    with progress_bar(in_log=True) as show:
        show(Progress("measuring", 1000, 5000))
        said = ""
        while said.count("\n") < 2:  # one chunk tells nothing while it is measured
            time.sleep(0.05)
            said += capfd.readouterr().err
        show(Progress("measuring", 5000, 5000))
    *lines, last = (said + capfd.readouterr().err).splitlines()
    assert all(
        re.match(r"measuring 1,000 of 5,000 events, [\d,]+ events/s, ", each) for each in lines
    )
    assert last.startswith("measured 5,000 events in ")


def test_what_is_told_of_at_its_end_has_its_time(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar(in_log=True) as show:
        time.sleep(0.3)
        show(Progress("reading", 20, 20))
    seconds = re.findall(r"read 20 events in ([\d.]+) s, ", capfd.readouterr().err)
    assert [float(each) >= 0.3 for each in seconds] == [True]


def test_whoever_is_called_is_called_instead(capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[Progress] = []
    with progress_bar(on_progress=seen.append, in_log=True) as show:
        show(Progress("measuring", 1, 2))
    assert seen == [Progress("measuring", 1, 2)]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("options", [{}, {"progress": False}, {"in_log": True}])
def test_a_notice_is_a_warning_wherever_it_is(options: dict[str, bool]) -> None:
    with (
        pytest.warns(DtperfWarning, match="your proxy ends"),
        progress_bar(**options) as show,  # type: ignore[arg-type]
    ):
        show(Progress("checking", 1, 1, notice="your proxy ends"))


def test_compiling_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dtperf.progress, "LONG_COMPILING_S", 0.0)
    told: list[str] = []
    monkeypatch.setattr(dtperf.progress_screens.Log, "update", lambda _, bar: told.append(bar.line))

    @numba.njit  # type: ignore[untyped-decorator]
    def find_pairs(number: int) -> int:
        return number + 1

    with progress_bar(in_log=True) as show:
        show(Progress("measuring", 0, 1))
        time.sleep(0.01)
        assert find_pairs(1) == 2
    now = r"measuring 0 of 1 event, [\d:]+, compiling once, for later runs too: find_pairs"
    assert re.fullmatch(now, told[-1])
    assert re.search(r", compiling, once, took \d+ s\n$", capfd.readouterr().err)


FIRST = """
import sys, time
import dtperf.progress, dtperf.progress_screens
from dtperf.compiled import compiled
from dtperf.progress import Progress, progress_bar
from tests.helpers.jupyter import apart

dtperf.progress.LONG_COMPILING_S = 0.0
dtperf.progress_screens.Log.update = lambda _, bar: print(bar.line)

@compiled
def _doubled(number):
    return 2 * number

assert "numba" not in sys.modules
with progress_bar(in_log=True) as show:
    show(Progress("measuring", 0, 1))
    time.sleep(0.01)
    _doubled(1)
"""


def test_what_is_compiled_first_is_told_though_numba_is_loaded_for_it(tmp_path: Path) -> None:
    program = tmp_path / "first.py"  # its kernel is kept beside it
    program.write_text(FIRST)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("compiling once, for later runs too: doubled\n")
    assert re.search(r", compiling, once, took \d+ s\n$", done.stderr)


def test_what_workers_tell_that_they_compile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dtperf.progress, "LONG_COMPILING_S", 0.0)
    monkeypatch.setattr(dtperf.progress, "LONG_WAIT_S", 0.0)
    told: list[str] = []
    monkeypatch.setattr(dtperf.progress_screens.Log, "update", lambda _, bar: told.append(bar.line))
    with progress_bar(in_log=True) as show:
        for name in ("", "find_pairs", ""):
            time.sleep(0.01)
            show(Progress("measuring", 0, 2, compiling=name))
    assert ["runs too: find_pairs" in line for line in told] == [False, True, False]
    assert not [line for line in told if "may wait" in line]


def test_what_the_first_chunk_of_other_processes_may_wait_for_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dtperf.progress, "LONG_WAIT_S", 0.0)
    told: list[str] = []
    monkeypatch.setattr(dtperf.progress_screens.Log, "update", lambda _, bar: told.append(bar.line))
    with progress_bar(in_log=True) as show:
        for done in (0, 1):
            time.sleep(0.01)
            show(Progress("measuring", done, 2))
    assert ["numba" in line for line in told] == [True, False]
