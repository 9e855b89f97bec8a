"""What a result counts beside its histograms: its `totals`."""

from __future__ import annotations

__all__ = ["SUMS"]

SUMS = ("events", "certified", "pairs", "repeated_probes", "crossings", "double_crossings")
"""That are added up over the chunks; a worker that does so needs nothing else of results."""
