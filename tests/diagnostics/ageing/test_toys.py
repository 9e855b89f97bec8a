"""Slopes within their uncertainties, and false alarms as rare as stated, in years that are known.

Twelve periods: one station loses 0.5 % per 50/fb, one chamber is ill from a known run on, the rest
is well, and all vary from run to run.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from dtperf.detector import Place
from dtperf.diagnostics.ageing.contrasts import SLOPE, Contrasts
from dtperf.diagnostics.ageing.shapes import course, shape_of, steps_of
from dtperf.diagnostics.comparison.attribution import ChangedPlace, name_changes
from tests.diagnostics.ageing.toys import ILL, SPREAD, drawn_series, years

AGEING = 0.005 / 50
SINCE = 70
FALSE_ALARMS = 0.05
YEARS = years(runs=10)


class Found(NamedTuple):
    """What was found in many toys."""

    named: int
    false: int
    aged: int
    """Toys in which the station was named, with a line."""
    ill: int
    """Toys in which the chamber was named, with a step at that run, give or take its interval."""
    stations: np.ndarray
    """Pulls of the slopes."""
    chambers: np.ndarray


def found_in(toys: int, **options: float) -> Found:
    named = false = aged = ill = 0
    stations, chambers = [], []
    loss = options.get("ageing", 0.0)
    for seed in range(toys):
        contrasts = Contrasts(drawn_series(seed, YEARS, **SPREAD, **options))
        places = contrasts.family.places
        for each in name_changes(contrasts, FALSE_ALARMS):
            named += 1
            if loss and places[each.place] == Place(station=1):
                aged += _is_line(contrasts, each)
            elif options and places[each.place] == ILL:
                ill += _is_step(contrasts, each)
            else:
                false += 1
        pulls = _pulls(contrasts, loss)
        well = [not (options and ILL in place.chambers) for place in places]
        stations += [pulls[at] for at in range(1, 5) if well[at]]
        chambers += [pulls[at] for at in range(len(places) - 250, len(places)) if well[at]]
    return Found(named, false, aged, ill, np.array(stations), np.array(chambers))


def _pulls(contrasts: Contrasts, loss: float) -> np.ndarray:
    places, whole = contrasts.family.places, contrasts.family
    tested = contrasts.test(np.full(whole.size, SLOPE), np.arange(whole.size), whole.members)
    true = -loss * contrasts.counts.range * np.array([place.station == 1 for place in places])
    return (tested.value - true) / tested.uncertainty


def _is_line(contrasts: Contrasts, each: ChangedPlace) -> bool:
    went = course(contrasts.counts, each.place, each.members)
    return shape_of(contrasts.counts, went, steps_of(contrasts.counts, went, 0.01)) == "line"


def _is_step(contrasts: Contrasts, each: ChangedPlace) -> bool:
    went = course(contrasts.counts, each.place, each.members)
    steps = steps_of(contrasts.counts, went, 0.01)
    first = steps[0].between[0] <= YEARS.run[SINCE] <= steps[0].between[1]
    return shape_of(contrasts.counts, went, steps) == "steps" and len(steps) == 1 and first


def _check(toys: int, found: Found, least_ill: float) -> None:
    assert found.aged == toys
    assert found.ill >= least_ill * toys
    # of those named at most so many are false, in the mean
    limit = FALSE_ALARMS * found.named
    assert found.false <= limit + 3 * np.sqrt(limit)
    for pulls in (found.stations, found.chambers):
        assert abs(pulls.mean()) < 0.02 + 4 / np.sqrt(len(pulls))
        assert pulls.std() == pytest.approx(1, abs=0.04 + 3 / np.sqrt(2 * len(pulls)))


def test_some_years() -> None:
    _check(12, found_in(12, ageing=AGEING, ill_from=SINCE), 0.7)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_hundred_times_twelve_periods() -> None:
    """Measured: 7 of 407 named are false; pulls have widths of 1.02 (stations), 0.98 (chambers)."""
    _check(200, found_in(200, ageing=AGEING, ill_from=SINCE), 0.85)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_where_nothing_has_changed() -> None:
    found = found_in(100)
    assert found.false <= FALSE_ALARMS * 100 + 3 * np.sqrt(FALSE_ALARMS * 100)
    assert found.stations.std() == pytest.approx(1, abs=0.12)


def test_without_the_spread_conditions_would_be_called_ageing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dtperf.diagnostics.comparison.spread.FEWEST", np.inf)
    named = 0
    for seed in range(3):
        counts = drawn_series(seed, YEARS, together=0.003, probes=1000.0)
        named += bool(name_changes(Contrasts(counts), FALSE_ALARMS))
    assert named >= 2
