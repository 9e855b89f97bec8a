"""The golden file: what the reference program gives for the golden events."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dtperf.results.export.naming import reference_objects
from dtperf.results.result import Result
from tests.helpers.reference_books import ARRAYS
from tests.helpers.reference_loop import differences, golden, golden_axes

__all__ = [
    "AXES",
    "EDGES",
    "EXPECTED",
    "EXPECTED_EDGES",
    "GOLDEN",
    "GOLDEN_CMSSW",
    "GOLDEN_PROJECTED",
    "GOLDEN_RNTUPLE",
    "as_reference",
    "efficiencies",
    "golden_differences",
]

DATA = Path(__file__).parents[1] / "data"
GOLDEN = DATA / "golden_input.root"
GOLDEN_RNTUPLE = DATA / "golden_input_rntuple.root"
GOLDEN_CMSSW = DATA / "golden_input_cmssw_rntuple.root"
GOLDEN_PROJECTED = DATA / "golden_input_cmssw_rntuple_projected.root"
EXPECTED = golden(DATA / "golden_expected.json.gz")
EDGES = DATA / "golden_edges.root"
"""Other events, with many values on bin edges and cut values."""
EXPECTED_EDGES = golden(DATA / "golden_edges_expected.json.gz")
AXES = golden_axes(DATA / "golden_expected.json.gz")


def as_reference(counts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Bring histograms into the form of the golden file, without what it does not have."""
    return {
        name: {key: getattr(found, key) for key in ARRAYS[found.kind]}
        for name, found in reference_objects(counts).items()
        if name in EXPECTED
    }


def golden_differences(
    counts: Mapping[str, Any], expected: Mapping[str, Any] = EXPECTED
) -> list[str]:
    """Compare histograms with all 79 objects, inner and flow bins."""
    return differences(as_reference(counts), expected)


def efficiencies(result: Result) -> list[Any]:
    """List what the stations have but for the eligible fraction, which is not explored."""
    return [(row.name, row.fiducial, row.with_acceptance) for row in result.by_station()]
