"""How many pairs and crossings the tables hold, and how many of them are not independent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtperf.selection.pairs import is_repeated
from dtperf.selection.segments import count_double

if TYPE_CHECKING:
    from dtperf.selection.tables import Table

__all__ = ["totals"]

COUNTING = ("is_eligible", "is_in_eta", "is_fiducial")
"""What a crossing must be to count in the fiducial efficiency."""


def totals(pairs: Table, crossings: Table) -> dict[str, int]:
    """Count what was selected.

    Args:
        pairs: Of whole events, as the other.
        crossings: Those of its selected pairs.

    Returns:
        'pairs': selected ones; 'repeated_probes': those of them whose probe is already that of an
        earlier tag of the event; 'crossings': chambers that probes cross; 'double_crossings': those
        that are the second one, or a further one, of the same probe in the same station that counts
        in the fiducial efficiency. Sums over events.
    """
    probes = pairs["probe"][pairs.rows_where(("selected",))]
    repeated = is_repeated(probes, probes.max(initial=-1) + 1)
    # only those of a probe and station that has several, which are few
    several = ~crossings["is_first"]
    several[:-1] |= several[1:]
    rows = np.flatnonzero(several)
    first, *counting = (crossings[name][rows] for name in ("is_first", *COUNTING))
    flags = first.astype(np.uint32)
    flags |= np.logical_and.reduce(counting).astype(np.uint32) << np.uint32(1)
    return {
        "pairs": len(probes),
        "repeated_probes": int(repeated.sum()),
        "crossings": int(np.count_nonzero(crossings["match"] >= 0)),
        "double_crossings": int(count_double(flags, np.uint32(1), np.uint32(2))),
    }
