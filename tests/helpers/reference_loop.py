"""Run the reference tag-and-probe as a slow, plain event loop: the oracle of the fast kernels.

Written from the description of the reference program and from no code of dtperf. Where the
description leaves room, the golden file settles (found by changing the loop and comparing):

- the dx, dy and dR that are filled, and the dR that chooses between chambers, come from the
  untruncated position; they are absolute, and dR has both terms even if a view is missing;
- step 2 counts the RPC layers even of a muon that is not isRPC; only the plot shows 0 then;
- the mask's bits 4 to 7 count, as do the bits of other DT stations.

No golden event tells truncated from untruncated in the passing cuts, float32 from double, < from
<=, or a view's hits from those of a view that is missing. There the description holds, and the
types of the public program: branches, cut values, dz, dx, dy and dR are all float32 with float32
arithmetic; mass and delta R are computed in double and then rounded. pT and eta are cut on, and
filled with phi in most plots, as a TLorentzVector gives them back, in double precision.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np

from tests.helpers.reference_books import (
    Axes,
    Books,
    Kinematics,
    book_acceptance,
    book_candidate,
    book_chamber,
    book_in_eta,
    book_pair,
    book_residuals,
    differences,
    golden,
    golden_axes,
)
from tests.helpers.reference_events import BRANCHES, Match, Muon, Segment, read_events, rows

__all__ = [
    "BRANCHES",
    "SUPERLAYERS",
    "Crossed",
    "Cuts",
    "count_doubles",
    "crossings",
    "differences",
    "golden",
    "golden_axes",
    "loop",
    "read_events",
]

STATIONS = (1, 2, 3, 4)
MUON_MASS_GEV = 0.106
SEEDED_BY_MUON = 14
# The start of the search for the closest segment: no cut, so no setting changes it.
FARTHEST_DR_CM = np.float32(999.0)
# Of the chambers of the drawn events, by station, wheel, sector, from the ideal geometry of CMS:
# middle and width in x of each phi superlayer; width of the theta superlayer, in MB4 the length of
# the wires of the others.
SUPERLAYERS = {
    (1, 0, 4): (((-1.6, 212.64), (0.5, 212.64)), 246.24),
    (2, 0, 4): (((3.4, 256.74), (-0.8, 256.74)), 246.24),
    (4, 0, 4): (((0.0, 307.14), (0.0, 307.14)), 251.1),
    (4, 0, 13): (((0.0, 307.14), (0.0, 307.14)), 251.1),
}

Found = list[tuple[Match, Segment | None]]
Distances = tuple[np.float32, np.float32, np.float32]


@dataclass(frozen=True)
class Cuts:
    """Hold the cut values, in GeV and cm; the defaults are those of the reference run."""

    min_mass: float = 81.0
    max_mass: float = 101.0
    max_abs_dz_pair: float = 1.0
    min_dr: float = 0.3
    tag_iso_trigger: bool = True
    tag_max_iso: float = 0.15
    tag_min_pt: float = 27.0
    probe_min_pt: float = 20.0
    probe_max_abs_eta: tuple[float, float, float, float] = (1.2, 1.05, 0.9, 0.75)
    probe_min_layers: int = 6
    probe_min_pixel_hits: int = 1
    probe_max_iso: float = 0.15
    min_other_stations: int = 2
    min_rpc_layers: int = 10
    border_x: float = -15.0
    border_y: float = -15.0
    max_dx: float = 15.0
    max_dy: float = 15.0
    max_dr: float = 999.0
    truncate: bool = True
    four_vector: bool = True
    older_bins: bool = False
    tag_iso: str = "pf"
    probe_iso: str = "pf"
    charge: str = "opposite"
    unique_probe: bool = False
    border: str = "chamber"
    choice: str = "most_hits"


REFERENCE = Cuts()


def loop(
    events: Iterable[Mapping[str, Any]], axes: Axes, cuts: Cuts = REFERENCE
) -> dict[str, dict[str, Any]]:
    """Run over events and return every booked object in the golden file's form."""
    books, cuts = Books(axes, cuts.older_bins), _as_float32(cuts)
    # Wild numbers must end as NaN or infinity that fail the cuts, as in C++, not as warnings.
    with np.errstate(all="ignore"):
        for event in events:
            matches, segments = rows(event, Match), rows(event, Segment)
            for probe in _probes(rows(event, Muon), cuts, books):
                crossed = matches[probe.begin : probe.end]
                found = [(match, _best_segment(match, segments, cuts)) for match in crossed]
                for station in STATIONS:
                    _station(probe, station, found, cuts, books)
    return books.result()


