"""Skims for tests, and results to compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import awkward as ak
import numpy as np

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.results.result import Result
from dtperf.results.totals import SUMS
from tests.nanoaod.files import GOLDEN, read_arrays, write_tree

__all__ = ["LOOSE", "assert_same", "full_nonsense", "loose", "measured", "nonsense"]

LOOSE: dict[str, Any] = {
    "tag": {"trigger": "none", "max_iso": 0.8, "min_pt": 15.0},
    "probe": {"max_iso": 0.8, "min_pt": 5.0, "min_tracker_layers": 3, "min_pixel_hits": 0},
    "pair": {"min_mass": 50.0, "max_mass": 130.0, "max_abs_dz": 3.0, "min_dr": 0.1},
}
SUMMED = (*SUMS, "files", "chunks")


def loose(**others: Any) -> AnalysisConfig:
    """Give the loosest cuts that are tested."""
    return dtperf.load_config({"selection": LOOSE, **others})


def assert_same(skimmed: Result, run: Result) -> None:
    """See that two results have equal numbers, whatever the columns that were read."""
    assert skimmed.config.hash == run.config.hash
    assert [*skimmed.counts] == [*run.counts]
    for name, counts in skimmed.counts.items():
        assert counts.axes == run.counts[name].axes, name
        views = (np.asarray(each.view(flow=True)) for each in (counts, run.counts[name]))
        np.testing.assert_array_equal(*views, err_msg=name)
    assert {n: skimmed.totals[n] for n in SUMMED} == {n: run.totals[n] for n in SUMMED}
    assert skimmed.anomalies == run.anomalies
    assert skimmed.code == run.code
    places = ([row[:6] for row in each.ledger if row.status == "read"] for each in (skimmed, run))
    assert [*next(places)] == [*next(places)]


def measured(config: AnalysisConfig, files: Any) -> Result:
    """Measure the original files."""
    return dtperf.run(config, files)


def nonsense(path: Path, *, without: tuple[str, ...] = ()) -> Path:
    """Write golden events of which many have what no detector writes.

    Args:
        path: The file.
        without: Branches that it lacks.
    """
    arrays = read_arrays(GOLDEN["ttree"], 1500)
    # no event is in files of two names
    arrays["event"] = ak.Array(np.arange(1500, dtype=np.uint64) + (crc32(path.stem.encode()) << 16))
    rng = np.random.default_rng(3)

    def spoiled(name: str, share: float, value: Any) -> None:
        arrays[name] = _spoiled(arrays[name], rng, share, value)

    spoiled("muon_matches_begin", 0.05, 7)
    spoiled("muon_matches_end", 0.05, 9)
    spoiled("muon_matches_x", 0.03, np.nan)
    spoiled("muon_matches_sector", 0.05, 15)
    spoiled("muon_matches_station", 0.03, 0)
    spoiled("dtSegment_seg4D_posLoc_x", 0.03, np.inf)
    spoiled("dtSegment_wheel", 0.05, 3)
    spoiled("dtSegment_seg2D_phi_nHits", 0.1, 0)
    spoiled("muon_charge", 0.05, 3)
    spoiled("muon_trk_dz", 0.05, np.nan)
    spoiled("muon_trk_dxy", 0.05, np.nan)
    spoiled("muon_eta", 0.02, np.nan)
    spoiled("muon_trk_numberOfValidTrackerLayers", 0.05, 120)
    edges = np.random.default_rng(4)

    def moved(name: str, share: float, values: list[float]) -> None:
        flat, counts = ak.to_numpy(ak.flatten(arrays[name])).copy(), ak.num(arrays[name])
        where = edges.random(len(flat)) < share
        flat[where] = edges.choice(np.array(values, dtype=np.float32), np.count_nonzero(where))
        arrays[name] = ak.unflatten(flat, counts)

    # on cuts and edges, and what no four-vector gives back
    moved("muon_pt", 0.2, [15, 20, 27, 30, 45, 0, -30, np.inf, 60])
    moved("muon_eta", 0.1, [1.2, 1.05, 0.9, -0.75, 0, 1e-20, 5, -400, np.inf])
    moved("muon_phi", 0.1, [np.pi, -np.pi, 3, 0, 4, -100, np.nan, np.inf])
    arrays |= _in_blocks(len(arrays["run"]), rng)
    kept = {name: values for name, values in arrays.items() if name not in without}
    return write_tree(kept, path, cluster=500)


def full_nonsense(full: Path, path: Path) -> Path:
    """Write the events of a file of full content, some with what no detector writes.

    Args:
        full: The file.
        path: Where to write them.
    """
    arrays = read_arrays(full)
    rng = np.random.default_rng(5)
    for name, share, value in (
        ("ltTwinMuxIn_quality", 0.05, 7),
        ("ltTwinMuxIn_sector", 0.05, 13),
        ("ltTwinMuxOut_rpcBit", 0.05, 9),
        ("ltTwinMuxOut_quality", 0.05, -1),
        ("ltTwinMuxOut_station", 0.05, 5),
        ("ltBmtfIn_quality", 0.05, 7),
        ("ltBmtfIn_wheel", 0.05, 4),
        ("ltBmtfIn_bx", 0.2, -1),
        ("ltTwinMuxInTh_station", 0.05, 4),
        ("ltTwinMuxInTh_hitMap", 0.05, 128),
        ("ltBmtfInTh_sector", 0.05, 12),
        ("ltBmtfInTh_hitMap", 0.05, 0),
        ("dtSegment_seg2D_hits_end", 0.05, 9999),
        ("dtSegment_seg4D_extr_begin", 0.05, 3),
        ("dtSegment_wheel", 0.05, 3),
        ("dtSegment_seg4D_posLoc_x", 0.03, np.inf),
        ("dtSegment_seg2D_phi_nHits", 0.1, 0),
        ("dtSegment_seg2D_phi_normChi2", 0.1, -1),
        ("dtSegment_seg4D_dirLoc_z", 0.05, 0),
        ("dtSegment_hits_layer", 0.02, 5),
        ("dtSegment_hits_posErr", 0.02, 0),
        ("dtSegment_extr_ExpWire", 0.02, 120),
        ("dtDigi_wire", 0.02, 0),
        ("dtDigi_superLayer", 0.02, 5),
        ("dtDigi_time", 0.02, np.nan),
        ("muon_matches_end", 0.05, 9),
        ("muon_matches_dXdZ", 0.05, np.nan),
        ("muon_staMatches_end", 0.05, 40),
        ("muon_isStandalone", 0.1, False),
        ("muon_staMu_nMatchSeg", 0.1, -5),
        ("muon_staMatches_MuSegIdx", 0.05, 2**32 - 1),
        ("dtToRpc_rawId", 0.05, 2**32 - 1),
        ("rpcRecHit_coordX", 0.05, np.nan),
        ("rpcRecHit_clusterSize", 0.05, 300),
    ):
        arrays[name] = _spoiled(arrays[name], rng, share, value)
    arrays |= _in_blocks(len(arrays["run"]), rng)
    return write_tree(arrays, path, cluster=50)


def _spoiled(array: ak.Array, rng: np.random.Generator, share: float, value: Any) -> ak.Array:
    flat, counts = ak.to_numpy(ak.flatten(array)).copy(), ak.num(array)
    flat[rng.random(len(flat)) < share] = value
    return ak.unflatten(flat, counts)


def _in_blocks(events: int, rng: np.random.Generator) -> dict[str, ak.Array]:
    """Return columns of luminosity blocks, so that only some have anomalies, in two runs."""
    blocks = np.sort(rng.integers(1, 9, events)).astype(np.uint32)
    runs = np.where(blocks % 2, 370_001, 370_002).astype(np.uint32)
    of_lumi = ("lumi_instLumi", "lumi_avgPileUp")
    values = {name: ak.Array(rng.uniform(0, 90, events).astype(np.float32)) for name in of_lumi}
    return {"luminosityBlock": ak.Array(blocks), "run": ak.Array(runs), **values}
