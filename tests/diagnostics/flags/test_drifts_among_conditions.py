"""What differs from run to run in all chambers is no drift of one; a drift is still found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dtperf.detector import Chamber
from dtperf.diagnostics.flags import Flag, flag
from dtperf.diagnostics.flags.changepoints import change_point, p_values
from dtperf.results.result import Result
from tests.diagnostics.comparison.toys import drawn

ILL, SINCE = Chamber(1, 3, 2), 12
VARYING = {"together": 0.01, "probes": 500.0}


def drifts(result: Result) -> list[Flag]:
    only = {"by_chamber_and_run": result.counts["by_chamber_and_run"]}
    return [each for each in flag(replace(result, counts=only)) if each.kind == "drifting"]


@pytest.mark.parametrize("seed", range(3))
def test_conditions_are_no_drift(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    result = drawn(seed, **VARYING)
    assert drifts(result) == []
    monkeypatch.setattr("dtperf.diagnostics.comparison.spread.FEWEST", np.inf)
    assert len(drifts(result)) > 20  # by the counts alone


@pytest.mark.parametrize("seed", range(3))
def test_a_chamber_that_drops_is_found_among_them(seed: int) -> None:
    result = drawn(seed, **VARYING)
    view = result.counts["by_chamber_and_run"].view()[1, 3, 2, SINCE:]
    lost = view[:, 1] // 10
    view[:, 0] += lost
    view[:, 1] -= lost
    [found] = drifts(result)
    assert found.place == ILL
    assert found.run == 370_000 + 7 * SINCE


def test_p_values_of_varying_efficiencies_are_not_too_small() -> None:
    rng = np.random.default_rng(11)
    total = rng.integers(300, 600, (1000, 12))
    true = np.clip(0.95 + 0.01 * rng.normal(size=total.shape), 0, 1)
    counts = [*zip(rng.binomial(total, true), total, strict=True)]
    known = p_values([change_point(*each, 0.01**2) for each in counts], 0.01**2)
    by_counts = p_values([change_point(*each) for each in counts])
    for rate in (0.1, 0.03):
        assert np.mean(known < rate) < rate
    assert np.mean(by_counts < 0.03) > 0.06
