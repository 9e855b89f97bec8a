"""Book histograms the way ROOT does, in plain Python, for the event loop in `reference_loop`."""

from __future__ import annotations

import gzip
import json
import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.helpers.reference_events import Match, Muon, Segment

Real = float | np.floating[Any]
Axes = Mapping[str, tuple[str, list[list[float]]]]

ARRAYS = {
    "histogram": ("counts",),
    "efficiency": ("passed", "total"),
    "profile": ("mean", "entries"),
}
PROFILE_MAX_ABS = 12.5
MEAN_TOLERANCE = 1e-9
PHI_LAYERS = range(1, 9)
TWIN_SECTORS = {13: 4, 14: 10}
SHOWN_PER_ARRAY = 5


class Kinematics(NamedTuple):
    """Hold pT, eta and phi in double precision, as a TLorentzVector gives them back."""

    pt: float
    eta: float
    phi: float


def golden_axes(path: str | Path) -> dict[str, tuple[str, list[list[float]]]]:
    """Read name -> (kind, axes) from the golden file."""
    return {name: (item["kind"], item["axes"]) for name, item in golden(path).items()}


def golden(path: str | Path) -> dict[str, dict[str, Any]]:
    """Read the golden file."""
    with gzip.open(path, "rt") as file:
        content: dict[str, dict[str, Any]] = json.load(file)
    return content


def bin_finder(edges: list[float], older: bool = False) -> Callable[[float], int]:
    """Return ROOT's rule from value to bin, 0 the underflow and n + 1 the overflow.

    The older rule was in use until 2025; the newer one then looks at the edges of the bin, too.
    """
    bins, low, high = len(edges) - 1, edges[0], edges[-1]
    width = (high - low) / bins
    uniform = all(math.isclose(b - a, width, rel_tol=1e-6) for a, b in pairwise(edges))

    def find(value: float) -> int:
        if value < low:
            return 0
        # Written with 'not', so that a NaN falls into the overflow as in TAxis::FindFixBin.
        if not value < high:
            return bins + 1
        if uniform:
            found = 1 + int(bins * (value - low) / (high - low))
            if older:
                return found
            if value < low + (found - 1) * width:
                return found - 1
            return found + 1 if value >= low + found * width else found
        return bisect_right(edges, value)

    return find


class Books:
    """Count entries per bin, with flow bins."""

    def __init__(self, axes: Axes, older_bins: bool = False) -> None:
        """Book one object per name."""
        self._axes = axes
        self._finders = {
            name: [bin_finder(a, older_bins) for a in axis] for name, (_, axis) in axes.items()
        }
        self._sums: dict[str, dict[str, Any]] = {}
        for name, (kind, axis) in axes.items():
            shape = [len(a) + 1 for a in axis]
            self._sums[name] = {key: np.zeros(shape, dtype=object) for key in _summed(kind)}

    def count(self, name: str, *values: Real) -> None:
        """Fill a histogram; a name that is not booked is passed over, as in a partial booking."""
        self._add(name, "counts", values, 1)

    def judge(self, name: str, passed: bool, *values: Real) -> None:
        """Fill an efficiency."""
        self._add(name, "total", values, 1)
        if passed:
            self._add(name, "passed", values, 1)

    def average(self, name: str, value: Real, what: Real) -> None:
        """Fill a profile, whose allowed range is closed as in TProfile."""
        if abs(float(what)) <= PROFILE_MAX_ABS:
            self._add(name, "entries", (value,), 1)
            self._add(name, "sum", (value,), float(what))

    def result(self) -> dict[str, dict[str, Any]]:
        """Return the objects in the golden file's form."""
        return {
            name: {"kind": kind, "axes": axis, **_arrays(kind, self._sums[name])}
            for name, (kind, axis) in self._axes.items()
        }

    def _add(self, name: str, key: str, values: tuple[Real, ...], weight: float) -> None:
        """Add a weight to the bin of some values."""
        if name in self._sums:
            finders = self._finders[name]
            index = tuple(find(float(value)) for find, value in zip(finders, values, strict=True))
            self._sums[name][key][index] += weight


def _summed(kind: str) -> tuple[str, ...]:
    """Name the arrays that are summed up for a kind of object."""
    return ("sum", "entries") if kind == "profile" else ARRAYS[kind]


