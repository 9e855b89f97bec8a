"""The README's examples, run."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import awkward as ak
import pytest
import yaml

import dtperf
from dtperf.synthetic import Settings, generate
from tests.helpers.golden import GOLDEN, golden_differences
from tests.nanoaod.files import read_arrays

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, example, _ = blocks("python")
    names: dict[str, object] = {}
    exec(example.replace("tests/data/golden_input.root", str(GOLDEN)), names)
    assert not golden_differences(names["again"].counts)


def test_a_processor_of_ones_own(tmp_path: Path) -> None:
    *_, example = blocks("python")
    (tmp_path / "mine.py").write_text(example)
    config = dtperf.load_config("reference_2023")
    result = dtperf.run(config, GOLDEN, processor=f"{tmp_path / 'mine.py'}:WithMuons")
    assert not golden_differences(result.counts)
    standalone = ak.sum(read_arrays(GOLDEN, 4000)["muon_isStandalone"])
    assert result.extra == {"muons/standalone": standalone}
    assert standalone > 0


def test_a_skim_is_read_without_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    dtperf.skim.skim(dtperf.load_config("reference_2023"), GOLDEN, out="skim")
    example, _, _ = blocks("python")
    names: dict[str, Any] = {}
    exec(example, names)
    arrays = read_arrays(GOLDEN, 4000)
    kept = arrays["muon_pt"][ak.num(arrays["muon_pt"]) > 1]
    muons = names["events"].muon.pt
    assert 3000 < len(muons) < len(kept)
    assert {*ak.flatten(muons).to_list()} < {*ak.flatten(kept).to_list()}


def test_names_exist() -> None:
    section = README.split("## In Python")[1].split("\n## ")[0]
    names = re.findall(r"^\| `([\w.]+)", section, flags=re.MULTILINE)
    assert len(names) > 15
    needs_extra = {"lazy"} if find_spec("dask_awkward") is None else set()
    for name in {*names} - needs_extra:
        found: Any = dtperf
        for part in name.split("."):
            found = getattr(found, part)


def test_yaml(tmp_path: Path) -> None:
    (example,) = blocks("yaml")
    config = dtperf.load_config(yaml.safe_load(example))
    counts = dtperf.run(config, GOLDEN)["efficiency_in_chamber"]
    assert list(counts.axes.name) == ["station", "local_x", "passed"]
    assert counts.sum() > 10_000


def test_demo_gives_what_is_printed(tmp_path: Path) -> None:
    demo = (ROOT / ".ci/demo").read_text()
    events, files = map(int, re.findall(r"--events (\d+) --files (\d+)", demo)[0])
    generate(Settings(events=events, files=files), tmp_path)
    result = dtperf.run(dtperf.load_config("reference_2023"), tmp_path)
    mb1 = result.by_station()[0]
    printed = re.findall(
        r"(fiducial|× acceptance) +([\d.]+) \+[\d.]+ −[\d.]+ +([\d,]+) / ([\d,]+)", README
    )
    assert len(printed) == 2
    for (_, value, passed, total), ours in zip(
        printed, (mb1.fiducial, mb1.with_acceptance), strict=True
    ):
        assert ours is not None
        # another machine may round another way
        assert float(value) == pytest.approx(100 * ours.value, abs=0.01)
        counts = [int(number.replace(",", "")) for number in (passed, total)]
        assert counts == pytest.approx([ours.passed, ours.total], rel=1e-3)
    assert f"{result.totals['events']:,} events read + 0 skipped" in README


@pytest.mark.parametrize("command", re.findall(r"^dtperf (\w+)", README, flags=re.MULTILINE))
def test_commands_exist(command: str) -> None:
    from dtperf.cli.app import app

    names = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
    assert command in names | {group.name for group in app.registered_groups}
