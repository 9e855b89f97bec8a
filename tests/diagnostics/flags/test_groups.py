"""Chambers that are ill in trigger, layers, RPCs or drift are named; healthy ones are not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from dtperf.detector import Place, chambers, of_chambers
from dtperf.diagnostics.flags import KINDS, OF_GROUPS, Flag, flag
from dtperf.diagnostics.flags.low import LOW_MARGIN
from dtperf.diagnostics.flags.parts import Parts, low_parts
from dtperf.results.result import Result
from tests.diagnostics.flags.group_toys import Ill, group_toy

OF_ANY = tuple(kind for kinds in OF_GROUPS.values() for kind in kinds)
ILL: Ill = {
    ("MB2 W+1 S3", "trigger"): 0.5,
    ("MB3 W0 S6", "bx"): 1,
    ("MB1 W-2 S4", "layer"): (2, 3, 0.8),
    ("MB1 W-1 S4", "rolls"): 0.7,
    ("MB1 W0 S1", "velocity"): {1: 1.01},
    ("MB2 W0 S5", "velocity"): {1: 0.988, 2: 0.988, 3: 0.988},
}


@pytest.fixture(scope="module")
def healthy() -> Result:
    return group_toy(2)


@pytest.fixture(scope="module")
def flags(healthy: Result) -> tuple[Flag, ...]:
    return flag(group_toy(1, ILL), healthy, kinds=OF_ANY)


def of(flags: tuple[Flag, ...], kind: str) -> dict[str, Flag]:
    return {each.place.name: each for each in flags if each.kind == kind}


@pytest.mark.parametrize(
    ("kind", "chamber", "words"),
    [
        ("trigger low", "MB2 W+1 S3", "TwinMux input 5"),
        ("trigger dropped", "MB2 W+1 S3", "in the reference"),
        ("wrong BX", "MB3 W0 S6", "% at BX +1"),
        ("layers low", "MB1 W-2 S4", "efficiency of layers: SL2 L3 "),
        ("layers dropped", "MB1 W-2 S4", "SL2 L3 "),
        ("RPC low", "MB1 W-1 S4", "RB1in roll 1 "),
        ("RPC dropped", "MB1 W-1 S4", "in the reference"),
    ],
)
def test_the_ill_chamber_is_named_and_no_other(
    flags: tuple[Flag, ...], kind: str, chamber: str, words: str
) -> None:
    found = of(flags, kind)
    assert [*found] == [chamber]
    assert words in found[chamber].reason


def test_one_percent_of_drift_velocity_in_one_superlayer(flags: tuple[Flag, ...]) -> None:
    found = of(flags, "drift velocity")
    assert found.keys() == {"MB1 W0 S1", "MB2 W0 S5"}
    assert found["MB1 W0 S1"].reason.startswith("drift velocity of SL1 +")
    assert "time shift" not in found["MB1 W0 S1"].reason
    assert "SL1, SL2, SL3 -1" in found["MB2 W0 S5"].reason
    assert "or a time shift" in found["MB2 W0 S5"].reason


def test_few_probes_are_no_proof() -> None:
    few = {key: value for key, value in ILL.items() if key[1] in ("layer", "velocity")}
    assert not flag(group_toy(1, few, probes=15), kinds=OF_ANY)


def test_what_was_not_measured_is_not_looked_for() -> None:
    assert not flag(replace(group_toy(1), counts={}), group_toy(2), kinds=KINDS)


def test_healthy_chambers_are_not_flagged(healthy: Result) -> None:
    found = Counter(
        each.kind for seed in range(3, 6) for each in flag(group_toy(seed), healthy, kinds=OF_ANY)
    )
    assert not found


@pytest.mark.slow
def test_rate_of_false_alarms(healthy: Result) -> None:
    """At 1 % false alarms, a result of healthy chambers has one in a hundred at most, by kind."""
    toys = 30
    raised = Counter(
        kind
        for seed in range(10, 10 + toys)
        for kind in {each.kind for each in flag(group_toy(seed), healthy, kinds=OF_ANY)}
    )
    # 3 of 30 have a probability of 0.3 % where 0.3 are expected
    assert max(raised.values(), default=0) < 3, raised


def test_p_values_of_chambers_at_the_margin() -> None:
    """Of chambers whose parts all lie just at the margin, no more than p are below p."""
    rng, usual, n = np.random.default_rng(1), 0.95, 2000
    low = np.zeros(250, dtype=bool)
    low[::5] = True
    found: list[float] = []
    for _ in range(20):
        true = np.where(low, usual - LOW_MARGIN, usual)[:, None].repeat(4, axis=1)
        passed = rng.binomial(n, true)
        names = (tuple("abcd"),) * 4
        parts = Parts("toys", names, np.arange(4), passed, np.full(passed.shape, n))
        tests = low_parts(parts, "layers low")
        found += [t.flag.p_value for t, is_low in zip(tests, low, strict=True) if is_low]
    values = np.array(found)
    assert len(values) == 1000
    for limit in (0.05, 0.2):
        # the median of the peers varies, too: a little beyond binomial
        assert (values < limit).mean() < limit + 3 * np.sqrt(limit * (1 - limit) / len(values))
    assert (values < 0.5).mean() > 0.2  # nor do they hide what is there


def test_sectors_that_rpcs_do_not_have() -> None:
    cells = of_chambers(np.ones((4, 5, 12)))
    missing = {chamber for chamber, n in zip(chambers(), cells, strict=True) if not n}
    assert {Place(*chamber).sector for chamber in missing} == {13, 14}


def test_what_is_usual_of_few_probes_is_that_of_all_together() -> None:
    """A median of fractions of few probes would be 100 %, and flag what has lost nothing."""
    rng = np.random.default_rng(3)
    passed = rng.binomial(8, 0.95, size=(250, 1))
    parts = Parts("toys", (("a",),) * 4, np.arange(1), passed, np.full((250, 1), 8))
    tests = low_parts(parts, "layers low")
    assert len(tests) == 250
    assert np.mean([test.flag.p_value < 0.05 for test in tests]) < 0.06
    passed[3] = 0
    low = low_parts(parts, "layers low")[3]
    assert low.flag.p_value < 1e-8
    assert low.matters
