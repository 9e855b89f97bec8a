"""Cells that are dead, weak or noisy are found, and healthy ones are not named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import dtperf
from dtperf.detector import chambers, layer_cells
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
    cells = layer_cells()
    counts = np.zeros((len(chambers()), 3, 4, 96), dtype=np.int64)
    for number, chamber in enumerate(chambers()):
        level = mean * rng.uniform(0.8, 1.2)
        for superlayer, layer in np.ndindex(3, 4):
            n = cells.number[chamber.code, superlayer, layer]
            if n:
                first = cells.first[chamber.code, superlayer, layer] - 1
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


def test_healthy_detectors_give_no_alarms() -> None:
    # 1 % for each kind and detector: 3 of 10 would be an excess of four sigma
    alarms = sum(bool(survey(occupancy(s, 40), occupancy(s + 100, 2)).flags) for s in range(10))
    assert alarms < 3


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
