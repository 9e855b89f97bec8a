"""What a mistake shows: its message in Python's words, in a notebook with the user's own lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import dtperf
from dtperf.cli.options import as_options

PACKAGE = Path(dtperf.__file__).parent
OPTION = re.compile(r"(?:^|[\s(`'])--[a-z]")
FOR_A_SHELL = {
    "execution/clusters/address.py",
    "execution/clusters/site.py",
    "execution/clusters/trial.py",
    "pages/explore/session.py",
    "selection/block_luminosity.py",
    "selection/brilcalc.py",
}
"""Writes commands, or what the command `cluster check` alone asks for."""


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.delenv("DTPERF_TRACEBACK", raising=False)
    shell = InteractiveShell.instance()
    shell.run_cell("import dtperf")
    yield shell
    InteractiveShell.clear_instance()


def shown(shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str) -> list[str]:
    capsys.readouterr()
    shell.run_cell(cell, store_history=True)
    return capsys.readouterr().out.splitlines()


def test_a_cell_shows_its_line_and_the_message(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    place, line, message = shown(shell, capsys, "name = 'reference'\ndtperf.load_config(name)")
    assert re.fullmatch(r"Cell In\[\d+\], line 2", place)
    assert line == "    dtperf.load_config(name)"
    assert message.startswith("ConfigError: reference: no such file")
    assert message.endswith("did you mean 'reference_2023'?")


def test_functions_of_the_user_are_on_the_way(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(shell, capsys, "def mine():\n    dtperf.load_config('no')\nmine()")
    assert [line.strip() for line in lines[1:4:2]] == ["mine()", "dtperf.load_config('no')"]
    assert len(lines) == 5


def test_an_error_that_has_another_one_as_its_cause(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = """
try:
    1 / 0
except ZeroDivisionError as error:
    raise dtperf.InputError("nothing to divide by") from error
"""
    lines = shown(shell, capsys, cell)
    assert lines[-1] == "InputError: nothing to divide by"
    assert len(lines) == 3


@pytest.mark.parametrize("way", ["%tb Verbose", "DTPERF_TRACEBACK"])
def test_all_lines_on_request(
    shell: InteractiveShell,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    cell = "dtperf.load_config('no')"
    shown(shell, capsys, cell)
    if way == "DTPERF_TRACEBACK":
        monkeypatch.setenv(way, "1")
        text = "\n".join(shown(shell, capsys, cell))
    else:
        text = "\n".join(shown(shell, capsys, way))
    assert "config/load.py" in text
    assert "Traceback (most recent call last)" in text


def messages(path: Path) -> Iterator[str]:
    """Yield the texts of a file, without docstrings and what is a word of a command by itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def test_the_library_speaks_python() -> None:
    paths = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "processors").glob("*.py")]
    files = {str(path.relative_to(PACKAGE.parent)).removeprefix("dtperf/"): path for path in paths}
    with_options = {
        name: text
        for name, path in files.items()
        if not name.startswith("cli/") and name not in FOR_A_SHELL
        for text in messages(path)
        if OPTION.search(text) and " " in text.strip()
    }
    assert with_options == {}
    assert any(OPTION.search(text) for text in messages(files["cli/run.py"]))


def test_the_command_line_speaks_its_own_words() -> None:
    message = "out: resume=True goes on (force=True replaces it); input.tree: 3 is not allowed"
    assert as_options(message) == (
        "out: --resume goes on (--force replaces it); input.tree: 3 is not allowed"
    )
    assert as_options("choose with input.tree") == "choose with --tree"
    assert as_options("another name, or overwrite=True") == "another name, or --force"
    assert as_options("run again with run.retries=3 and run.workers=2") == (
        "run again with --set run.retries=3 and --set run.workers=2"
    )
    # for zsh, to which brackets are a pattern
    assert as_options("run with measurements.groups=[cells], or not") == (
        "run with --set 'measurements.groups=[cells]', or not"
    )


def test_a_config_says_how_to_change_it() -> None:
    config = dtperf.load_config("reference_2023")
    with pytest.raises(dtperf.ConfigError) as refused:
        config.selection.probe.min_pt = 25  # type: ignore[misc]
    assert str(refused.value) == (
        "selection.probe.min_pt: a config cannot be changed: make another one: "
        "load_config(config, {'selection.probe.min_pt': 25})"
    )
    _, _, told = str(refused.value).rpartition("another one: ")
    changed = eval(f"dtperf.{told}")  # noqa: S307  # the line that a user copies
    assert changed.selection.probe.min_pt == 25
    assert config.selection.probe.min_pt != 25


def test_a_config_completes_with_its_keys(shell: InteractiveShell) -> None:
    shell.user_ns["config"] = dtperf.load_config("reference_2023")
    text = "config.selection."
    with provisionalcompleter():
        found = [*shell.Completer.completions(text, len(text))]
    names = {each.text.rpartition(".")[2] for each in found}
    assert {"tag", "probe", "pair", "station", "passing", "luminosity_mask"} <= names
    assert not {name for name in names if "model_" in name or name in ("dict", "json", "parse_obj")}
