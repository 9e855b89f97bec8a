"""A command ends at once, but for what asked to be done at its end."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
{before}
from dtperf import cli

class Taken:
    def __del__(self):
        print("taken apart")

taken = Taken()

def work():
    import atexit, threading, time
    from concurrent.futures import ThreadPoolExecutor
    atexit.register(print, "registered")
    first = threading.Event()
    thread = threading.Thread(target=lambda: (first.wait(), time.sleep(0.1), print("thread")))
    thread.start()
    ThreadPoolExecutor(1).submit(lambda: (time.sleep(0.1), print("pool"), first.set()))
    sys.stderr.write("no end of line")
    {end}

cli._run = work
cli.main()
"""


def run(end: str, before: str = "") -> tuple[int, list[str], str]:
    """Run a command that does and leaves several things; give code, output and errors."""
    program = PROGRAM.format(end=end, before=before)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("code", [0, 3])
def test_what_is_asked_for_is_done_and_nothing_is_taken_apart(code: int) -> None:
    found, out, err = run(f"return {code}")
    assert (found, err) == (code, "no end of line")
    assert out == ["pool", "thread", "registered"]


def test_who_came_first_is_called_too() -> None:
    code, out, _ = run("return 3", "import atexit; atexit.register(print, 'first')")
    assert (code, out) == (3, ["pool", "thread", "registered", "first", "taken apart"])


@pytest.mark.parametrize("then", ["", ": raise ImportError('half') from None", ": [].pop()"])
def test_ctrl_c_is_told_in_one_line_whatever_it_has_become(then: str) -> None:
    stopped = "raise KeyboardInterrupt"
    end = f"""
    try:
        {stopped}
    except KeyboardInterrupt{then or ": raise"}
"""
    code, out, err = run(end)
    assert (code, err) == (130, "no end of linedtperf: interrupted\n")
    assert out == ["pool", "thread", "registered"]


def test_ctrl_c_while_commands_are_imported() -> None:
    # as boost_histogram and others, whose beginning is C++, raise it
    program = """
import sys
from dtperf import cli

class Importer:
    def find_spec(self, name, *_):
        if name == "typer":
            raise ImportError("initialization failed") from KeyboardInterrupt()

sys.meta_path.insert(0, Importer())
sys.argv = ["dtperf", "run"]
cli.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "dtperf: interrupted\n")


def test_an_error_of_ours_is_reported() -> None:
    code, out, err = run("raise ZeroDivisionError('ours')")
    assert (code, out[-1]) == (1, "taken apart")
    assert "ZeroDivisionError: ours" in err
