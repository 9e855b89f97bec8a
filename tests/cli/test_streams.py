"""No command fails for want of a character or a reader, and what is saved is no failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dtperf.cli.streams import SIGNS, _of_ascii
from tests.helpers.golden import GOLDEN
from tests.nanoaod.files import read_arrays, write_like

PYTHON = "import sys; from dtperf.cli import main; sys.argv[0] = 'dtperf'; main()"
FULL = Path("/dev/full")
on_linux = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")


def dtperf(
    *arguments: str | Path, encoding: str = "utf-8", shell: str = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a process of its own, perhaps with a redirection of the shell."""
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    environment |= {"PYTHONCOERCECLOCALE": "0", "COLUMNS": "200"}
    command = [sys.executable, "-c", PYTHON, *map(str, arguments)]
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$@" {shell}', "bash", *command],
        capture_output=True,
        env=environment,
        cwd=cwd,
        check=False,
    )


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    arrays = {name: values[:50] for name, values in read_arrays(GOLDEN).items()}
    return write_like(arrays, tmp_path_factory.mktemp("few") / "few.root")


@pytest.fixture(scope="module")
def fileset(few: Path) -> Path:
    listed = few.with_name("few.json")
    assert dtperf("fileset", "build", few, "-o", listed).returncode == 0
    return listed


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_run_on_a_terminal_of_few_signs(encoding: str, few: Path, tmp_path: Path) -> None:
    done = dtperf("run", "reference_2023", few, "-o", tmp_path / "out", encoding=encoding)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    said = done.stdout.decode(encoding)
    assert "50 events read + 0 skipped" in said
    assert "\N{MULTIPLICATION SIGN} acceptance" in said or "x acceptance" in said
    # the errors below the efficiencies
    assert any(" -" in line for line in said.splitlines() if "fiducial" in line)


def test_every_sign_of_the_code_has_another() -> None:
    package = Path(sys.modules["dtperf"].__file__ or "").parent
    for path in package.rglob("*.py"):
        for sign in {c for c in path.read_text(encoding="utf-8") if not c.isascii()}:
            assert _of_ascii(sign).isascii()
            assert "\\u" not in _of_ascii(sign), (path, sign)
    assert all(plain.isascii() for plain in SIGNS.values())


def test_names_that_no_terminal_can_show(tmp_path: Path) -> None:
    (tmp_path / "caf\N{LATIN SMALL LETTER E WITH ACUTE}\N{MINUS SIGN}\N{SNOWMAN}").mkdir()
    [folder] = tmp_path.iterdir()
    done = dtperf("status", folder, encoding="ascii")
    assert done.returncode == 1
    assert b"cafe-\\u2603: is not the directory of a run" in done.stderr
    # bytes that are no text, which Python keeps
    done = dtperf("status", os.fsdecode(b"caf\xe9"), cwd=tmp_path)
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    assert b"caf\\udce9: no such directory" in done.stderr


@pytest.mark.parametrize("shell", ["| true", "| head -c 1", ">&-", ">&- 2>&-", "2>&-"])
def test_a_reader_that_has_had_enough(shell: str, fileset: Path) -> None:
    done = dtperf("fileset", "show", fileset, shell=shell)
    assert (done.returncode, done.stderr) == (0, b"")


def test_nothing_is_kept_back_where_python_keeps_nothing_back() -> None:
    code = (
        "import os, sys; from dtperf.cli.streams import prepare; prepare();"
        "sys.stderr.write('now'); sys.stdout.write('too'); os._exit(0)"
    )
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment, check=True
    )
    assert (done.stdout, done.stderr) == (b"too", b"now")


@on_linux
def test_what_only_prints_fails_where_that_cannot_be_written(fileset: Path) -> None:
    done = dtperf("fileset", "show", fileset, shell=f"> {FULL}")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == ["dtperf: standard output: No space left on device"]


@on_linux
@pytest.mark.parametrize("shell", [f"> {FULL}", f"> {FULL} 2> {FULL}", f"2> {FULL}"])
def test_what_is_saved_is_no_failure(shell: str, fileset: Path, tmp_path: Path) -> None:
    out = tmp_path / "joined.json"
    assert dtperf("fileset", "join", fileset, "-o", out, shell=shell).returncode == 0
    assert out.is_file()


@on_linux
def test_json_that_cannot_be_written_is_a_failure(few: Path, tmp_path: Path) -> None:
    given = ("run", "reference_2023", few, "-o", tmp_path / "out", "--json")
    done = dtperf(*given, shell=f"> {FULL}")
    assert done.returncode == 1
    assert b"dtperf: standard output: No space left on device" in done.stderr
    assert (tmp_path / "out" / "result.json").is_file()


@on_linux
def test_a_run_that_is_saved_is_no_failure(few: Path, tmp_path: Path) -> None:
    done = dtperf("run", "reference_2023", few, "-o", tmp_path / "out", shell=f"> {FULL} 2> {FULL}")
    assert done.returncode == 0
    assert (tmp_path / "out" / "result.json").is_file()


@on_linux
def test_gaps_and_mistakes_keep_their_exit_codes(few: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.root").write_text("hello")
    given = ("run", "reference_2023", few, tmp_path / "bad.root", "-o", tmp_path / "out")
    assert dtperf(*given, "--on-error", "skip", shell=f"> {FULL}").returncode == 3
    assert dtperf("status", tmp_path / "out", shell="| true").returncode == 3
    assert dtperf("run", "nothing", few, "-o", tmp_path / "x", shell=f"> {FULL}").returncode == 2
