"""Chambers whose efficiency changes at some run."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

from dtperf import geometry
from dtperf.comparison.spread import by_run, spread_between_runs
from dtperf.flags.model import Flag, Look, percent
from dtperf.results import Result
from dtperf.statistics import Strata, student

__all__ = ["MARGIN", "ChangePoint", "change_point", "drifting", "when"]

MARGIN = 0.005
"""A smaller change is not told, however sure it is."""
CREDIBLE = 0.68

Counts = npt.NDArray[np.integer[Any]]


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
    p_value: float
    """At least the probability that counts without a change can be cut as well as these."""


def drifting(result: Result) -> list[Look]:
    """Look for a run from which on a chamber has another efficiency.

    Args:
        result: With 'by_chamber_and_run', or nothing is looked at.

    Returns:
        One look a chamber that has probes in two runs at least.
    """
    runs = by_run(result)
    if runs is None:
        return []
    # what differs from run to run in all chambers is no drift of one
    usual = spread_between_runs([result]).of_chambers
    looks = []
    for chamber, passed, total in zip(geometry.chambers(), *runs[1:], strict=True):
        seen = total > 0
        if np.count_nonzero(seen) > 1:
            found = change_point(passed[seen], total[seen], *usual)
            looks.append(_look(chamber, found, runs.numbers[seen]))
    return looks


def change_point(
    passed: Counts, total: Counts, variance: float = 0.0, freedom: float = np.inf
) -> ChangePoint:
    """Cut counts in order of time into two parts of constant efficiency.

    Args:
        passed: Shape (n,), n at least 2.
        total: Shape (n,), each above 0.
        variance: By which efficiencies vary between the counts anyway.
        freedom: Degrees of freedom of the variance.

    Returns:
        The likeliest cut, with flat priors for both efficiencies and for the place. The p-value is
        that of equal efficiencies at this cut, times the number of cuts.

    Source: A. F. M. Smith, Biometrika 62 (1975) 407, for the place; R. W. M. Wedderburn, Biometrika
    61 (1974) 439, for a likelihood of counts that vary more than by chance.
    """
    k, n = (np.cumsum(each, dtype=np.int64) for each in (passed, total))
    k1, n1, k2, n2 = k[:-1], n[:-1], k[-1] - k[:-1], n[-1] - n[:-1]
    log = betaln(k1 + 1, n1 - k1 + 1) + betaln(k2 + 1, n2 - k2 + 1)
    middle = (k[-1] + 0.5) / (n[-1] + 1)
    excess = variance * float(np.sum(np.square(total))) / (float(n[-1]) * middle * (1 - middle))
    posterior = np.exp((log - log.max()) / (1 + excess))
    posterior /= posterior.sum()
    cut = int(posterior.argmax())
    likeliest = np.argsort(-posterior, kind="stable")
    needed = 1 + int(np.searchsorted(np.cumsum(posterior[likeliest]), CREDIBLE))
    inside = likeliest[:needed]
    strata = Strata([k1[cut]], [n1[cut]], [k2[cut]], [n2[cut]])
    shares = np.where(np.arange(len(total)) > cut, strata.share, 1 - strata.share)
    beyond = variance * float(np.sum(np.square(shares * total)))
    tested = strata.differences(np.ones((1, 1), dtype=np.bool_))
    by_counts = float(tested.variance[0])
    sigmas = float(tested.sigmas[0]) * np.sqrt(by_counts / (by_counts + beyond or 1.0))
    p_value = student(sigmas, freedom) * len(log)
    return ChangePoint(
        first=cut + 1,
        between=(int(inside.min()) + 1, int(inside.max()) + 1),
        before=float(k1[cut] / n1[cut]),
        after=float(k2[cut] / n2[cut]),
        cuts=len(log),
        p_value=min(float(p_value), 1.0),
    )


def when(found: ChangePoint, runs: npt.NDArray[np.int64]) -> tuple[int, tuple[int, int], str]:
    """Tell the time of a change.

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


def _look(chamber: geometry.Chamber, found: ChangePoint, runs: npt.NDArray[np.int64]) -> Look:
    run, between, since = when(found, runs)
    reason = (
        f"efficiency {percent(found.after)} from run {run} on, {percent(found.before)} before; "
        f"{since}"
    )
    loss = abs(found.before - found.after)
    place = geometry.Place(*chamber)
    flag = Flag(place, "drifting", reason, found.p_value, run=run, runs=between, loss=loss)
    return Look(flag, abs(found.after - found.before) > MARGIN)
