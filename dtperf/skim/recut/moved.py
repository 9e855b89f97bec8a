"""Count what other cuts make of the same probes: for each chamber who has moved, and where to.

The difference of two efficiencies of the same events varies by the probes that have moved alone:
counts by both outcomes tell it exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dtperf.compiled import compiled
from dtperf.config import AnalysisConfig
from dtperf.skim.recut.block import Block
from dtperf.skim.recut.counting import CountedRows, ProbeRows
from dtperf.skim.recut.layout import CounterLayout
from dtperf.typing import I64, U8, U32, AnyArray

__all__ = ["count_moved"]

OUTCOMES = 3
"""Not counted, failed, passed."""


def count_moved(
    block: Block,
    layout: CounterLayout,
    nominal: AnalysisConfig,
    alternatives: Sequence[AnalysisConfig],
) -> I64:
    """Count the probes of a block by their outcome with the nominal and with other cuts.

    Args:
        block: Events.
        layout: Of a measurement of rows of probes, with 'passed', whose bins no cut moves.
        nominal: The cuts that all others are compared with.
        alternatives: The other cuts.

    Returns:
        Shape (alternatives, bins, 3, 3): the outcome with the nominal cuts, then the other one:
        not counted, failed, passed. Those that neither counts are left out.
    """
    made = np.zeros((len(alternatives), layout.size // 2, OUTCOMES, OUTCOMES), dtype=np.int64)
    rows, times = _rows(block, layout, nominal)
    before = rows._replace(flags=rows.flags.copy())
    for counts, config in zip(made, alternatives, strict=True):
        now, times_now = _rows(block, layout, config)
        bins = block.bins_for({"": layout}, config)[2].bin_indices[layout]
        _add(counts, layout.entering, bins, before, times, now.flags, times_now)
    made[:, :, 0, 0] = 0
    return made


def _rows(
    block: Block, layout: CounterLayout, config: AnalysisConfig
) -> tuple[ProbeRows, AnyArray]:
    """Return the rows of probes with some cuts, and how often each probe is selected."""
    found = block.search(config)
    rows = block.bins_for({"": layout}, config)[2].rows
    return rows, np.bincount(found.probes, minlength=len(rows.offsets) - 1).astype(np.uint8)


@compiled
def _outcome(flag: np.uint32, entering: CountedRows) -> int:
    if flag & entering.need != entering.need:
        return 0
    return 2 if flag & entering.passed != 0 else 1


@compiled
def _add(
    counts: I64,
    entering: CountedRows,
    bin_indices: AnyArray,
    rows: ProbeRows,
    times: U8,
    flags_now: U32,
    times_now: U8,
) -> None:
    """Add the rows of a block; a probe of several tags counts as often as both have it."""
    offsets, flags = rows.offsets, rows.flags
    for probe in range(len(offsets) - 1):
        n, n_now = np.int64(times[probe]), np.int64(times_now[probe])
        if n == 0 and n_now == 0:
            continue
        both = min(n, n_now)
        for row in range(offsets[probe], offsets[probe + 1]):
            at = bin_indices[row] // 2
            here, there = _outcome(flags[row], entering), _outcome(flags_now[row], entering)
            counts[at, here, there] += both
            counts[at, here, 0] += n - both
            counts[at, 0, there] += n_now - both
