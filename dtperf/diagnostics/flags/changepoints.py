"""Chambers whose efficiency changes at some run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dtperf import detector
from dtperf.diagnostics.comparison.runs import by_run
from dtperf.diagnostics.comparison.spread import spread_between_runs
from dtperf.diagnostics.flags.model import Flag, PlaceTest, percent
from dtperf.results.result import Result
from dtperf.statistics import Strata, special, student
from dtperf.typing import F64, I64, Integers

__all__ = ["MARGIN", "ChangePoint", "change_point", "drifting", "p_values", "when"]

MARGIN = 0.005
"""A smaller change is not flagged, however significant it is."""
CREDIBLE = 0.68


class ChangePoint(NamedTuple):
    """Where a row of counts is best cut into two of constant efficiency."""

    first: int
    """Position of the first count after the change."""
    between: tuple[int, int]
    """First and last position that it may be at, with 68 % probability at least."""
    before: float
    """Efficiency."""
    after: float
    cuts: int
    """How many cuts there were to choose from."""
    counts: tuple[int, int, int, int]
    """Passed and total before it, passed and total after it."""
    squares: tuple[float, float]
    """Sums of the squared totals before it and after it."""


def drifting(result: Result) -> list[PlaceTest]:
    """Look for a run from which on a chamber has another efficiency.

    Args:
        result: With 'by_chamber_and_run', else nothing is tested.

    Returns:
        One test per chamber that has probes in two runs at least.
    """
    runs = by_run(result)
    if runs is None:
        return []
    # what differs from run to run in all chambers is no drift of one
    variance, freedom = spread_between_runs([result]).of_chambers
    chambers, cuts, times = [], [], []
    for chamber, passed, total in zip(detector.chambers(), *runs[1:], strict=True):
        seen = total > 0
        if np.count_nonzero(seen) > 1:
            chambers.append(chamber)
            cuts.append(change_point(passed[seen], total[seen], variance))
            times.append(runs.numbers[seen])
    found = zip(chambers, cuts, times, p_values(cuts, variance, freedom), strict=True)
    return [_test(*each) for each in found]


def change_point(passed: Integers, total: Integers, variance: float = 0.0) -> ChangePoint:
    """Cut counts in order of time into two parts of constant efficiency.

    Args:
        passed: Shape (n,), n at least 2.
        total: Shape (n,), each above 0.
        variance: By which efficiencies vary between the counts anyway.

    Returns:
        The likeliest cut, with flat priors for both efficiencies and for the place.

    Source: A. F. M. Smith, Biometrika 62 (1975) 407, for the place; R. W. M. Wedderburn, Biometrika
    61 (1974) 439, for a likelihood of counts that vary more than by chance.
    """
    k, n = (np.cumsum(each, dtype=np.int64) for each in (passed, total))
    k1, n1, k2, n2 = k[:-1], n[:-1], k[-1] - k[:-1], n[-1] - n[:-1]
    log = special.betaln(k1 + 1, n1 - k1 + 1) + special.betaln(k2 + 1, n2 - k2 + 1)
    middle = (k[-1] + 0.5) / (n[-1] + 1)
    excess = variance * float(np.sum(np.square(total))) / (float(n[-1]) * middle * (1 - middle))
    posterior = np.exp((log - log.max()) / (1 + excess))
    posterior /= posterior.sum()
    cut = int(posterior.argmax())
    likeliest = np.argsort(-posterior, kind="stable")
    needed = 1 + int(np.searchsorted(np.cumsum(posterior[likeliest]), CREDIBLE))
    inside = likeliest[:needed]
    squared = np.square(total.astype(np.float64))
    return ChangePoint(
        first=cut + 1,
        between=(int(inside.min()) + 1, int(inside.max()) + 1),
        before=float(k1[cut] / n1[cut]),
        after=float(k2[cut] / n2[cut]),
        cuts=len(log),
        counts=(int(k1[cut]), int(n1[cut]), int(k2[cut]), int(n2[cut])),
        squares=(float(squared[: cut + 1].sum()), float(squared[cut + 1 :].sum())),
    )


def p_values(cuts: Sequence[ChangePoint], variance: float = 0.0, freedom: float = np.inf) -> F64:
    """Return the probability, or more, that counts without a change can be cut as well as these.

    Args:
        cuts: Of several rows of counts.
        variance: By which efficiencies vary between the counts anyway.
        freedom: Degrees of freedom of the variance.

    Returns:
        Of equal efficiencies before and after, times the number of cuts, at most 1; shape (cuts,).
    """
    counts = np.array([cut.counts for cut in cuts], dtype=np.int64).reshape(-1, 4)
    strata = Strata(*counts.T)
    tested = strata.differences(np.eye(len(cuts), dtype=np.bool_))
    before, after = np.array([cut.squares for cut in cuts]).reshape(-1, 2).T
    beyond = variance * ((1 - strata.share) ** 2 * before + strata.share**2 * after)
    all_of_it = np.where(tested.variance + beyond > 0, tested.variance + beyond, 1.0)
    sigmas = tested.sigmas * np.sqrt(tested.variance / all_of_it)
    many = np.array([cut.cuts for cut in cuts])
    return np.asarray(np.minimum(student(sigmas, freedom) * many, 1.0))


def when(found: ChangePoint, runs: I64) -> tuple[int, tuple[int, int], str]:
    """Return the time of a change.

    Args:
        found: Positions among the runs.
        runs: Their numbers.

    Returns:
        The first run after it, the first and the last one that may be that, and this in words.
    """
    run = int(runs[found.first])
    first, last = (int(runs[at]) for at in found.between)
    since = f"between runs {first} and {last}" if first < last else f"at run {run}"
    return run, (first, last), f"with 68 % probability it changed {since}"


def _test(chamber: detector.Chamber, found: ChangePoint, runs: I64, p_value: float) -> PlaceTest:
    run, between, since = when(found, runs)
    reason = (
        f"efficiency {percent(found.after)} from run {run} on, {percent(found.before)} before; "
        f"{since}"
    )
    loss = abs(found.before - found.after)
    place = detector.Place(*chamber)
    flag = Flag(place, "drifting", reason, float(p_value), run=run, runs=between, loss=loss)
    return PlaceTest(flag, abs(found.after - found.before) > MARGIN)
