"""What all pictures agree on."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dtperf.pages.assets import asset
from dtperf.plot.style import STATIONS
from dtperf.results.colours import (
    ALARM,
    EDGES,
    FEW,
    FILLS,
    STATION_COLOURS,
    fill_of,
    is_few,
    is_surely_low,
    pale,
)


@pytest.mark.parametrize(
    ("passed", "total", "is_alarm"),
    [
        (0, 0, False),
        (0, 1, False),
        (2, 3, False),  # 67 %, and nothing is known
        (10, 12, False),
        (0, 10, True),
        (78, 100, True),
        (895, 1000, False),  # may be 90 %
        (85_000, 100_000, True),
    ],
)
def test_an_alarm_is_one_by_its_interval(passed: int, total: int, is_alarm: bool) -> None:
    assert bool(is_surely_low(passed, total)) == is_alarm


def test_of_good_chambers_hardly_any_is_an_alarm() -> None:
    """A chamber of 95 % whose lowest cells were coloured by value alone would be full of them."""
    rng = np.random.default_rng(1)
    total = rng.integers(1, 60, 20_000)
    passed = rng.binomial(total, 0.95)
    by_value = np.mean(passed / total < EDGES[0])
    assert by_value > 0.1
    assert np.mean(is_surely_low(passed, total)) < 0.01


def test_few_is_a_matter_of_probes_alone() -> None:
    assert [*is_few([0, 1, FEW - 1, FEW])] == [False, True, True, False]


def test_only_an_alarm_leaves_the_scale() -> None:
    assert fill_of(0.3, alarm=False, few=True) == pale(FILLS[0])
    assert fill_of(0.3, alarm=True, few=True) == ALARM
    steps = [fill_of(edge, alarm=False, few=False) for edge in EDGES]
    assert steps == [*FILLS, FILLS[-1]]
    assert ALARM not in FILLS


def test_stations_have_one_colour_everywhere() -> None:
    assert tuple(look.colour for look in STATIONS) == STATION_COLOURS
    head, _, own = asset("explore/explore.js").partition("\n")
    assert all(colour in head for colour in STATION_COLOURS)
    # of their own, styles have only colours of text, paper and lines, and scripts none but grey
    assert {*re.findall(r"#[0-9a-f]{3,6}\b", own)} <= {"#000", "#fff", "#aaa"}


def test_pages_take_their_scale_from_here() -> None:
    script = asset("map.js")
    head, _, own = script.partition("\n")
    assert all(fill in head for fill in (*FILLS, ALARM))
    assert not [fill for fill in (*FILLS, ALARM) if fill in own]
