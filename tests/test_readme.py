"""The README's examples, run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import dtperf
from tests.golden import GOLDEN, golden_differences

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("python")
    names: dict[str, object] = {}
    exec(example.replace("tests/data/golden_input.root", str(GOLDEN)), names)
    assert not golden_differences(names["again"].counts)


def test_yaml(tmp_path: Path) -> None:
    (example,) = blocks("yaml")
    config = dtperf.load_config(yaml.safe_load(example))
    counts = dtperf.run(config, GOLDEN)["efficiency_in_chamber"]
    assert list(counts.axes.name) == ["station", "local_x", "passed"]
    assert counts.sum() > 10_000


def test_output_is_what_is_printed(golden_result: dtperf.Result) -> None:
    mb1 = golden_result.by_station()[0]
    for efficiency in (mb1.fiducial, mb1.with_acceptance):
        assert efficiency is not None
        up, down = efficiency.high - efficiency.value, efficiency.value - efficiency.low
        assert f"{100 * efficiency.value:.3f} +{100 * up:.3f} −{100 * down:.3f}" in README
    totals = golden_result.totals
    assert f"{totals['pairs']:,} pairs, {totals['crossings']:,} crossings" in README


@pytest.mark.parametrize("command", re.findall(r"^dtperf (\w+)", README, flags=re.MULTILINE))
def test_commands_exist(command: str) -> None:
    from dtperf.cli.app import app

    names = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
    assert command in names | {group.name for group in app.registered_groups}
