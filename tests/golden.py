"""The golden file: what the reference program gives for the golden events."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dtperf.export.reference import reference_objects
from dtperf.results import Result
from tests.reference_books import ARRAYS
from tests.reference_loop import differences, golden, golden_axes

__all__ = [
    "AXES",
    "EXPECTED",
    "GOLDEN",
    "GOLDEN_RNTUPLE",
    "as_reference",
    "efficiencies",
    "golden_differences",
]

DATA = Path(__file__).parent / "data"
GOLDEN = DATA / "golden_input.root"
GOLDEN_RNTUPLE = DATA / "golden_input_rntuple.root"
EXPECTED = golden(DATA / "golden_expected.json.gz")
AXES = golden_axes(DATA / "golden_expected.json.gz")


def as_reference(counts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Bring histograms into the form of the golden file, without what it does not have."""
    return {
        name: {key: getattr(found, key) for key in ARRAYS[found.kind]}
        for name, found in reference_objects(counts).items()
        if name in EXPECTED
    }


def golden_differences(counts: Mapping[str, Any]) -> list[str]:
    """Compare histograms with all 79 objects, inner and flow bins."""
    return differences(as_reference(counts), EXPECTED)


def efficiencies(result: Result) -> list[Any]:
    """List what the stations have but for the eligible fraction, which is not explored."""
    return [row[:3] for row in result.by_station()]
