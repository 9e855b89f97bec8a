"""Fit the efficiency without background, of passing and failing probes at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from iminuit import Minuit  # type: ignore[import-untyped]
from iminuit.cost import ExtendedBinnedNLL, NormalConstraint  # type: ignore[import-untyped]

from dtperf.diagnostics.background.mass_spectrum import (
    Estimate,
    Fit,
    Masses,
    background_shares,
    signal_shares,
)
from dtperf.typing import AnyArray

__all__ = ["fit"]

FEWEST = 200
"""Probes in the window."""
SLOPE, SLOPE_SPREAD = 0.03, 0.03
"""1/GeV. That of the Drell-Yan continuum at the Z, and how far others are taken to differ: it
keeps the slope of a background in its place that is too small to have one."""
LIMITS = {
    "shift": (-3.0, 3.0),
    "resolution": (0.4, 5.0),
    "tail": (0.5, 5.0),
    "power": (1.1, 20.0),
    "passing_slope": (-0.3, 0.3),
    "failing_slope": (-0.3, 0.3),
}
STARTS = {
    "shift": 0.0,
    "resolution": 1.3,
    "tail": 1.5,
    "power": 3.0,
    "passing_slope": SLOPE,
    "failing_slope": SLOPE,
}
SHAPE = ("shift", "resolution", "tail", "power")
SIDES = ("failing", "passing")
"""In the order of the counts."""
YIELDS = ("passing", "passing_background", "failing", "failing_background")
"""Of signal and background in the window."""


def fit(masses: Masses, counts: AnyArray) -> Fit | None:
    """Fit a Z over an exponential background to passing and failing probes.

    They share the shape of the Z; both have their own numbers of signal and background, and their
    own slope of the background.

    Args:
        masses: Of these probes.
        counts: Of one station, shape (bins, 2): failed and passed.

    Returns:
        The estimate; None with few probes or if the fit does not converge. Uncertainties are those
        of the Fisher information, which, unlike the curvature, exist for a background of 0, too.
    """
    if counts[masses.is_inside].sum() < FEWEST:
        return None
    minuit = _minuit(masses, counts)
    minuit.migrad(ncall=20_000)
    if not minuit.valid:
        minuit.simplex().migrad(ncall=20_000)
    if not minuit.valid or minuit.fval is None:
        return None
    values = dict(zip(minuit.parameters, minuit.values, strict=True))
    return _result(
        counts[masses.is_inside].sum(axis=0),
        np.array([values[name] for name in YIELDS]),
        _covariance(masses, values),
        (float(minuit.fval), counts.size - len(values)),
    )


def _minuit(masses: Masses, counts: AnyArray) -> Minuit:
    model = _model(masses.window)
    cost = NormalConstraint([f"{side}_slope" for side in SIDES], [SLOPE] * 2, [SLOPE_SPREAD] * 2)
    starts = dict(STARTS)
    limits = dict(LIMITS)
    for column, side in enumerate(SIDES):
        cost += ExtendedBinnedNLL(counts[:, column], masses.edges, model, name=_names(side))
        inside = counts[masses.is_inside, column].sum()
        starts |= {side: max(0.97 * inside, 0.5), f"{side}_background": max(0.03 * inside, 0.5)}
        limits |= dict.fromkeys((side, f"{side}_background"), (0.0, 10 * (counts.sum() + 1)))
    minuit = Minuit(cost, **starts)
    for name, allowed in limits.items():
        minuit.limits[name] = allowed
    return minuit


def _names(side: str) -> tuple[str, ...]:
    return side, f"{side}_background", f"{side}_slope", *SHAPE


def _model(window: tuple[float, float]) -> Callable[..., AnyArray]:
    """Make the function that gives the mean counts from the first edge on to each."""

    def model(
        edges: AnyArray,
        signal: float,
        background: float,
        slope: float,
        shift: float,
        resolution: float,
        tail: float,
        power: float,
    ) -> AnyArray:
        z = signal_shares(edges, window, shift, resolution, tail, power)
        return signal * z + background * background_shares(edges, window, slope)

    return model


def _expected(masses: Masses, values: dict[str, float]) -> AnyArray:
    """Return the mean counts, shape (bins, 2): failed and passed."""
    model = _model(masses.window)
    columns = [
        np.diff(model(masses.edges, *(values[name] for name in _names(side)))) for side in SIDES
    ]
    return np.stack(columns, axis=-1)


def _covariance(masses: Masses, values: dict[str, float]) -> AnyArray:
    """Return the inverse of the Fisher information, for the yields, shape (4, 4)."""
    # where there is none there could have been one
    at = values | {name: max(values[name], 1.0) for name in YIELDS}
    mean = _expected(masses, at)
    slopes = []
    for name in (*YIELDS, *STARTS):
        step = 1e-4 * max(abs(at[name]), 0.1)
        up, down = (_expected(masses, at | {name: at[name] + sign * step}) for sign in (1, -1))
        slopes.append(((up - down) / (2 * step)).ravel())
    jacobian = np.stack(slopes)
    information = (jacobian / np.maximum(mean.ravel(), 1e-9)) @ jacobian.T
    known = [name.endswith("slope") for name in (*YIELDS, *STARTS)]
    information[known, known] += SLOPE_SPREAD**-2
    # pinv: a shape that the masses do not tell has no part in the yields
    return np.asarray(np.linalg.pinv(information, hermitian=True)[:4, :4])


def _result(
    counts: AnyArray, yields: AnyArray, covariance: AnyArray, goodness: tuple[float, int]
) -> Fit:
    """Return the estimate from the fitted values.

    The counts are failed and passed in the window, the yields in the order of `YIELDS`, and the
    goodness is chi-square and degrees of freedom.
    """
    passing, passing_background, failing, failing_background = yields
    signal, background = passing + failing, passing_background + failing_background
    efficiency, share = passing / signal, background / (signal + background)
    counted = (passing + passing_background) / (signal + background)
    of_efficiency = np.array([1 - efficiency, 0, -efficiency, 0]) / signal
    of_counted = np.array([1 - counted, 1 - counted, -counted, -counted]) / (signal + background)
    of_share = np.array([-share, 1 - share, -share, 1 - share]) / (signal + background)
    spread = [
        float(np.sqrt(max(slope @ covariance @ slope, 0.0)))
        for slope in (of_efficiency, of_counted - of_efficiency, of_share)
    ]
    return Fit(
        Estimate(
            float(efficiency), spread[0], float(counts[1] / counts.sum() - efficiency), spread[1]
        ),
        float(share),
        spread[2],
        float(passing_background / background) if background > 0 else float("nan"),
        *goodness,
    )
