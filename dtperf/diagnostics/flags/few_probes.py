"""Test for places that fewer probes cross than is expected from their peers."""

from __future__ import annotations

import numpy as np

from dtperf import detector
from dtperf.detector import Place
from dtperf.diagnostics.flags.model import Flag, PlaceTest, percent
from dtperf.diagnostics.flags.tally import by_station, eligible, mostly
from dtperf.results.result import Result
from dtperf.statistics import special
from dtperf.typing import F64, I64

__all__ = ["MARGIN", "MARGIN_OF_SEVERAL", "few_probes"]

MARGIN = 0.4
"""Part that may be missing in one station where all is well: in CMS data it is up to 24 %, at the
chimneys, and in MB1 and MB2 of the outer wheels."""
MARGIN_OF_SEVERAL = 0.25
"""The same for sectors and wheels, in each of their stations: in CMS data up to 2 %."""


def few_probes(result: Result) -> list[PlaceTest]:
    """Test whether places have the number of probes that is expected from their peers.

    Counted are fiducial probes, eligible or not, which a dead readout does not lower; where that
    was not measured, the probes of the efficiency. The peers are the other chambers of the same
    station and wheel, or the same station of the other wheels, each by its `fiducial_acceptances`.

    Args:
        result: With 'eligible_by_sector_and_run' or 'by_chamber', else nothing is tested.

    Returns:
        One test per place. Its p-value is the probability of so few probes in a place that lacks
        just as many as healthy ones may lack: conditional on the sum with its peers, Poisson counts
        are binomial. A place of several stations has to be low in each of them.

    Source: J. Przyborowski, H. Wilenski, Biometrika 31 (1940) 313, for the test.
    """
    counted = _counted(result)
    if counted is None:
        return []
    cuts = result.config.selection.station
    limits = (cuts.max_abs_eta, cuts.border_x, cuts.border_y)
    of_superlayers = cuts.border == "superlayers"
    acceptances = detector.fiducial_acceptances(*limits, of_superlayers=of_superlayers)
    codes = [chamber.code for chamber in detector.chambers()]
    # the whole barrel has no peers
    found = (_test(place, *counted, acceptances[codes]) for place in detector.places()[1:])
    return [test for test in found if test is not None]


def _counted(result: Result) -> tuple[I64, str] | None:
    if (found := eligible(result)) is not None:
        return found[0].of_runs().total, "fiducial probes"
    rows = result.by_chamber()
    totals = np.array([row.efficiency.total for row in rows], dtype=np.int64)
    return (totals, "eligible probes") if rows else None


def _test(place: Place, probes: I64, what: str, acceptance: F64) -> PlaceTest | None:
    """Test a place; None without peers, or if no probes are expected."""
    margin = MARGIN if place.station is not None else MARGIN_OF_SEVERAL
    p_value, n, expected = 0.0, 0, 0.0
    is_low, is_expected = np.zeros(len(probes), dtype=bool), np.zeros(len(probes), dtype=bool)
    is_low_everywhere = True
    for members in by_station(place):
        is_own = np.zeros(len(probes), dtype=np.bool_)
        is_own[members] = True
        peers = (around := _peers_and_itself(place, members))[~is_own[around]]
        own, others = acceptance[members].sum(), acceptance[peers].sum()
        if not own or not others:
            continue
        n_own, n_others = int(probes[members].sum()), int(probes[peers].sum())
        chance = (1 - margin) * own / ((1 - margin) * own + others)
        p_value = max(p_value, float(special.bdtr(n_own, n_own + n_others, chance)))
        usual = acceptance * n_others / others
        is_expected[members] = usual[members] > 0
        is_low[members] = probes[members] < (1 - margin) * usual[members]
        is_low_everywhere &= n_own < (1 - margin) * usual[members].sum()
        n, expected = n + n_own, expected + float(usual[members].sum())
    if not expected:
        return None
    reason = (
        f"{n:,} {what}, where {_name_peers(place)} let expect {expected:,.0f}: "
        f"{percent(1 - n / expected)} are missing"
    )
    flag = Flag(place, "few probes", reason, p_value, loss=1 - n / expected)
    return PlaceTest(flag, is_low_everywhere and mostly(is_low, is_expected))


def _peers_and_itself(place: Place, members: I64) -> I64:
    station = detector.chambers()[members[0]].station
    if place.sector is not None:
        return by_station(Place(place.wheel, station=station))[0]
    if place.wheel is not None:
        return by_station(Place(station=station))[0]
    return np.arange(len(detector.chambers()))


def _name_peers(place: Place) -> str:
    if place.sector is not None:
        ring = Place(place.wheel, station=place.station).name
        return f"the other {'chambers' if place.station else 'sectors'} of {ring}"
    if place.wheel is not None:
        return f"{f'MB{place.station} of ' if place.station else ''}the other wheels"
    return "the other stations"