def count_doubles(events: Iterable[Mapping[str, Any]], cuts: Cuts = REFERENCE) -> dict[str, int]:
    """Count probes that are taken again, and crossings beside another one that counts."""
    repeated = double = 0
    cuts = _as_float32(cuts)
    with np.errstate(all="ignore"):
        for event in events:
            matches, taken = rows(event, Match), set()
            for probe in _probes(rows(event, Muon), cuts, Books({})):
                repeated += id(probe) in taken
                taken.add(id(probe))
                for station in STATIONS:
                    here = [m for m in matches[probe.begin : probe.end] if m.station == station]
                    is_counted = _is_eligible(probe, station, cuts) and _is_in_eta(
                        probe, station, cuts
                    )
                    fiducial = sum(_is_fiducial(match, cuts) for match in here)
                    double += max(fiducial - 1, 0) * is_counted
    return {"repeated_probes": repeated, "double_crossings": double}


class Crossed(NamedTuple):
    """Hold one row of the crossings: a chamber that a probe crosses, or a station it misses."""

    station: int
    match: Match | None
    segment: int | None
    """Number of the best segment of the chamber in its event."""
    is_counted: bool
    """The fiducial efficiency counts it."""
    pair: int
    """Number of the pair in its event."""
    probe: int
    """Number of the probe among the muons of its event."""
    match_number: int | None
    """Number of the match in its event."""


def crossings(event: Mapping[str, Any], cuts: Cuts = REFERENCE) -> list[Crossed]:
    """List the crossings of an event, by probe, station and match."""
    found, cuts = [], _as_float32(cuts)
    matches, segments = rows(event, Match), rows(event, Segment)
    muons = rows(event, Muon)
    with np.errstate(all="ignore"):
        for pair, probe in enumerate(_probes(muons, cuts, Books({}))):
            of_pair = pair, next(i for i, each in enumerate(muons) if each is probe)
            for station in STATIONS:
                is_used = _is_eligible(probe, station, cuts) and _is_in_eta(probe, station, cuts)
                crossed = enumerate(matches[probe.begin : probe.end], probe.begin)
                here = [(i, match) for i, match in crossed if match.station == station]
                for i, match in here:
                    best = _best_segment(match, segments, cuts)
                    number = next((i for i, each in enumerate(segments) if each is best), None)
                    is_counted = is_used and _is_fiducial(match, cuts)
                    found.append(Crossed(station, match, number, is_counted, *of_pair, i))
                if not here:
                    found.append(Crossed(station, None, None, False, *of_pair, None))
    return found


def _as_float32(cuts: Cuts) -> Cuts:
    """Round the real cut values, which the reference holds as C++ floats."""
    reals = [field.name for field in fields(cuts) if field.type == "float"]
    changed: dict[str, Any] = {name: np.float32(getattr(cuts, name)) for name in reals}
    changed["probe_max_abs_eta"] = tuple(np.float32(value) for value in cuts.probe_max_abs_eta)
    return replace(cuts, **changed)


def _probes(muons: list[Muon], cuts: Cuts, books: Books) -> Iterator[Muon]:
    """Yield the probe of each tag that has one: the first in index order.

    If a probe may be taken once only, a tag that comes to one that is taken has none.
    """
    taken: list[Muon] = []
    for tag in muons:
        if _is_tag(tag, cuts):
            others = (muon for muon in muons if muon is not tag)
            probe = next((muon for muon in others if _is_chosen(tag, muon, cuts, books)), None)
            if probe is None or (cuts.unique_probe and any(probe is one for one in taken)):
                continue
            taken.append(probe)
            yield probe


def _is_tag(muon: Muon, cuts: Cuts) -> bool:
    """Apply the tag cuts; without the isolated-muon trigger, the other one is asked for."""
    fires = muon.fires_iso if cuts.tag_iso_trigger else muon.fires
    isolated = _isolation(muon, cuts.tag_iso) < cuts.tag_max_iso
    high = _back(muon, cuts).pt > float(cuts.tag_min_pt)
    return bool(muon.is_tight and isolated and high and fires)


