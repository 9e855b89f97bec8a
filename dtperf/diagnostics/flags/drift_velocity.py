"""Superlayers whose mean timers tell of another drift velocity than those of their ring."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.detector import Place, chambers, of_chambers
from dtperf.diagnostics.flags.model import Flag, PlaceTest
from dtperf.measurements.histograms import means, profile_on
from dtperf.results.result import Result
from dtperf.statistics import student
from dtperf.typing import F64, I64

__all__ = ["MARGIN", "Timers", "drift_velocity", "mean_timers"]

MARGIN = 0.003
"""Healthy superlayers of a ring differ by less: so much is half a nanosecond of a pedestal."""
FEWEST = 20
"""Mean timers of a superlayer."""
SIGMAS_OF_MAD = 1.4826
OF_MEDIAN = np.pi / 2
"""Variance of a median over that of a mean."""


class Timers(NamedTuple):
    """Mean timers of the superlayers of each chamber, shape (250, 3)."""

    number: I64
    mean: F64
    """ns; NaN with few of them."""
    error: F64
    """ns."""


def mean_timers(result: Result) -> Timers | None:
    """Return the mean timers of all superlayers; None if they were not measured."""
    name = "mean_timer_by_superlayer_and_run"
    if name not in result.counts:
        return None
    kept = profile_on(result.counts[name], "station", "wheel", "sector", "superlayer")
    number = of_chambers(np.asarray(kept.view())[..., 0])
    mean, error = (of_chambers(each) for each in means(kept))
    return Timers(number, np.where(number >= FEWEST, mean, np.nan), error)


def drift_velocity(result: Result) -> list[PlaceTest]:
    """Test whether the drift velocity of each superlayer is that of its ring within `MARGIN`.

    The velocity is 21 mm over the mean timer; usual is the median of the sectors of the same
    station, wheel and superlayer. Mean timers share hits, and rings are not perfectly alike: all
    errors are multiplied by the robust width of all pulls, if it is above 1.

    Args:
        result: With 'mean_timer_by_superlayer_and_run' of the group 'timing', else nothing is
            tested.

    Returns:
        One test per chamber. Its p-value is the smallest of its superlayers, times their number.
    """
    timers = mean_timers(result)
    if timers is None:
        return []
    change, error = _changes(timers)
    known = np.isfinite(change) & (error > 0)
    if not known.any():
        return []
    pulls = np.abs(change[known] / error[known])
    error = error * max(1.0, SIGMAS_OF_MAD * float(np.median(pulls)))
    beyond = np.where(known, np.maximum(np.abs(change) - MARGIN, 0.0), 0.0)
    sigmas = beyond / np.where(known, error, 1.0)
    p_values = np.where(known, student(sigmas, np.maximum(timers.number - 1, 1)), 1.0)
    number = known.sum(axis=1)
    return [
        _test(at, change[at], error[at], p_values[at] * number[at], known[at])
        for at in np.flatnonzero(number).tolist()
    ]


def _changes(timers: Timers) -> tuple[F64, F64]:
    """Return relative differences of velocities to those of the ring, with their errors."""
    rings = np.array([5 * chamber.station + chamber.wheel for chamber in chambers()])
    change, error = np.full(timers.mean.shape, np.nan), np.zeros(timers.mean.shape)
    for ring in np.unique(rings):
        here = rings == ring
        mean, its_error = timers.mean[here], timers.error[here]
        number = np.isfinite(mean).sum(axis=0)
        for superlayer in np.flatnonzero(number > 2):
            seen = np.isfinite(mean[:, superlayer])
            usual = float(np.median(mean[seen, superlayer]))
            typical = float(np.median(its_error[seen, superlayer]))
            of_usual = OF_MEDIAN * typical**2 / number[superlayer]
            change[here, superlayer] = usual / mean[:, superlayer] - 1
            error[here, superlayer] = np.hypot(its_error[:, superlayer], np.sqrt(of_usual)) / usual
    return change, error


def _test(at: int, change: F64, error: F64, p_values: F64, known: np.ndarray) -> PlaceTest:
    worst = int(p_values.argmin())
    # a time shift changes all superlayers alike, a velocity may be that of one
    alike = known & (np.abs(change - change[worst]) < 2 * np.hypot(error, error[worst]))
    is_common = int(known.sum()) > 1 and bool(alike[known].all())
    names = [
        f"SL{number + 1}" for number in np.flatnonzero(known if is_common else p_values < 0.01)
    ]
    names = names or [f"SL{worst + 1}"]
    reason = (
        f"drift velocity of {', '.join(names)} {100 * change[worst]:+.2f} ± "
        f"{100 * error[worst]:.2f} % from the other sectors of its ring"
    )
    if is_common:
        reason += ", in all superlayers alike: or a time shift"
    place = Place(*chambers()[at])
    flag = Flag(place, "drift velocity", reason, float(min(p_values.min(), 1.0)))
    return PlaceTest(flag, bool(abs(change[worst]) > MARGIN))
