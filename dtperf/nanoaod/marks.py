"""What a file says of its events: whether they were simulated, or are synthetic."""

from __future__ import annotations

from typing import Any, Literal

from dtperf.nanoaod.columns import typenames

__all__ = ["SYNTHETIC", "Mark", "mark_of"]

Mark = Literal["", "simulation", "synthetic"]

SYNTHETIC = "dtperf_synthetic"
"""The key beside the tree in files of `dtperf.synthetic`, which have the run numbers of data."""
GENERATED = frozenset({"genWeight", "Generator_weight", "nGenPart"})
"""Branches that CMSSW's NanoAOD has of simulated events alone (PhysicsTools/NanoAOD, its producers
genWeightsTable, generatorTable and genParticleTable): also where those have the run numbers of
data, as run-dependent simulation has (SimGeneral/Configuration, RunsAndWeights)."""


def mark_of(directory: Any, tree: Any) -> Mark:
    """Return what a file says of its events.

    Args:
        directory: The top of an open file.
        tree: Its uproot TTree or RNTuple.

    Returns:
        'synthetic' for what `dtperf.synthetic` has made; 'simulation' for a file with generated
        particles or weights; empty: it says nothing, and the run number tells.
    """
    if SYNTHETIC in directory.keys(recursive=False, cycle=False):
        return "synthetic"
    return "simulation" if GENERATED & typenames(tree).keys() else ""
