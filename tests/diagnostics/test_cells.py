"""Cells that are dead, weak or noisy are found, and healthy ones are not named."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import dtperf
from dtperf.detector import chambers, layer_cells
from dtperf.diagnostics import cells
from dtperf.diagnostics.cells import CellSurvey, find, to_csv
from dtperf.errors import InputError
from dtperf.measurements import KNOWN
from dtperf.results.result import Result
from tests.helpers.ledgers import row
from tests.helpers.made_results import made

EVENTS = 1_000_000
DEAD = (0, 2, 1, 9)
"""Chamber, superlayer, layer and wire, each counted from 0: MB1 W-2 S1 SL3 L2 wire 10."""
WEAK, NOISY = (3, 0, 2, 30), (249, 2, 0, 40)


def occupancy(seed: int, mean: float) -> Any:
    """Draw digis of all cells: fewer at the edges of a layer, and 20 % between chambers."""
    rng = np.random.default_rng(seed)
    table = layer_cells()
    counts = np.zeros((len(chambers()), 3, 4, 96), dtype=np.int64)
    for number, chamber in enumerate(chambers()):
        level = mean * rng.uniform(0.8, 1.2)
        for superlayer, layer in np.ndindex(3, 4):
            n = table.number[chamber.code, superlayer, layer]
            if n:
                first = table.first[chamber.code, superlayer, layer] - 1
                shape = np.minimum(1, 0.4 + 0.2 * np.minimum(np.arange(n), np.arange(n)[::-1]))
                counts[number, superlayer, layer, first : first + n] = rng.poisson(level * shape)
    return counts


def result_of(digis: Any, noise: Any, events: int = EVENTS) -> Result:
    """Make a result with these digis."""
    result = made([row("a", 0, 10)])
    counts = dict(result.counts)
    for name, content in (("cell_occupancy", digis), ("cell_noise", noise)):
        histogram = KNOWN[name].empty()
        view: Any = histogram.view()
        for chamber, values in zip(chambers(), content, strict=True):
            view[chamber.station - 1, chamber.wheel + 2, chamber.sector - 1] = values
        counts[name] = histogram
    counts["chamber_has_segment"] = KNOWN["chamber_has_segment"].empty()
    totals = {**result.totals, "certified": events}
    return replace(result, counts=counts, totals=totals)


def survey(digis: Any, noise: Any, events: int = EVENTS) -> CellSurvey:
    return find(result_of(digis, noise, events))


def test_what_is_ill_is_found_and_no_other() -> None:
    digis, noise = occupancy(1, 120), occupancy(2, 3)
    digis[DEAD], digis[WEAK], noise[NOISY] = 0, 3, 400
    found = survey(digis, noise)
    assert [(each.name, each.kind) for each in found.flags] == [
        ("MB1 W-2 S1 SL3 L2 wire 10", "dead"),
        ("MB1 W-2 S4 SL1 L3 wire 31", "weak"),
        ("MB4 W+2 S14 SL3 L1 wire 41", "noisy"),
    ]
    assert found.cells == layer_cells().number.sum()
    assert to_csv(found.flags).splitlines() == [
        "station,wheel,sector,superlayer,layer,wire",
        "1,-2,1,3,2,10",
    ]


def alarms(detectors: int) -> int:
    """Count healthy detectors with an alarm."""
    seeds = range(detectors)
    return sum(bool(survey(occupancy(s, 40), occupancy(s + 1000, 2)).flags) for s in seeds)


def test_healthy_detectors_give_no_alarms() -> None:
    # 1 % for each kind and detector: 3 of 10 would be an excess of four sigma
    assert alarms(10) < 3


@pytest.mark.slow
def test_many_healthy_detectors_give_few_alarms() -> None:
    # dead or weak, and noisy: 2 % at most, of which 8 of 100 would be an excess of four sigma
    assert alarms(100) < 8


def test_cells_at_the_limit_are_named_as_rarely_as_is_stated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 1 % of the cells, where it is 1 % of the detectors otherwise: one detector tells
    monkeypatch.setattr(cells, "FALSE_ALARMS", 0.01 * layer_cells().number.sum())
    rng = np.random.default_rng(6)
    is_at_limit = _cells() & (rng.random(_cells().shape) < 0.05)
    usual, background, allowed_at_200_hz = 60, 3, 200 * EVENTS * 150e-9
    most = allowed_at_200_hz + 3 * background
    digis = rng.poisson(np.where(is_at_limit, usual / 3, usual)) * _cells()
    noise = rng.poisson(np.where(is_at_limit, most, background)) * _cells()
    named = Counter(each.kind for each in survey(digis, noise).flags)
    n = np.count_nonzero(is_at_limit)
    # whole numbers reach 1 % from below; what neighbours have is known from some 110 of them
    assert 0.4 < named["weak"] / (0.01 * n) < 1.3
    assert 0.4 < named["noisy"] / (0.01 * n) < 1.3
    assert not named["dead"]


def test_a_dead_superlayer_is_not_told_by_its_neighbours() -> None:
    digis = occupancy(3, 60)
    digis[0, 0] = 0
    found = survey(digis, np.zeros_like(digis))
    assert not found.flags
    assert found.undecided == layer_cells().number[chambers()[0].code, 0].sum()


def test_few_events_decide_nothing() -> None:
    digis = occupancy(4, 3)
    found = survey(digis, np.zeros_like(digis), events=1000)
    assert not found.flags
    assert found.undecided == np.count_nonzero(_cells() & (digis == 0))
    assert found.quiet == found.cells


def _cells() -> Any:
    return occupancy(0, 1e6) > 0


def test_a_result_without_them_is_refused() -> None:
    with pytest.raises(InputError, match=r"cell_occupancy.*measurements\.groups=\[cells\]"):
        find(made([row("a", 0, 10)]))


def test_dead_cells_are_read_of_the_file(tmp_path: Any) -> None:
    digis = occupancy(5, 60)
    digis[DEAD] = 0
    path = tmp_path / "dead.csv"
    path.write_text(to_csv(survey(digis, np.zeros_like(digis)).flags))
    config = dtperf.load_config("dt_performance", [f"selection.dead_cells={path}"])
    assert config.selection.dead_cells == ((1, -2, 1, 3, 2, 10),)
    assert config.hash != dtperf.load_config("dt_performance").hash


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("1,-2,1,3,2,10\n", "first line"),
        ("station,wheel,sector,superlayer,layer,wire\n1,2\n", "dead_cells"),
        ("station,wheel,sector,superlayer,layer,wire\n1,-2,1,3,2,x\n", "line 2"),
        ("station,wheel,sector,superlayer,layer,wire\n5,-2,1,3,2,1\n", "dead_cells"),
    ],
)
def test_wrong_files_of_dead_cells(tmp_path: Any, content: str, told: str) -> None:
    path = tmp_path / "dead.csv"
    path.write_text(content)
    with pytest.raises(dtperf.ConfigError, match=told):
        dtperf.load_config("dt_performance", [f"selection.dead_cells={path}"])
