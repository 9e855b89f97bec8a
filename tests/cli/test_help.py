"""How commands describe themselves, and what a shell completes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import typer.main
from typer.testing import CliRunner

from dtperf.cli.app import app
from dtperf.config.load import packaged
from dtperf.errors import ConfigError

WHOLE = typer.main.get_command(app)


def _paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, each in getattr(command, "commands", {}).items():
        yield from _paths(each, (*path, name))


PATHS = [*_paths(WHOLE)]


def _help(*words: str, option: str = "-h", **environment: str) -> str:
    """Print a help; typer's own runner makes all commands anew for each."""
    with patch.dict(os.environ, environment), redirect_stdout(StringIO()) as text:
        code = WHOLE.main([*words, option], prog_name="dtperf", standalone_mode=False)
    assert code == 0, text.getvalue()
    return text.getvalue()


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_reads_like_that_of_other_programs(path: tuple[str, ...]) -> None:
    text = _help(*path)
    assert text == _help(*path, option="--help")
    assert text.startswith(f"Usage: {' '.join(('dtperf', *path))} [OPTIONS]")
    # of typer's own words for what is taken: {config}, <bool>, <list[str]>, <int range> [x>=1]
    assert not re.search(r"[{}]|<[a-z]|list\[|\bx[<>]=|=x\b|…\.\.\.", text)
    # what an option takes is one word in capitals, or the choices
    for names, value in re.findall(r"^  ((?:-\w, )?--[\w-]+)(?: (\S+))?", text, re.MULTILINE):
        assert not value or value.isupper() or "|" in value or value == "FILE.py:CLASS", names


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_a_narrow_terminal_shows_all_of_it(path: tuple[str, ...]) -> None:
    narrow, wide = (_help(*path, COLUMNS=columns) for columns in ("40", "200"))
    # the least that it is written for
    assert max(map(len, narrow.splitlines())) <= 50
    # a line may end behind a hyphen
    assert "".join(narrow.split()) == "".join(wide.split())


def test_what_is_needed_stands_in_the_usage_line() -> None:
    assert "Usage: dtperf run [OPTIONS] -o OUT CONFIG INPUTS...\n" in _help("run")
    assert "Usage: dtperf trend [OPTIONS] OUT...\n" in _help("trend")
    assert "  --port N " in _help("explore")
    assert "0<=N<=65535" in _help("explore")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "reference_2023", "data", "-o", ""], "-o"),
        (["run", "reference_2023", "data", "--out="], "--out"),
        (["run", "reference_2023", "", "-o", "out"], "an argument"),
        (["plot", ""], "an argument"),
        (["fileset", "build", "data", "-o", ""], "-o"),
    ],
)
def test_a_variable_that_is_not_set_is_no_working_folder(arguments: list[str], named: str) -> None:
    done = CliRunner().invoke(app, arguments, prog_name="dtperf")
    assert isinstance(done.exception, ConfigError)
    assert str(done.exception).startswith(f"{named}: is empty")


def test_no_label_is_one(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    for label in (["--label", ""], ["--label="]):
        done = CliRunner().invoke(app, ["plot", nowhere, *label], prog_name="dtperf")
        assert "no result.json" in str(done.exception)


def test_a_mistake_names_command_and_argument() -> None:
    done = CliRunner().invoke(app, ["run"], prog_name="dtperf")
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1] == "Error: Missing argument 'CONFIG'."
    assert "Try 'dtperf run -h' for help." in done.stderr


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "dtperf"]
    done = subprocess.run([*command, "status", "nowhere"], capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr == b"dtperf: nowhere: no such directory\n"
    done = subprocess.run([*command, "status"], capture_output=True, check=False)
    assert done.stderr.startswith(b"Usage: python -m dtperf status [OPTIONS] OUT\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the command as an installation has it."""
    script = tmp_path_factory.mktemp("bin") / "dtperf"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom dtperf.cli import main\n"
        "try:\n    main()\nfinally:\n    if 'SEEN' in __import__('os').environ:\n"
        "        print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    script.chmod(0o755)
    given = subprocess.run(
        [script],
        env={**os.environ, "_DTPERF_COMPLETE": "source_bash"},
        capture_output=True,
        check=False,  # it ends as if something were wrong
    )
    (script.parent / "completion").write_bytes(given.stdout)
    return script.parent


def _complete(folder: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Let bash complete the last word of a line, by the script that dtperf itself gives."""
    words = " ".join(f"'{word}'" for word in line.split(" "))
    script = f"""
        source '{folder}/completion'
        COMP_WORDS=({words}) COMP_CWORD={line.count(" ")}
        _dtperf_completion dtperf
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path, **environment},
    )


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("dtperf co", ["compare", "config"]),
        ("dtperf fileset s", ["split", "sample", "show"]),
        ("dtperf run --on", ["--on-error"]),
        ("dtperf run ", [*packaged("analyses")]),
        ("dtperf run ./mine", []),  # and so bash offers files
        ("dtperf cluster up ht", ["htcondor"]),
        ("dtperf plot out --only chambers_M", [f"chambers_MB{number}" for number in range(1, 5)]),
        (
            "dtperf run --set selection.pair.max",
            ["selection.pair.max_mass=", "selection.pair.max_abs_dz="],
        ),
        ("dtperf generate --set truth", ["truth_events="]),
    ],
)
def test_bash_completes(folder: Path, line: str, completed: list[str]) -> None:
    done = _complete(folder, line)
    assert (done.stdout.split(), done.stderr) == (completed, "")


def test_what_is_completed_at_once_loads_little(folder: Path) -> None:
    loaded = {*_complete(folder, "dtperf run ", SEEN="1").stderr.split()}
    assert "dtperf.cli.app" in loaded
    assert not loaded & {"coffea", "numba", "uproot", "awkward", "matplotlib", "scipy"}


def test_completion_is_installed_for_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -m dtperf --install-completion; exit $?'],
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [script] = (tmp_path / ".bash_completions").iterdir()
    assert "complete -o default -F _dtperf_completion dtperf" in script.read_text()
    assert str(script) in (tmp_path / ".bashrc").read_text()