def _arrays(kind: str, sums: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Turn sums into the lists of the golden file."""
    if kind != "profile":
        return {key: sums[key].tolist() for key in ARRAYS[kind]}
    entries = sums["entries"].tolist()
    mean = [s / n if n else 0.0 for s, n in zip(sums["sum"].tolist(), entries, strict=True)]
    return {"mean": mean, "entries": entries}


def book_candidate(books: Books, muon: Muon) -> None:
    """Fill the plots that come before any probe cut."""
    books.count("probeNPixelHits", muon.pixel_hits)
    books.count("probeNTrkLayers", muon.layers)
    books.count("probeNRPCLayers", muon.rpc_layers if muon.is_rpc else 0)
    books.count("probeOrigAlgo", muon.algo)
    books.count("probeReliso", muon.iso)


def book_pair(books: Books, back: Kinematics, numbers: tuple[Real, Real, Real]) -> None:
    """Fill the mass, the separation and dz of a pair, before any pair cut."""
    mass, separation, dz = numbers
    books.count("pairMass", mass)
    books.count("pairDz", dz)
    books.count("probePtVsPairDr", np.float32(back.pt), separation)


def book_acceptance(books: Books, probe: Muon, station: int, passed: bool) -> None:
    """Fill the plots without an eta cut."""
    books.judge(f"effAccVsEtaMB{station}", passed, probe.eta)
    books.judge(f"effAccPhiVsEta{_sign(probe)}MB{station}", passed, probe.phi, probe.eta)


def book_in_eta(books: Books, probe: Muon, back: Kinematics, station: int, passed: bool) -> None:
    """Fill the plots of a probe inside the station's eta range."""
    books.count(f"probePtMB{station}", np.float32(back.pt))
    books.count(f"probeEtaMB{station}", np.float32(back.eta))
    books.count(f"probePhiMB{station}", np.float32(back.phi))
    books.judge(f"effAccVsPhi{_sign(probe)}MB{station}", passed, probe.phi)
    books.judge(f"effAccVsPtMB{station}", passed, np.float32(back.pt))


def book_residuals(
    books: Books, back: Kinematics, station: int, distances: tuple[Real, Real, Real]
) -> None:
    """Fill how far a passing segment is from the extrapolated track."""
    for name, distance in zip(("Dx", "Dy", "Dr"), distances, strict=True):
        books.count(f"probe{name}VsPtMB{station}", np.float32(back.pt), distance)


def book_chamber(books: Books, back: Kinematics, match: Match, segment: Segment | None) -> None:
    """Fill the plots of one fiducial crossing."""
    station, wheel, sector = match.station, match.wheel, match.sector
    passing = segment if segment is not None and segment.has_phi else None
    passed = passing is not None
    merged = TWIN_SECTORS.get(sector, sector)
    shift_x, shift_y = 0.1 if station % 2 == 0 else -0.1, 0.1 if station > 2 else -0.1
    books.judge(f"effVsPtMB{station}", passed, np.float32(back.pt))
    books.judge(f"effSecVsWhMB{station}", passed, sector + 0.5, wheel + 0.5)
    books.judge("effSecVsWhAllOne", passed, merged + shift_x, wheel + shift_y)
    books.judge("effSecVsWhAllTwo", passed, wheel + 3.1 + 5 * (station - 1), merged + 0.1)
    for hits in PHI_LAYERS:
        enough = passing is not None and passing.phi_hits >= hits
        books.judge(f"effVsNHitsPhiMB{station}", enough, hits)
    if passing is not None:
        chamber = sector + 14 * (wheel + 2)
        books.count(f"t0MB{station}", chamber, passing.t0)
        books.average(f"t0ProfileMB{station}", chamber, passing.t0)


def _sign(probe: Muon) -> str:
    """Name the charge, which is +1 or -1 because the pair's product is -1."""
    return "Plus" if probe.charge == 1 else "Minus"


def differences(got: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """List where two results differ: counts exactly, means to 1e-9; empty if they agree."""
    found = [f"{name}: missing" for name in expected if name not in got]
    found += [f"{name}: not expected" for name in got if name not in expected]
    for name in expected:
        if name in got:
            for key in ARRAYS[expected[name]["kind"]]:
                found += _compare(f"{name}.{key}", got[name][key], expected[name][key], key)
    return found


def _compare(label: str, got: Any, expected: Any, key: str) -> list[str]:
    """Compare two arrays bin by bin."""
    ours, theirs = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    if ours.shape != theirs.shape:
        return [f"{label}: shape {ours.shape}, expected {theirs.shape}"]
    tolerance = MEAN_TOLERANCE if key == "mean" else 0.0
    # 'not close' rather than 'far', so that a NaN is a difference.
    bad = np.argwhere(~(np.abs(ours - theirs) <= tolerance * np.maximum(1.0, np.abs(theirs))))
    lines = [
        f"{label}{index.tolist()}: {ours[tuple(index)]:.12g}, expected {theirs[tuple(index)]:.12g}"
        for index in bad[:SHOWN_PER_ARRAY]
    ]
    if len(bad) > SHOWN_PER_ARRAY:
        lines.append(f"{label}: and {len(bad) - SHOWN_PER_ARRAY} more bins")
    return lines
