"""What `--json` prints is JSON and nothing else, with the keys that the documentation names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
import typer.main

from dtperf.api import run
from dtperf.cli.app import app
from dtperf.cli.as_json import print_json
from dtperf.config import load_config
from dtperf.detector import Place
from dtperf.results.result import Result
from dtperf.results.summary import Efficiency
from tests.cli.commands import Call
from tests.helpers.golden import GOLDEN
from tests.helpers.pages import ROOT
from tests.nanoaod.files import read_arrays, write_like

WIDE = {"selection.pair.min_mass": 60.0, "selection.pair.max_mass": 120.0}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, golden_result: Result) -> Path:
    """Make a folder with results, some events, and two filesets."""
    folder = tmp_path_factory.mktemp("json")
    for name in ("a", "b"):
        golden_result.save(folder / name)
    for number, result in ((1, "first"), (2, "second")):
        arrays = {name: values[number:20] for name, values in read_arrays(GOLDEN).items()}
        events = write_like(arrays, folder / f"{number}.root")
        (folder / f"{number}.json").write_text(json.dumps([f"{number}.root"]))
        run("reference_2023", events, out=folder / result)
    run(load_config("reference_2023", WIDE), folder / "1.root", out=folder / "wide")
    return folder


@pytest.fixture
def folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


COMMANDS = {
    "run": ("run", "reference_2023", "1.root", "-o", "out"),
    "skim": ("skim", "reference_2023", "1.root", "-o", "kept"),
    "merge": ("merge", "first", "second", "-o", "sum", "--allow-doubled-events"),
    "report": ("report", "a", "--reference", "b"),
    "status": ("status", "a"),
    "compare": ("compare", "a", "b", "--page", "page.html"),
    "trend": ("trend", "a", "b"),
    "background": ("background", "wide"),
    "export": ("export", "a", "--format", "root", "--naming", "reference", "-o", "a.root"),
    "plot": ("plot", "a", "--only", "efficiency_vs_pt", "--format", "svg"),
    "generate": ("generate", "-o", "sample", "--events", "20", "--format", "rntuple"),
    "systematics": ("systematics", "wide", "-o", "varied"),
    "plan": ("plan", "--from", "a", "--event-size", "900"),
    "inspect": ("inspect", "1.root", "2.root"),
    "measurements": ("measurements",),
    "measurements --columns": ("measurements", "--columns"),
    "config check": ("config", "check", "reference_2023"),
    "config list": ("config", "list"),
    "config show": ("config", "show", "reference_2023"),
    "fileset show": ("fileset", "show", "1.json"),
    "fileset diff": ("fileset", "diff", "1.json", "1.json"),
}
ELSEWHERE = {"cells", "cluster check", "cluster status"}
"""Tried where a result has cells, and where a cluster is up."""


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
    done = dtperf(*COMMANDS[name], "--json")
    assert done.code == 0, done.err
    content = _strictly(done.out)
    keys = {*content} if isinstance(content, dict) else {key for each in content for key in each}
    if name == "config show":
        assert {"selection", "measurements"} < keys
    else:
        assert keys == documented()[name]


def test_what_was_written_is_where_it_says(folder: Path, dtperf: Call) -> None:
    done = dtperf("plot", "a", "-o", "p", "--only", "pair_mass", "--format", "svg", "--json")
    [file] = _strictly(done.out)["files"]
    assert (file["path"], file["kind"]) == ("p/pair_mass.svg", "svg")
    given = ("--events", "20", "--files", "2", "--break", "empty", "--format", "rntuple")
    content = _strictly(dtperf("generate", "-o", "broken", *given, "--json").out)
    assert content["truth"] == [
        f"broken/{name}" for name in ("truth.json", "truth_chambers.csv", "luminosity.csv")
    ]
    told = [(each["kind"], each["events"], each["broken"]) for each in content["files"]]
    assert told == [("rntuple", 10, None), ("rntuple", 10, "empty")]
    for each in [file, *content["files"]]:
        assert (folder / each["path"]).stat().st_size == each["bytes"]


def test_an_export_tells_its_measurements(folder: Path, dtperf: Call) -> None:
    given = ("--format", "correctionlib", "--reference", "wide", "-o", "c.json", "--json")
    content = _strictly(dtperf("export", "a", *given).out)
    assert content["measurements"] == ["by_chamber"]
    assert "selection.pair.min_mass: 60.0 before" in content["config_differences"][0]
    checked = _strictly(dtperf("config", "check", "reference_2023", "--json").out)
    given = ("--format", "root", "--naming", "reference", "-o", "r.root", "--json")
    content = _strictly(dtperf("export", "a", *given).out)
    assert content["config_hash"] == checked["config_hash"]
    names = {*Result.load(folder / "a")}
    assert {*content["measurements"], *content["left_out"]} == names <= {*checked["measurements"]}
    assert not {*content["measurements"]} & {*content["left_out"]}


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
    given = ("run", "reference_2023", "1.root", "bad.root", "-o", "gaps", "--on-error", "skip")
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
