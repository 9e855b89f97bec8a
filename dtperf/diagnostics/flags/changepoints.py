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

__all__ = [
    "MARGIN",
    "ChangePoint",
    "change_point",
    "change_points",
    "drifting",
    "p_values",
    "when",
]

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
    found = change_points(runs.passed, runs.total, variance)
    values = p_values([*found.values()], variance, freedom)
    return [
        _test(detector.chambers()[row], cut, runs.numbers[runs.total[row] > 0], value)
        for (row, cut), value in zip(found.items(), values, strict=True)
    ]


def change_points(passed: I64, total: I64, variance: float = 0.0) -> dict[int, ChangePoint]:
    """Cut rows of counts in order of time, each into two parts of constant efficiency.

    Args:
        passed: Shape (rows, n).
        total: Shape (rows, n); counts without any are left out.
        variance: By which efficiencies vary between the counts anyway.

    Returns:
        The likeliest cut by row, in their order, of rows with two counts at least.
    """
    seen = total > 0
    many = np.count_nonzero(seen, axis=1)
    found: dict[int, ChangePoint] = {}
    for length in np.unique(many[many > 1]).tolist():  # cut in one step
        rows = np.flatnonzero(many == length)
        shape = len(rows), length
        k, n = (each[rows][seen[rows]].reshape(shape) for each in (passed, total))
        found.update(zip(rows.tolist(), _change_points(k, n, variance), strict=True))
    return {row: found[row] for row in sorted(found)}


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
    [found] = _change_points(passed[np.newaxis], total[np.newaxis], variance)
    return found


def _change_points(passed: Integers, total: Integers, variance: float) -> list[ChangePoint]:
    """Cut several rows, each as `change_point` does."""
    k, n = (np.cumsum(each, axis=1, dtype=np.int64) for each in (passed, total))
    k1, n1, k2, n2 = k[:, :-1], n[:, :-1], k[:, -1:] - k[:, :-1], n[:, -1:] - n[:, :-1]
    log = special.betaln(k1 + 1, n1 - k1 + 1) + special.betaln(k2 + 1, n2 - k2 + 1)
    middle = (k[:, -1] + 0.5) / (n[:, -1] + 1)
    spread = variance * np.sum(np.square(total), axis=1)
    excess = spread / (n[:, -1] * middle * (1 - middle))
    posterior = np.exp((log - log.max(axis=1, keepdims=True)) / (1 + excess[:, np.newaxis]))
    posterior /= posterior.sum(axis=1, keepdims=True)
    likeliest = np.argsort(-posterior, axis=1, kind="stable")
    summed = np.cumsum(np.take_along_axis(posterior, likeliest, axis=1), axis=1)
    needed = 1 + np.count_nonzero(summed < CREDIBLE, axis=1)
    cuts = posterior.argmax(axis=1)
    squared = np.square(total.astype(np.float64))
    found = []
    for row, cut in enumerate(cuts.tolist()):
        inside = likeliest[row, : needed[row]]
        passed_1, total_1, passed_2, total_2 = (int(each[row, cut]) for each in (k1, n1, k2, n2))
        found.append(
            ChangePoint(
                first=cut + 1,
                between=(int(inside.min()) + 1, int(inside.max()) + 1),
                before=passed_1 / total_1,
                after=passed_2 / total_2,
                cuts=log.shape[1],
                counts=(passed_1, total_1, passed_2, total_2),
                squares=(
                    float(squared[row, : cut + 1].sum()),
                    float(squared[row, cut + 1 :].sum()),
                ),
            )
        )
    return found


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
