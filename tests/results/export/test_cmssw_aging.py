"""The list of chambers, read as CMSSW's ProduceAgingObject reads it."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from dtperf.config import AnalysisConfig
from dtperf.detector import Chamber, chambers
from dtperf.errors import ConfigError, InputError
from dtperf.measurements import KNOWN
from dtperf.results.export import to_bytes
from dtperf.results.result import Result
from tests.results.export.conftest import result_of

LAYERS = "layer_efficiency"
DEAD, WHOLE, EMPTY = Chamber(-2, 1, 1), Chamber(2, 10, 3), Chamber(0, 13, 4)


def layers(rng: np.random.Generator, entries: int = 400) -> Result:
    """Layers of 96 %, but for a chamber that is dead, one that is whole, and an empty one."""
    counts = KNOWN[LAYERS].empty()
    view = counts.view(flow=True)
    for each in chambers():
        cells = view[each.station - 1, each.wheel + 2, each.sector - 1]
        part = {DEAD: 0.0, WHOLE: 1.0}.get(each, 0.96)
        total = 0 if each == EMPTY else entries
        cells[..., 1] = rng.binomial(total, part, cells.shape[:-1])
        cells[..., 0] = total - cells[..., 1]
    return result_of({LAYERS: counts}, AnalysisConfig(measurements={"groups": ["cells"]}))


@pytest.fixture
def cmssw(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a configuration imports of CMSSW."""
    config = ModuleType("FWCore.ParameterSet.Config")
    vars(config)["vstring"] = list
    for name in ("FWCore", "FWCore.ParameterSet"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    vars(sys.modules["FWCore.ParameterSet"])["Config"] = config
    monkeypatch.setitem(sys.modules, "FWCore.ParameterSet.Config", config)


def listed(content: bytes) -> Sequence[str]:
    names: dict[str, Any] = {}
    exec(content, names)
    given: Sequence[str] = names["dtRegEx"]
    return given


def kept(content: bytes) -> dict[Chamber, float]:
    """What ProduceAgingObject::createDtAgingMap makes of the list: the last match counts."""
    found = {}
    for each in chambers():
        tag = f"WH{each.wheel}_ST{each.station}_SEC{each.sector}"
        part = 1.0
        for item in listed(content):
            pattern, _, number = item.partition(":")
            text = re.search(r"(\d*\.\d*)", f":{number}")
            if re.search(pattern, tag) and text:
                part = float(text[1])
        if part < 1:
            found[each] = part
    return found


@pytest.mark.usefixtures("cmssw")
def test_each_chamber_keeps_what_its_layers_have() -> None:
    result = layers(np.random.default_rng(1))
    frame = (
        result.to_pandas(LAYERS).groupby(["wheel", "sector", "station"])[["passed", "total"]].sum()
    )
    want = {Chamber(*key): row.passed / row.total for key, row in frame.iterrows() if row.total}
    content = to_bytes(result, "cmssw-aging")
    found = kept(content)
    assert {*found} == {*want} - {WHOLE}
    assert found == pytest.approx({each: want[each] for each in found}, abs=5.1e-5)
    assert found[DEAD] == 0
    text = content.decode()
    assert "# 248 chambers below 1\n# 1 of which nothing is known: WH0_ST4_SEC13\n" in text
    assert "efficiency of layers" in text


@pytest.mark.usefixtures("cmssw")
def test_as_a_ratio_to_what_the_simulation_has() -> None:
    rng = np.random.default_rng(2)
    aged, simulated = layers(rng), layers(rng)
    found = kept(to_bytes(aged, "cmssw-aging", reference=simulated))
    assert DEAD not in found  # nothing passes in the simulation, either
    regular = [part for each, part in found.items()]
    assert np.mean(regular) == pytest.approx(0.995, abs=0.004)  # those below 1, of 1 +- 0.006
    text = to_bytes(aged, "cmssw-aging", reference=simulated).decode()
    assert "2 of which nothing is known: WH-2_ST1_SEC1, WH0_ST4_SEC13" in text


@pytest.mark.usefixtures("cmssw")
def test_a_measurement_without_mb4() -> None:
    theta = "trigger_theta_twinmux_in_by_chamber"
    counts = KNOWN[theta].empty()
    counts.view(flow=True)[...] = (10, 30)
    content = to_bytes(result_of({theta: counts}), "cmssw-aging", measurement=theta)
    assert kept(content) == {each: 0.75 for each in chambers() if each.station < 4}
    assert "# 70 of which nothing is known: " in content.decode()


def test_mistakes(result: Result) -> None:
    with pytest.raises(ConfigError, match=r"measure it with measurements.groups=\[cells\]"):
        to_bytes(result, "cmssw-aging")
    with pytest.raises(InputError, match="'efficiency_vs_pt': is no efficiency by station, wheel"):
        to_bytes(result, "cmssw-aging", measurement="efficiency_vs_pt")
    with pytest.raises(ConfigError, match="the format 'cmssw-aging' has one in a file"):
        to_bytes(result, "cmssw-aging", measurement=["a", "b"])
    empty = replace(result, counts={LAYERS: KNOWN[LAYERS].empty()})
    with pytest.raises(InputError, match="nothing was counted"):
        to_bytes(empty, "cmssw-aging")


@pytest.mark.usefixtures("cmssw")
def test_segments_on_request(result: Result) -> None:
    found = kept(to_bytes(result, "cmssw-aging", measurement="by_chamber"))
    rows = [row for row in result.by_chamber() if row.total and row.value < 1]
    want = {row.chamber: row.value for row in rows}
    assert found == pytest.approx(want, abs=5.1e-5)
