"""Muons' standalone tracks, slopes of tracks, theta primitives and RPC points, for hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from random import Random
from typing import Any

import numpy as np

from tests.selection.detail_branches import BRANCHES, THETA_PRIMITIVES

__all__ = ["add_links", "add_rpcs", "add_theta_primitives", "add_tracks"]

Event = dict[str, Any]
Place = tuple[int, int, int]


def _add(event: Event, collection: str, values: dict[str, Any]) -> None:
    for name in BRANCHES[collection]:
        event[f"{collection}_{name}"].append(values[name])


def add_links(random: Random, event: Event, n_segments: int) -> None:
    """Give each muon its ids, and the segments of its standalone track."""
    linked = event["muon_staMatches_MuSegIdx"]
    numbers = [*range(n_segments + 1), 2**31, 2**32 - 1]
    for _ in event["muon_pt"]:
        event["muon_isGlobal"].append(random.random() < 0.5)
        event["muon_isStandalone"].append(random.random() < 0.5)
        event["muon_staMu_nMatchSeg"].append(random.choice([-1, 0, 3, 4, 2**31 - 1]))
        event["muon_staMatches_begin"].append(len(linked))
        linked += random.choices(numbers, k=random.randrange(4))
        event["muon_staMatches_end"].append(len(linked))
    if event["muon_pt"] and random.random() < 1 / 8:
        limit = random.choice(["begin", "end"])
        wild = [0, len(linked) + 1, 2**32 - 1]
        event[f"muon_staMatches_{limit}"][-1] = random.choice(wild)


def add_tracks(random: Random, event: Event) -> None:
    """Give the extrapolated tracks their slopes."""
    for _ in event["muon_matches_x"]:
        slopes = [float(np.float32(random.choice([0.0, 0.125, -0.3]))) for _ in range(2)]
        _add(event, "muon_matches", dict(zip(("dXdZ", "dYdZ"), slopes, strict=True)))


def add_theta_primitives(random: Random, event: Event, places: Sequence[Place]) -> None:
    """Add theta primitives; now and then of MB4, of no chamber, or without a group."""
    for name, collection in THETA_PRIMITIVES.items():
        for _ in range(random.choice([0, 1, 6, 9])):
            wheel, sector, station = random.choice(places)
            values = {
                "wheel": wheel,
                "sector": sector - (name == "theta_bmtf_in"),
                "station": station,
                "bx": random.choice([0, 0, 0, -1, 1]),
                "hitMap": random.choice([1, 2, 3, 64, 127, 0, 128, 2**32 - 1]),
            }
            _add(event, collection, values)


RAW_IDS = (637534208, 637534209, 637796351)
CENTIMETRES = (0.0, 12.0, -13.5, 13.5, 15.0, np.nextafter(np.float32(13.5), np.float32(20)))


def add_rpcs(random: Random, event: Event) -> None:
    """Add points where segments cross rolls, and hits: near, as near, out of time, in no roll."""
    for _ in range(random.choice([0, 0, 1, 3])):
        place = {
            "ring": random.choice([-2, 0, 0, 2, 3]),
            "sector": random.choice([1, 4, 12, 12, 13, 0]),
            "station": random.choice([1, 2, 3, 4, 4, 5]),
            "layer": random.choice([1, 2]),
            "subsector": random.choice([1, 2, 4]),
            "roll": random.choice([1, 2, 3]),
            "rawId": random.choice(RAW_IDS),
            "coordX": random.choice([0.0, 0.0, 1.5]),
            "coordY": -20.0,
        }
        _add(event, "dtToRpc", place)
    for _ in range(random.choice([0, 0, 2, 5])):
        hit = {
            "rawId": random.choice(RAW_IDS),
            "bx": random.choice([0, 0, 0, 1, -1]),
            "coordX": random.choice([*map(float, CENTIMETRES), nan]),
            "clusterSize": random.choice([1, 1, 2, 4]),
        }
        _add(event, "rpcRecHit", hit)