def _is_chosen(tag: Muon, candidate: Muon, cuts: Cuts, books: Books) -> bool:
    """Book a candidate as far as it gets, and tell whether it is the tag's probe."""
    book_candidate(books, candidate)
    return _is_probe(candidate, cuts) and _is_pair(tag, candidate, cuts, books)


def _is_probe(muon: Muon, cuts: Cuts) -> bool:
    """Apply the probe cuts."""
    return bool(
        (muon.is_tracker or muon.is_rpc)
        and muon.algo != SEEDED_BY_MUON
        and muon.pixel_hits >= cuts.probe_min_pixel_hits
        and muon.layers >= cuts.probe_min_layers
        and _isolation(muon, cuts.probe_iso) < cuts.probe_max_iso
        and _back(muon, cuts).pt > float(cuts.probe_min_pt)
    )


def _isolation(muon: Muon, kind: str) -> np.float32:
    """Return the isolation that is cut on."""
    return {"pf": muon.iso, "tracker": muon.tracker_iso}[kind]


def _is_pair(tag: Muon, probe: Muon, cuts: Cuts, books: Books) -> bool:
    """Fill the plots of a pair, then apply the pair cuts."""
    mass, separation, dz = _mass(tag, probe), _delta_r(tag, probe), tag.dz - probe.dz
    book_pair(books, _back(probe, cuts), (mass, separation, dz))
    return bool(
        abs(dz) < cuts.max_abs_dz_pair
        and tag.charge * probe.charge == {"opposite": -1, "same": 1}[cuts.charge]
        and cuts.min_mass < mass < cuts.max_mass
        and separation > cuts.min_dr
    )


def _back(muon: Muon, cuts: Cuts) -> Kinematics:
    """Set a TLorentzVector from a muon and ask it back; or take the muon as it is stored."""
    pt, eta, phi = float(muon.pt), float(muon.eta), float(muon.phi)
    if not cuts.four_vector:
        return Kinematics(pt, eta, phi)
    pt = abs(pt)  # TLorentzVector::SetPtEtaPhiM does that first
    if not all(map(math.isfinite, (pt, eta, phi))) or abs(eta) > 700:
        # math refuses what C++ carries on with: a NaN fails every cut, and so does this eta
        not_finite = math.nan if not (math.isfinite(pt) and math.isfinite(phi)) else pt
        return Kinematics(not_finite, math.copysign(10e10, eta), phi)
    px, py, pz = pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta)
    momentum = math.sqrt(px * px + py * py + pz * pz)
    cosine = pz / momentum if momentum else 1.0
    if cosine * cosine < 1.0:
        back = -0.5 * math.log((1.0 - cosine) / (1.0 + cosine))
    else:  # TVector3 where there is no angle to the beam
        back = math.copysign(10e10, pz) if pz else 0.0
    return Kinematics(math.sqrt(px * px + py * py), back, math.atan2(py, px))


def _mass(one: Muon, two: Muon) -> np.float32:
    """Compute the invariant mass in double precision, rounded to float32."""
    px = py = pz = energy = np.float64(0.0)
    for muon in (one, two):
        pt, eta, phi = np.abs(np.float64(muon.pt)), np.float64(muon.eta), np.float64(muon.phi)
        px, py, pz = px + pt * np.cos(phi), py + pt * np.sin(phi), pz + pt * np.sinh(eta)
        energy += np.sqrt((pt * np.cosh(eta)) ** 2 + MUON_MASS_GEV**2)
    square = energy**2 - px**2 - py**2 - pz**2
    # Rounding can make the square negative; ROOT then gives a negative mass.
    return np.float32(np.copysign(np.sqrt(abs(square)), square))


def _delta_r(one: Muon, two: Muon) -> np.float32:
    """Compute the distance in eta and phi in double precision, rounded to float32."""
    deta = np.float64(one.eta) - np.float64(two.eta)
    dphi = np.float64(one.phi) - np.float64(two.phi)
    dphi -= 2.0 * np.pi * np.rint(dphi / (2.0 * np.pi))
    return np.float32(np.sqrt(deta**2 + dphi**2))


