"""The DT segment efficiency by tag-and-probe, as a coffea processor."""

from __future__ import annotations

from typing import Any

from coffea.processor import ProcessorABC

from dtperf.config import ConfigSource, load_config
from dtperf.measurements.fill import fill
from dtperf.selection import branches_of, tag_and_probe
from dtperf.selection.totals import totals

__all__ = ["SegmentEfficiency"]


class SegmentEfficiency(ProcessorABC):  # type: ignore[misc]  # coffea is untyped
    """Measure events: pairs, crossings, histograms."""

    def __init__(self, config: ConfigSource) -> None:
        """Set up the processor for one analysis, as `dtperf.load_config` takes it."""
        self.config = load_config(config)
        self.measurements = self.config.filled_measurements()

    @property
    def columns(self) -> frozenset[str]:
        """Branches that every input file must have."""
        return branches_of(self.config)[0]

    @property
    def optional_columns(self) -> frozenset[str]:
        """Branches that are read where a file has them."""
        return branches_of(self.config)[1]

    def process(self, events: Any) -> dict[str, Any]:
        """Measure one chunk.

        Args:
            events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`.

        Returns:
            Histograms by name, and integer totals; both add up over chunks.
        """
        tables = tag_and_probe(events, self.config)
        histograms = fill(self.measurements, tables, tables.forget)
        return {
            "histograms": histograms,
            "totals": {
                "events": len(events),
                "certified": tables.events,
                **totals(tables.pairs, tables.crossings),
            },
            # events that do not enter measurements whose columns are not in the file
            "anomalies": tables.anomalies
            | {
                f"events_not_in_{n}": tables.events
                for n in self.measurements
                if n not in histograms
            },
        }

    def postprocess(self, accumulator: dict[str, Any]) -> dict[str, Any]:
        """Leave the sum as it is."""
        return accumulator
