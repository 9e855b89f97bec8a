"""Cuts as sliders move them: a few measurements, again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dtperf.exploring.analysis import Analysis
from dtperf.exploring.cuts import MEASURED
from dtperf.results import Result

__all__ = ["Explorer"]


class Explorer(Analysis):
    """An analysis of which three measurements are shown, whatever its config skips."""

    def measure(self, cuts: Mapping[str, Any] | None = None) -> Result:
        """Measure with other cuts.

        Args:
            cuts: As for `with_cuts`.

        Returns:
            What `dtperf.run` gives for these events, of the measurements by_chamber,
            efficiency_vs_pt and acceptance_vs_pt.
        """
        return self.with_cuts(cuts, measurements=MEASURED)
