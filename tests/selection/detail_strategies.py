"""Events with primitives, hits, extrapolations and digis, for hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, nan
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.helpers import strategies
from tests.helpers.reference_loop import BRANCHES as BRANCHES_OF_CROSSINGS
from tests.helpers.reference_loop import Cuts
from tests.helpers.strategies import good_muon
from tests.selection.detail_branches import BRANCHES, PLACE, PRIMITIVES, exists
from tests.selection.detail_cells import cells_of
from tests.selection.link_strategies import (
    add_links,
    add_rpcs,
    add_theta_primitives,
    add_tracks,
)
from tests.selection.reference_details import LayerCuts

__all__ = ["detailed_events", "layer_cuts"]

Place = tuple[int, int, int]
Event = dict[str, Any]
Choices = Mapping[str, Sequence[Any]]

# by wheel, sector, station: where the probes of the drawn events cross, and more
CROSSED = ((0, 4, 1), (0, 4, 2), (0, 4, 4), (0, 13, 4))
CHAMBERS = (*CROSSED, (0, 10, 4), (0, 14, 4), (-2, 1, 3))
NO_CHAMBERS = ((0, 13, 1), (3, 1, 1), (0, 0, 4), (0, 15, 4), (0, 4, 0), (0, 4, 5))
PLACES = (*CROSSED * 3, *CHAMBERS, *NO_CHAMBERS)
PEDESTALS_NS = (500.0, 500.78125, 512.5)
PHI = tuple((superlayer, layer) for superlayer in (1, 3) for layer in (1, 2, 3, 4))
THETA = tuple((2, layer) for layer in (1, 2, 3, 4))
MORE_HITS = (*PHI[::3], *THETA[:2], (0, 1), (1, 5), (3, 0), (2, 0), (4, 2))
INT16 = (-(2**15), 2**15 - 1)


def _single(*values: float) -> list[float]:
    return [float(np.float32(value)) for value in values]


def _beside(*values: float) -> list[float]:
    """List values and their neighbours in single precision."""
    return [
        float(np.nextafter(np.float32(value), np.float32(to)))
        for value in values
        for to in (-inf, value, inf)
    ]


def layer_cuts() -> st.SearchStrategy[LayerCuts]:
    """Draw cuts on layers, the defaults among them."""
    return st.just(LayerCuts()) | st.builds(
        LayerCuts,
        min_phi_hits=st.sampled_from([0, 4, 7, 8]),
        min_other_phi_layers=st.sampled_from([0, 3, 6, 7]),
        min_theta_hits=st.sampled_from([0, 3, 4]),
        min_other_theta_layers=st.sampled_from([0, 2, 3]),
        max_abs_dir_x=st.sampled_from([0.7, 0.1]),
        time_window_ns=st.sampled_from([None, (320.0, 700.0), (500.0, 520.0)]),
        noise_window_ns=st.sampled_from([(0.0, 150.0), (0.0, 500.0)]),
        before_pedestal_ns=st.sampled_from([20.0, 0.0, -50.0]),
        after_pedestal_ns=st.sampled_from([420.0, 100.0]),
    )


@st.composite
def detailed_events(draw: st.DrawFn, cuts: Cuts) -> Event:
    """Draw one event as branch name to list, or to a number of the event.

    Only the muons, the matches and the segments are drawn one by one: hypothesis is slow where an
    example takes thousands of decisions.
    """
    random = draw(st.integers(0, 2**32 - 1).map(Random))
    made = [st.builds(_good_pair, st.just(random)), strategies.events(cuts), st.builds(_nothing)]
    event = draw(made[draw(st.sampled_from([0, 0, 0, 1, 1, 2]))])
    event["run"], event["luminosityBlock"] = random.choice([(1, 1), (1, 1), (1, 2), (2, 1)])
    event["lumi_instLumi"], event["lumi_avgPileUp"] = random.choice([(17_500.5, 50.25), (0.5, 1.5)])
    for collection, names in BRANCHES.items():
        for name in names:
            event.setdefault(f"{collection}_{name}", [])
    n_segments = len(event["dtSegment_wheel"])
    for number in range(n_segments):
        _move(random, event, number)
        for name, value in _chosen(random, FIT).items():
            event[f"dtSegment_{name}"].append(value)
        _cross(random, event, number)
    if n_segments:
        _spoil(random, event, "seg2D_hits")
        _spoil(random, event, "seg4D_extr")
    add_links(random, event, n_segments)
    add_tracks(random, event)
    add_theta_primitives(random, event, PLACES)
    add_rpcs(random, event)
    for name, collection in PRIMITIVES.items():
        for _ in range(random.choice([0, 1, 6, 9])):
            _add(event, collection, _of_trigger(random, name) | _chosen(random, PRIMITIVE))
    return event


def _nothing() -> Event:
    return {name: [] for name in BRANCHES_OF_CROSSINGS}


def _good_pair(random: Random) -> Event:
    """Make two muons that are tag and probe of each other, with segments where they cross."""
    event, eta = _nothing(), random.choice(_single(0.0, 0.8, 1.0))  # MB4 and MB3 end before
    for number in range(2):
        mask = random.choice([0b1111, 0b1111, 0b0111, 0b0001])
        muon = good_muon(number) | {"muon_eta": eta, "muon_trkMu_stationMask": mask}
        for name, value in muon.items():
            event[name].append(value)
        event["muon_matches_begin"].append(len(event["muon_matches_x"]))
        for place in random.sample(CROSSED, random.randrange(5)):
            match = {"x": 0.0, "y": 0.0, "edgeX": -100.0, "edgeY": random.choice([-100.0, -15.0])}
            for name, value in (match | dict(zip(PLACE, place, strict=True))).items():
                event[f"muon_matches_{name}"].append(value)
        event["muon_matches_end"].append(len(event["muon_matches_x"]))
    for _ in range(random.randrange(9)):
        place = dict(zip(PLACE, random.choice(CROSSED), strict=True))
        for name, value in (_chosen(random, SEGMENT) | place).items():
            event[f"dtSegment_{name}"].append(value)
    return event


def _chosen(random: Random, choices: Choices) -> dict[str, Any]:
    return {name: random.choice(values) for name, values in choices.items()}


def _add(event: Event, collection: str, values: dict[str, Any]) -> None:
    for name in BRANCHES[collection]:
        event[f"{collection}_{name}"].append(values[name])


# --- primitives ---

PRIMITIVE: Choices = {
    "bx": [0, 0, 0, -1, -2, 1],
    "quality": [6, 6, 6, 4, 4, 2, 2, 0, 7, -1],
    "posLoc_x": _single(0.0, 1.1, -100.3),
    "dirLoc_phi": _single(0.0, 0.1, -0.7, 1.5),
    "rpcBit": [0, 1, 2],
}


def _of_trigger(random: Random, name: str) -> dict[str, int]:
    """Choose a place; now and then 13 and 14 stay, which the trigger has not."""
    wheel, sector, station = random.choice(PLACES)
    if station == 4 and sector in (13, 14) and random.random() < 0.9:
        sector = {13: 4, 14: 10}[sector]
    return {"wheel": wheel, "sector": sector - (name == "bmtf_in"), "station": station}


# --- segments ---

SEGMENT: Choices = {
    "seg4D_posLoc_x": _single(0.0, 2.5, -8.5, 70.0),
    "seg4D_posLoc_y": _single(0.0, -2.5, 14.0),
    "seg2D_phi_t0": _single(0.3, -3.0, -999),
    "seg4D_hasPhi": [True, True, True, False],
    "seg4D_hasZed": [True, True, False],
    "seg2D_phi_nHits": [8, 7, 4, 3, 0],
    "seg2D_z_nHits": [4, 3, 0],
}
FIT: Choices = {
    "seg4D_posLoc_x_midPlane": _single(-999, 0.0, 1.5, -120.25),
    "seg2D_z_t0": _single(-999, 0.0, 3.25),
    "seg2D_phi_normChi2": [*_beside(3.84), -1.0, 0.5],
    "seg2D_z_normChi2": [*_beside(3.84), -1.0, 0.5],
    "seg2D_phi_vDrift": _single(-1, 0.0, 0.01),
    "seg4D_dirLoc_x": [*_beside(0.7, -0.7), 0.0, *_single(0.1, 0.3)],
    "seg4D_dirLoc_y": _single(0.0, -0.4),
    "seg4D_dirLoc_z": _single(-1.0, -0.8),
}


def _move(random: Random, event: Event, number: int) -> None:
    """Move one segment in four elsewhere, and take a good number from one in sixteen."""
    if random.random() < 1 / 4:
        for name, value in zip(PLACE, random.choice(PLACES), strict=True):
            event[f"dtSegment_{name}"][number] = value
    if random.random() < 1 / 16:
        branch = random.choice(["seg4D_posLoc_x", "seg4D_posLoc_y", "seg2D_phi_t0"])
        value = -999.0 if branch.endswith("t0") else random.choice([nan, inf])
        event[f"dtSegment_{branch}"][number] = value


# --- hits, extrapolations and digis ---

WIRES = (
    *("inside", "inside", "inside", "inside", "first", "last", "before first", "after last"),
    *("none", "lowest", "highest"),
)
EXTRAPOLATIONS_CM = _single(0.0, 20.3, -73.6)
HIT: Choices = {
    "side": [1, 2, 1, 2, 0],
    "posErr": _single(0.0006, 0.04, 0.0006, 0.04, 0.0, -1.0),
    "timeCali": _single(0.0, 99.21875, 380.46875),
}
OFFSETS_CM = (0.0, 0.02, -0.4, 2.0)
NO_LAYERS = ((0, 1), (1, 5))
DIGI_OFFSETS = (0, 0, 1, 1, -1, -1, 2, -2, *INT16)
DIGI_TIMES_NS = [
    *_beside(480, 920) * 3,
    *_beside(492.5, 932.5, 320, 700, 500, 520),
    *_beside(0.0, 150.0),
    nan,
]


def _cross(random: Random, event: Event, number: int) -> None:
    """Add what is crossed by a segment, its hits, and digis near them."""
    wheel, sector, station = (event[f"dtSegment_{name}"][number] for name in PLACE)
    place = wheel, sector, station
    event["dtSegment_seg4D_extr_begin"].append(len(event["dtSegment_extr_ExpWire"]))
    event["dtSegment_seg2D_hits_begin"].append(len(event["dtSegment_hits_pos"]))
    superlayers = (1, 3) if station == 4 else (1, 2, 3)
    wires = random.choice([WIRES, ["inside"]])
    crossed: dict[tuple[int, int], tuple[int, float]] = {}
    for here in ((superlayer, layer) for layer in (1, 2, 3, 4) for superlayer in superlayers):
        wire, cm = _wire(random.choice(wires), place, *here), random.choice(EXTRAPOLATIONS_CM)
        crossed[here] = wire, cm
        _add(event, "dtSegment_extr", {"ExpWire": wire, "ExpPos": cm})
    hit_layers = _hit_layers(random, [*crossed])
    pedestals_ns = random.choice([PEDESTALS_NS, PEDESTALS_NS[:1]])
    for superlayer, layer in hit_layers:
        wire, cm = crossed.get((superlayer, layer), (1, 0.0))
        hit = _chosen(random, HIT) | {"superLayer": superlayer, "layer": layer, "wire": wire}
        hit["pos"] = float(np.float32(cm + random.choice(OFFSETS_CM)))
        hit["time"] = random.choice(pedestals_ns) + hit["timeCali"]
        _add(event, "dtSegment_hits", hit)
    # most where there is no hit: elsewhere they make no difference
    empty = [here for here in crossed if here not in hit_layers]
    for here in [*random.choices([*crossed], k=3), *empty, *empty, random.choice(NO_LAYERS)]:
        wire, _ = crossed.get(here, (1, 0.0))
        offset = random.choice(DIGI_OFFSETS)
        near = offset if offset in INT16 else min(max(wire + offset, INT16[0]), INT16[1])
        where = place if random.random() < 7 / 8 else CHAMBERS[-1]
        digi: dict[str, Any] = {"superLayer": here[0], "layer": here[1], "wire": near}
        digi["time"] = random.choice(DIGI_TIMES_NS)
        _add(event, "dtDigi", digi | dict(zip(PLACE, where, strict=True)))
    event["dtSegment_seg4D_extr_end"].append(len(event["dtSegment_extr_ExpWire"]))
    event["dtSegment_seg2D_hits_end"].append(len(event["dtSegment_hits_pos"]))


def _hit_layers(random: Random, crossed: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Choose the layers of hits: all, or without some; now and then one twice, or none's."""
    lost = random.sample(crossed, min(len(crossed), random.choice([0, 0, 1, 2, 6, 9, 12])))
    hits = sorted((here for here in crossed if here not in lost), key=lambda here: here[0] == 2)
    return hits + random.choices(MORE_HITS, k=random.choice([0, 0, 1, 2]))


def _wire(kind: str, place: Place, superlayer: int, layer: int) -> int:
    first, number, _ = cells_of(place, superlayer, layer) if exists(*place) else (1, 50, 0.0)
    return {
        "inside": first + number // 2,
        "first": first,
        "last": first + number - 1,
        "before first": first - 1,
        "after last": first + number,
        "none": -1,
        "lowest": INT16[0],
        "highest": INT16[1],
    }[kind]


def _spoil(random: Random, event: Event, name: str) -> None:
    """Change a limit of one range in some events."""
    if random.random() < 1 / 4:
        column = event[f"dtSegment_{name}_{random.choice(['begin', 'end'])}"]
        at = random.randrange(len(column))
        wild = [0, max(column[at] - 1, 0), column[at] + 1, 2**31, 2**32 - 1]
        column[at] = random.choice(wild)