def _station(probe: Muon, station: int, found: Found, cuts: Cuts, books: Books) -> None:
    """Fill the plots of one probe in one station."""
    books.count("nOtherMatchedChVsEta", probe.eta, _others(probe, station))
    if not _is_eligible(probe, station, cuts):
        return
    here = [(match, segment) for match, segment in found if match.station == station]
    distances = _closest(here)
    book_acceptance(books, probe, station, distances is not None)
    back = _back(probe, cuts)
    if not _is_in_eta(probe, station, cuts):
        return
    book_in_eta(books, probe, back, station, distances is not None)
    if distances is not None:
        book_residuals(books, back, station, distances)
    for match, segment in here:
        if _is_fiducial(match, cuts):
            book_chamber(books, back, match, segment)


def _others(probe: Muon, station: int) -> int:
    """Count the other stations with segments of the probe."""
    return (probe.station_mask & 0xFF & ~(1 << (station - 1))).bit_count()


def _is_eligible(probe: Muon, station: int, cuts: Cuts) -> bool:
    """Ask for other stations or RPC layers."""
    few = _others(probe, station) < cuts.min_other_stations
    return not (few and probe.rpc_layers < cuts.min_rpc_layers)


def _is_in_eta(probe: Muon, station: int, cuts: Cuts) -> bool:
    """Apply the station's limit."""
    return bool(abs(_back(probe, cuts).eta) < float(cuts.probe_max_abs_eta[station - 1]))


def _is_fiducial(match: Match, cuts: Cuts) -> bool:
    """Ask for a distance from the edges of the chamber, or of what is sensitive in it."""
    edge_x, edge_y = match.edge_x, match.edge_y
    if cuts.border == "superlayers":
        phi, length = SUPERLAYERS[match.station, match.wheel, match.sector]
        x = np.float64(match.x)
        outside = [(middle - width / 2 - x, x - middle - width / 2) for middle, width in phi]
        left, right = (min(distances) for distances in zip(*outside, strict=True))
        edge_x = np.float32(max(left, right))
        edge_y = np.float32(abs(np.float64(match.y)) - length / 2)
    return bool(edge_x < cuts.border_x and edge_y < cuts.border_y)


def _best_segment(match: Match, segments: list[Segment], cuts: Cuts) -> Segment | None:
    """Choose the best segment in a match's chamber, the first of several."""
    # The int of the reference; np.trunc also survives numbers that are no int.
    x, y = (np.trunc(match.x), np.trunc(match.y)) if cuts.truncate else (match.x, match.y)
    place = (match.wheel, match.sector, match.station)
    near = [
        segment
        for segment in segments
        if (segment.wheel, segment.sector, segment.station) == place
        and _hits(segment) > 0
        and _is_near(segment, x, y, cuts)
    ]
    if cuts.choice == "nearest":
        return min(near, key=lambda segment: _distances(segment, x, y)[2], default=None)
    return max(near, key=_hits, default=None)


def _hits(segment: Segment) -> int:
    """Count the hits of the views that the segment has."""
    phi_hits = segment.phi_hits if segment.has_phi else 0
    return phi_hits + (segment.z_hits if segment.has_zed else 0)


def _is_near(segment: Segment, x: np.float32, y: np.float32, cuts: Cuts) -> bool:
    """Apply the passing cuts; one view is enough."""
    dx, dy, dr = _distances(segment, x, y)
    near_phi = segment.has_phi and dx < cuts.max_dx
    near_zed = segment.has_zed and dy < cuts.max_dy
    return bool(dr < cuts.max_dr and (near_phi or near_zed))


def _distances(segment: Segment, x: np.float32, y: np.float32) -> Distances:
    """Compute |dx|, |dy| and dR in float32."""
    dx, dy = abs(segment.x - x), abs(segment.y - y)
    return dx, dy, np.sqrt(dx * dx + dy * dy)


def _closest(found: Found) -> Distances | None:
    """Return the distances of a station's closest segment; None if none, or without phi view."""
    best, passing, smallest = None, False, FARTHEST_DR_CM
    for match, segment in found:
        if segment is not None:
            distances = _distances(segment, match.x, match.y)
            if distances[2] < smallest:
                best, passing, smallest = distances, segment.has_phi, distances[2]
    return best if passing else None
