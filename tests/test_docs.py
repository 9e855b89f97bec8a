"""The documentation: what it tells people to type works, and what is made from the code is whole.

Sphinx builds it in a session of nox, with warnings as errors.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib.util import find_spec
from inspect import ismodule
from pathlib import Path
from typing import Any

import awkward as ak
import pytest
import yaml

import dtperf
from dtperf.config.keys import all_keys
from dtperf.measurements import KNOWN
from dtperf.nanoaod import branch_table
from dtperf.selection.details.described import COLUMNS
from dtperf.synthetic import Settings, generate
from tests.config.test_ini import REFERENCE as REFERENCE_INI
from tests.helpers.golden import GOLDEN, golden_differences
from tests.helpers.pages import ROOT, Block, blocks, commands, pages
from tests.nanoaod.files import read_arrays
from tests.test_import_order import FLOORS

sys.path.insert(0, str(ROOT / "docs"))  # as Sphinx does

from generate import api, keys, tables
from generate import commands as command_line
from generate.pictures import PICTURES

PAGES = pages()
WITH_CODE = [page for page in PAGES if any(block.not_run is None for block in blocks(page))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What readers of the pages have: files of two periods, results, an INI, golden events."""
    folder = tmp_path_factory.mktemp("reader")
    for sample, seed in (("demo-sample", 3), ("before", 4)):
        generate(Settings(events=6000, files=2, seed=seed), folder / sample)
    config = dtperf.load_config("reference_2023")
    dtperf.run(config, folder / "demo-sample", out=folder / "demo-result")
    (folder / "old.ini").write_text(REFERENCE_INI)
    (folder / "tests/data").mkdir(parents=True)
    shutil.copy(GOLDEN, folder / "tests/data")
    return folder


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    unknown = [b for b in blocks(page) if b.language not in ("bash", "python", "yaml")]
    assert unknown == []
    assert [b for b in blocks(page) if b.not_run is not None and len(b.not_run.split()) < 3] == []
    fences = re.findall(r"^```\w+$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(fences) == len(blocks(page))


def test_the_processor_on_the_page_counts(tmp_path: Path) -> None:
    (example,) = [b.code for b in blocks(ROOT / "docs/howto/expert.md") if b.file == "mine.py"]
    (tmp_path / "mine.py").write_text(example)
    result = dtperf.run("reference_2023", GOLDEN, processor=f"{tmp_path / 'mine.py'}:WithMuons")
    assert not golden_differences(result.counts)
    standalone = ak.sum(read_arrays(GOLDEN, 4000)["muon_isStandalone"])
    assert result.extra == {"muons/standalone": standalone}
    assert standalone > 0


def test_a_skim_is_read_without_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    dtperf.skim.skim("reference_2023", GOLDEN, out="skim")
    codes = (b.code for b in blocks(ROOT / "docs/howto/analyst.md") if b.language == "python")
    (example,) = (code for code in codes if "pyarrow" in code)
    names: dict[str, Any] = {}
    exec(example, names)
    arrays = read_arrays(GOLDEN, 4000)
    kept = arrays["muon_pt"][ak.num(arrays["muon_pt"]) > 1]
    muons = names["events"].muon.pt
    assert 3000 < len(muons) < len(kept)
    assert {*ak.flatten(muons).to_list()} < {*ak.flatten(kept).to_list()}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_and_options_exist(page: Path) -> None:
    for block in blocks(page):
        if block.language == "bash":
            for words in commands(block.code):
                assert parsed(words) is None, f"line {block.line}: {' '.join(words)}"


def parsed(words: list[str]) -> str | None:
    """Return what is wrong with a command's name, options or number of arguments."""
    command = command_line.command()
    context = command.make_context("dtperf", [], resilient_parsing=True)
    while hasattr(command, "commands") and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return f"no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
        context = command.context_class(command, info_name=command.name, parent=context)
    try:
        command.make_parser(context).parse_args(args=[*words])
    except Exception as error:  # noqa: BLE001  whatever the parser of the day raises
        return str(error)
    return None


def test_a_wrong_command_or_option_is_seen() -> None:
    assert parsed(["run", "reference_2023", "data/", "-o", "result"]) is None
    assert parsed(["running", "data/"]) == "no command running"
    assert "--outt" in (parsed(["run", "my.yaml", "data/", "--outt", "x"]) or "")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", WITH_CODE, ids=name)
def test_what_is_to_be_typed_works(
    page: Path, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(files, folder)
    if page.name != "tutorial.md":  # which makes them
        (folder / "demo-sample").rename(folder / "data")
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    try:
        for block in blocks(page):
            if block.not_run is None:
                run(block, folder, names)
    finally:
        if any("cluster up local" in block.code for block in blocks(page)):
            shell("dtperf cluster down local", folder)


def run(block: Block, folder: Path, names: dict[str, Any]) -> None:
    if block.file is not None:
        (folder / block.file).write_text(block.code)
    elif block.language == "bash":
        done = shell(block.code, folder)
        assert done.returncode == 0, f"line {block.line}: {done.stdout}{done.stderr}"
    elif block.language == "yaml":
        dtperf.load_config(yaml.safe_load(block.code))
    else:
        exec(block.code, names)


def shell(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "XDG_STATE_HOME": str(folder / "state"),
    }
    command = ["bash", "-euo", "pipefail", "-c", code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_tutorial_is_a_script_for_a_bare_machine() -> None:
    page = ROOT / "docs/tutorial.md"
    command = [sys.executable, "-S", "-m", "tests.helpers.pages", str(page)]
    script = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert [block for block in blocks(page) if block.code not in script] == []
    subprocess.run(["bash", "-n"], input=script, check=True, text=True)


def test_the_reference_has_all_keys() -> None:
    text = keys.pages()["configuration.md"]
    assert [key for key in all_keys() if f"`{key}`" not in text] == []
    assert "`run.retries` = `3`\n: How often a server" in text
    assert "`selection.passing.max_dy` = `15.0`" in text
    assert "null or number, more than 0" in text.lower()


def test_the_reference_has_all_columns_measurements_and_branches() -> None:
    made = tables.pages()
    for page, names in (
        ("columns.md", {column for columns in COLUMNS.values() for column in columns}),
        ("measurements.md", {*KNOWN}),
        ("branches.md", {*branch_table("A"), *branch_table("B")}),
    ):
        assert {each for each in names if f"`{each}`" not in made[page]} == set()
    assert "| `muon_matches_edgeX` | – | float32 |" in made["branches.md"]


def test_the_reference_has_all_commands_with_what_they_do() -> None:
    page = command_line.page()
    command = command_line.command()
    assert [each for each in command.commands if f"\n## `dtperf {each}`\n" not in page] == []
    assert "* `generate`: Make synthetic muon DPG NANO, with the truth beside it.\n" in page
    assert "\n### `dtperf config show`\n" in page
    assert "\n`-o, --out OUT`\n: Result directory.  [required]\n" in page


def test_the_reference_has_all_public_names(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("dask_awkward") is None:
        monkeypatch.delitem(api.MODULES, "lazy")
    assert {*api.MODULES} >= {name for name in dtperf.__all__ if ismodule(getattr(dtperf, name))}
    made = "".join(api.pages().values())
    names = {name for name in dtperf.__all__ if not ismodule(getattr(dtperf, name))}
    assert {name for name in names if f":: dtperf::{name}\n" not in made} == set()
    assert "\n.. autofunction:: dtperf::flags.flag\n" in made


@pytest.mark.parametrize("picture", PICTURES)
def test_pictures_are_the_same_each_time(picture: str) -> None:
    first, second = PICTURES[picture](), PICTURES[picture]()
    assert first == second
    assert ET.fromstring(first).tag.endswith("svg")
    assert len(first) < 100_000


def test_the_picture_of_the_house_has_its_rooms() -> None:
    drawing = ET.parse(ROOT / "docs/house.svg")
    texts = [each for each in drawing.iter() if each.get("class") == "room"]
    *above, ground = [each.text for each in texts]
    assert ground == "ground"
    assert above[::-1] == FLOORS[FLOORS.index("detector") :]
