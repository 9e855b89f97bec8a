"""One block of events with full content, and what its segments are made of."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from dtperf.detector import chamber_codes
from dtperf.synthetic import load_settings
from dtperf.synthetic.blocks import EventBlock, make_block
from dtperf.synthetic.columns import lean_rows
from dtperf.synthetic.content import with_content
from dtperf.synthetic.rows import EventRows

__all__ = ["Sample", "sample"]


class Sample(NamedTuple):
    """The rows, and the block that they were made of."""

    rows: EventRows
    block: EventBlock

    def get(self, *names: str) -> tuple[np.ndarray, ...]:
        """Take columns, floats as float64 and integers as int64."""
        columns = (self.rows.values[name] for name in names)
        return tuple(c.astype(float if c.dtype.kind == "f" else np.int64) for c in columns)

    def codes(self, collection: str) -> np.ndarray:
        """Give the chamber of each entry."""
        return chamber_codes(
            *self.get(*(f"{collection}_{n}" for n in ("wheel", "sector", "station")))
        )

    def events(self, collection: str) -> np.ndarray:
        """Give the event of each entry."""
        offsets = self.rows.offsets[collection]
        return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))

    def parents(self, link: str) -> np.ndarray:
        """Give the segment of each entry of dtSegment_hits or dtSegment_extr, by the ranges."""
        view = {"hits": "seg2D", "extr": "seg4D"}[link]
        begin, end = self.get(*(f"dtSegment_{view}_{link}_{limit}" for limit in ("begin", "end")))
        start = self.rows.offsets[f"dtSegment_{link}"][self.events("dtSegment")]
        parents = np.full(self.rows.offsets[f"dtSegment_{link}"][-1], -1)
        for segment, (low, high) in enumerate(zip(start + begin, start + end, strict=True)):
            parents[low:high] = segment
        return parents


@cache
def sample() -> Sample:
    """Make it, once."""
    block = make_block(load_settings(), 0)
    rows: Any = with_content(np.random.default_rng(1), lean_rows(block), block.segments)
    return Sample(rows, block)
