"""Chambers whose efficiency changes at some run."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

from dtperf import geometry
from dtperf.flags.model import Flag, Look, percent
from dtperf.results import Result
from dtperf.statistics import exact_test

__all__ = ["MARGIN", "ChangePoint", "change_point", "drifting"]

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
    p_value: float
    """At least the probability that counts without a change can be cut as well as these."""


def drifting(result: Result) -> list[Look]:
    """Look for a run from which on a chamber has another efficiency.

    Args:
        result: With 'by_chamber_and_run', or nothing is looked at.

    Returns:
        One look a chamber that has probes in two runs at least.
    """
    if "by_chamber_and_run" not in result.counts:
        return []
    counts = result.counts["by_chamber_and_run"]
    runs = np.asarray(list(counts.axes["run"]), dtype=np.int64)
    view = np.asarray(counts.view())[..., : len(runs), :]
    looks = []
    for chamber in geometry.chambers():
        cells = view[chamber.station - 1, chamber.wheel + 2, chamber.sector - 1]
        seen = cells.sum(axis=-1) > 0
        if np.count_nonzero(seen) > 1:
            found = change_point(cells[seen, 1], cells[seen].sum(axis=-1))
            looks.append(_look(chamber, found, runs[seen]))
    return looks


def change_point(passed: Counts, total: Counts) -> ChangePoint:
    """Cut counts in order of time into two parts of constant efficiency.

    Args:
        passed: Shape (n,), n at least 2.
        total: Shape (n,), each above 0.

    Returns:
        The likeliest cut, with flat priors for both efficiencies and for the place. The p-value is
        that of the exact test at this cut, times the number of cuts.

    Source: A. F. M. Smith, Biometrika 62 (1975) 407, for the place.
    """
    k, n = (np.cumsum(each, dtype=np.int64) for each in (passed, total))
    k1, n1, k2, n2 = k[:-1], n[:-1], k[-1] - k[:-1], n[-1] - n[:-1]
    log = betaln(k1 + 1, n1 - k1 + 1) + betaln(k2 + 1, n2 - k2 + 1)
    posterior = np.exp(log - log.max())
    posterior /= posterior.sum()
    cut = int(posterior.argmax())
    likeliest = np.argsort(-posterior, kind="stable")
    needed = 1 + int(np.searchsorted(np.cumsum(posterior[likeliest]), CREDIBLE))
    inside = likeliest[:needed]
    p_value = float(exact_test(k1[cut], n1[cut], k2[cut], n2[cut])) * len(log)
    return ChangePoint(
        first=cut + 1,
        between=(int(inside.min()) + 1, int(inside.max()) + 1),
        before=float(k1[cut] / n1[cut]),
        after=float(k2[cut] / n2[cut]),
        p_value=min(p_value, 1.0),
    )


def _look(chamber: geometry.Chamber, found: ChangePoint, runs: npt.NDArray[np.int64]) -> Look:
    run = int(runs[found.first])
    first, last = (int(runs[at]) for at in found.between)
    since = f"between runs {first} and {last}" if first < last else f"at run {run}"
    reason = (
        f"efficiency {percent(found.after)} from run {run} on, {percent(found.before)} before; "
        f"with 68 % probability it changed {since}"
    )
    flag = Flag(chamber, "drifting", reason, found.p_value, run=run, runs=(first, last))
    return Look(flag, abs(found.after - found.before) > MARGIN)
