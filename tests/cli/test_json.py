"""What `--json` prints is JSON and nothing else, with the keys that the documentation names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
import typer.main

from dtperf.cli.app import app
from dtperf.cli.as_json import print_json
from dtperf.detector import Place
from dtperf.results.result import Result
from dtperf.results.summary import Efficiency
from tests.cli.commands import Done, call
from tests.helpers.golden import GOLDEN
from tests.helpers.pages import ROOT
from tests.nanoaod.files import read_arrays, write_like

Call = Callable[..., Done]


@pytest.fixture
def dtperf(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return partial(call, monkeypatch, capfd)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden_result: Result) -> Path:
    """Go to a folder with two results, some events, and two filesets."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        golden_result.save(tmp_path / name)
    for number in (1, 2):
        arrays = {name: values[number:20] for name, values in read_arrays(GOLDEN).items()}
        write_like(arrays, tmp_path / f"{number}.root")
        (tmp_path / f"{number}.json").write_text(json.dumps([f"{number}.root"]))
    return tmp_path


WIDE = ("--set", "selection.pair.min_mass=60", "--set", "selection.pair.max_mass=120")
COMMANDS = {
    "run": ("run", "reference_2023", "1.root", "-o", "out", *WIDE),
    "skim": ("skim", "reference_2023", "1.root", "-o", "kept"),
    "merge": ("merge", "first", "second", "-o", "sum", "--allow-doubled-events"),
    "report": ("report", "a", "--reference", "b"),
    "status": ("status", "a"),
    "compare": ("compare", "a", "b", "--page", "page.html"),
    "trend": ("trend", "a", "b"),
    "background": ("background", "out"),
    "plan": ("plan", "--from", "a", "--event-size", "900"),
    "inspect": ("inspect", "1.root", "2.root"),
    "measurements": ("measurements",),
    "measurements --columns": ("measurements", "--columns"),
    "config list": ("config", "list"),
    "config show": ("config", "show", "reference_2023"),
    "fileset show": ("fileset", "show", "1.json"),
    "fileset diff": ("fileset", "diff", "1.json", "1.json"),
}
ELSEWHERE = {"cluster status"}
"""Tried where a cluster is up."""


def _strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def documented() -> dict[str, set[str]]:
    """Return the keys of the page, by command."""
    page = (ROOT / "docs/howto/scripts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", page, re.MULTILINE)
    found = {}
    for commands, keys in rows:
        for command in re.findall(r"`([^`]+)`", commands):
            found[command] = {*re.findall(r"`(\w+)`", keys.partition(";")[0])}
    found["report"] = found["run"] | {"page"}
    return found


@pytest.mark.parametrize("name", [*COMMANDS])
def test_json_and_nothing_else(name: str, folder: Path, dtperf: Call) -> None:
    if name == "background":
        assert dtperf(*COMMANDS["run"]).code == 0
    if name == "merge":
        for out, events in (("first", "1.root"), ("second", "2.root")):
            assert dtperf("run", "reference_2023", events, "-o", out).code == 0
    done = dtperf(*COMMANDS[name], "--json")
    assert done.code == 0, done.err
    content = _strictly(done.out)
    keys = {*content} if isinstance(content, dict) else {key for each in content for key in each}
    if name == "config show":
        assert {"selection", "measurements"} < keys
    else:
        assert keys == documented()[name]


def _with_json(command: Any, path: str = "") -> Iterator[str]:
    if any("--json" in each.opts for each in command.params):
        yield path
    for name, each in getattr(command, "commands", {}).items():
        yield from _with_json(each, f"{path} {name}".strip())


def test_all_commands_with_json_are_tried_anddocumented() -> None:
    found = {*_with_json(typer.main.get_command(app))}
    assert found == {each for each in COMMANDS if "--" not in each} | ELSEWHERE
    assert found | {"measurements --columns"} == {*documented()}


def test_gaps_and_mistakes(folder: Path, dtperf: Call) -> None:
    done = dtperf("inspect", "nowhere.root", "--json")
    assert done.code == 1
    assert [{*each} for each in _strictly(done.out)] == [{"path", "error"}]
    (folder / "bad.root").write_text("no events")
    given = ("run", "reference_2023", "1.root", "bad.root", "-o", "out", "--on-error", "skip")
    done = dtperf(*given, "--json")
    assert done.code == 3
    content = _strictly(done.out)
    assert content["skipped"] == {"not-root": {"events": 0, "files": 1}}
    assert (content["files_unknown"], content["events_read"]) == (1, 19)
    done = dtperf("compare", "a", "nowhere", "--json")
    assert (done.code, done.out) == (1, "")


def test_places_efficiencies_and_numbers_that_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"place": Place(0, 5), "of": Efficiency(0, 0, nan, inf), 3: (Path("a/b"), None)})
    assert _strictly(capsys.readouterr().out) == {
        "place": {"name": "sector 5 of wheel 0", "wheel": 0, "sector": 5, "station": None},
        "of": {"value": None, "passed": 0, "total": 0, "low": None, "high": None},
        "3": ["a/b", None],
    }
