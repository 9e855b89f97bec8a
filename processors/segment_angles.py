"""How segments lie in their chambers: a processor of one's own, small enough to begin with.

dtperf run reference_2023 data/*.root -o out --processor processors/segment_angles.py:SegmentAngles
"""

from __future__ import annotations

from typing import Any

import awkward as ak
import hist
import numpy as np
from coffea.processor import ProcessorABC

from dtperf.config import AnalysisConfig
from dtperf.selection.luminosity import within

__all__ = ["SegmentAngles"]


class SegmentAngles(ProcessorABC):  # type: ignore[misc]  # coffea is untyped
    """Count the segments with a phi view, by angle and by hits, in each wheel and station."""

    columns = frozenset(
        {
            *("run", "luminosityBlock"),
            *("dtSegment_wheel", "dtSegment_station", "dtSegment_seg4D_hasPhi"),
            *("dtSegment_seg4D_dirLoc_x", "dtSegment_seg4D_dirLoc_z"),
            "dtSegment_seg2D_phi_nHits",
        }
    )
    """Branches that every input file must have; no others are read."""

    def __init__(self, config: AnalysisConfig) -> None:
        """Take the luminosity mask of the analysis."""
        self.mask = config.selection.luminosity_mask

    def process(self, events: Any) -> dict[str, Any]:
        """Count one chunk.

        Args:
            events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`.

        Returns:
            Histograms and numbers by name, which add up over chunks; they become
            `dtperf.Result.extra`.
        """
        segments = ak.flatten(within(events, self.mask).dtSegment)
        seen = segments[segments.seg4D_hasPhi]
        # 0 is perpendicular to the chamber, whichever way its local z points
        angle = np.degrees(np.arctan(seen.seg4D_dirLoc_x / seen.seg4D_dirLoc_z))
        places = {"wheel": seen.wheel, "station": seen.station}
        angles = hist.Hist(
            hist.axis.Integer(-2, 3, name="wheel", label="wheel", flow=False),
            hist.axis.Integer(1, 5, name="station", label="station", flow=False),
            hist.axis.Regular(90, -90, 90, name="angle", label="angle in phi view [degrees]"),
            storage=hist.storage.Int64(),
        )
        hits = hist.Hist(
            hist.axis.Integer(1, 5, name="station", label="station", flow=False),
            hist.axis.Integer(0, 9, name="hits", label="hits of the phi view"),
            storage=hist.storage.Int64(),
        )
        angles.fill(**places, angle=angle)
        hits.fill(station=seen.station, hits=seen.seg2D_phi_nHits)
        return {
            "phi_view": {"angle": angles, "hits": hits, "segments": len(seen)},
            "segments": len(segments),
        }

    def postprocess(self, accumulator: Any) -> Any:
        """Leave the sum as it is; coffea's Runner asks for this."""
        return accumulator
