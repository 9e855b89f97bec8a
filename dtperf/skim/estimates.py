"""Estimate how far probes that are no muons of a Z shift efficiencies, from the same events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dtperf.diagnostics.background import Bias, biases
from dtperf.diagnostics.systematics.declaration import Variation
from dtperf.diagnostics.systematics.places import STATIONS, places
from dtperf.diagnostics.systematics.shifts import Shift, subtracted
from dtperf.errors import ConfigError, InputError
from dtperf.skim.analysis import Analysis
from dtperf.typing import I64, AnyArray

__all__ = ["ByMass", "Cuts", "biases_between", "cuts_of", "estimated"]

Cuts = Mapping[str, Any]
ByMass = Callable[[tuple[float, float]], Sequence[Bias] | str]
"""`biases_between` of some events: lowest and highest mass to biases by station, or why none."""
MASSES = ("selection.pair.min_mass", "selection.pair.max_mass")
MAX_ISO = "selection.probe.max_iso"
SAME: Cuts = {"selection.pair.charge": "same"}


def cuts_of(variation: Variation) -> list[Cuts]:
    """Return the cuts with which an estimate needs events to be counted.

    Args:
        variation: An estimate.
    """
    if variation.limits is None:
        return [SAME]
    if variation.estimate == "isolation_sideband":
        low, high = ({MAX_ISO: limit} for limit in variation.limits)
        return [low, high, SAME, {**SAME, **low}, {**SAME, **high}]
    return [dict(zip(MASSES, variation.limits, strict=True))]


def estimated(
    variation: Variation, nominal: I64, counts: Sequence[I64], by_mass: ByMass
) -> tuple[Shift | None, str]:
    """Return the efficiencies without background minus the nominal ones; or None, and why.

    Args:
        variation: An estimate.
        nominal: Failed and passed with the nominal cuts, shape (places, 2).
        counts: The same with those of `cuts_of`.
        by_mass: `biases_between` of the events.
    """
    if variation.estimate == "same_sign":
        return subtracted(nominal, counts[0]), ""
    if variation.estimate == "isolation_sideband":
        return _isolation_sideband(nominal, counts)
    return _by_mass(variation, nominal, by_mass)


def _isolation_sideband(nominal: I64, counts: Sequence[I64]) -> tuple[Shift | None, str]:
    """Subtract probes of the sideband, in number as pairs of the same charge tell.

    Of pairs of the same charge the number of isolated probes over that in the sideband is taken for
    that of fake probes among pairs of opposite charge; the efficiency of fakes for that in the
    sideband. Muons of a Z in the sideband make the estimate larger, and closer to the nominal
    efficiency. One scale for all places: those of the whole barrel.
    """
    low, high, same, same_low, same_high = counts
    sideband = np.maximum(high - low, 0)
    isolated, beside = int(same[0].sum()), int((same_high - same_low)[0].sum())
    if isolated < 1 or beside < 1:
        return None, "no pair of the same charge, isolated and in the sideband: no scale"
    scale = isolated / beside
    error = scale * np.sqrt(1 / isolated + 1 / beside)
    shift = subtracted(nominal, sideband, scale, error)
    if np.isnan(shift.value[0]):
        return None, "the pairs of the same charge tell of more fake probes than there are probes"
    return shift, ""


def biases_between(analysis: Analysis, limits: tuple[float, float]) -> Sequence[Bias] | str:
    """Return what `dtperf.background` tells of the stations; or why it does not.

    Args:
        analysis: The events, whose window in the mass is the nominal one.
        limits: Lowest and highest mass of the sidebands and fits, GeV.
    """
    pair = analysis.config.selection.pair
    window = (float(round(pair.min_mass)), float(round(pair.max_mass)))
    cuts = dict(zip(MASSES, limits, strict=True))
    try:
        return biases(analysis.with_cuts(cuts, measurements=("efficiency_vs_mass",)), window)
    except (ConfigError, InputError) as error:
        return str(error)


def _by_mass(variation: Variation, nominal: I64, by_mass: ByMass) -> tuple[Shift | None, str]:
    """Take the estimates of stations for their chambers alike."""
    assert variation.limits is not None  # it is declared with them
    found = by_mass(variation.limits)
    if isinstance(found, str):
        return None, found
    each = [_estimate(variation, bias) for bias in found]
    values = np.array([np.nan if one is None else -one.bias for one in each])
    errors = np.array([np.nan if one is None else one.bias_uncertainty for one in each])
    if np.isnan(values).all():
        return None, "too few probes, or no fit that converges, in any station"
    return Shift(*_everywhere(values, errors, nominal[STATIONS].sum(axis=1))), ""


def _estimate(variation: Variation, bias: Bias) -> Any:
    if variation.estimate == "mass_sidebands":
        return bias.sideband
    return bias.fitted.estimate if bias.fitted else None


def _everywhere(values: AnyArray, errors: AnyArray, probes: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return what holds for the barrel, the stations and their chambers."""
    known = ~np.isnan(values)
    weights = np.where(known, probes, 0) / max(probes[known].sum(), 1)
    barrel = weights @ np.nan_to_num(values)
    error = np.sqrt(weights**2 @ np.nan_to_num(errors) ** 2)
    stations = np.array([(place.station or 0) - 1 for place in places()[STATIONS.start :]])
    return np.append(barrel, values[stations]), np.append(error, errors[stations])
