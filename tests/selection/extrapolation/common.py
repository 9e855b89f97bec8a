"""Both ways to extrapolate, and what they read."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
from coffea.nanoevents import NanoEventsFactory

from dtperf.config import load_config
from dtperf.nanoaod import MuonDPGSchema
from dtperf.selection import Tables, tag_and_probe

WAYS = ("ntuple", "helix")
FEW = 300
DXY = "muon_trk_dxy"


# not cut to whole centimetres: that would make a micrometre a centimetre
CONFIGS = {way: load_config({"extrapolation": way}) for way in WAYS}


def tables(path: Path, way: str) -> Tables:
    tree = {str(path): "Events"}
    events = NanoEventsFactory.from_root(tree, schemaclass=MuonDPGSchema, mode="eager").events()
    return tag_and_probe(events, CONFIGS[way])


def without(arrays: dict[str, ak.Array], start: str) -> dict[str, ak.Array]:
    left = {name: array for name, array in arrays.items() if not name.startswith(start)}
    assert len(left) < len(arrays)
    return left
