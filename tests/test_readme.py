"""What the README shows, run; its commands are typed with those of the documentation: test_docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dtperf
from dtperf.synthetic import Settings, generate
from tests.helpers.golden import GOLDEN, golden_differences
from tests.helpers.pages import ROOT, blocks

PAGE = ROOT / "README.md"
README = PAGE.read_text()


def test_it_is_short() -> None:
    assert README.count("\n") <= 150


def test_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = [block.code for block in blocks(PAGE) if block.language == "python"]
    names: dict[str, dtperf.Result] = {}
    exec(example.replace("tests/data/golden_input.root", str(GOLDEN)), names)
    assert not golden_differences(names["again"].counts)


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(links) > 15
    assert [link for link in links if not (ROOT / link).exists()] == []


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
