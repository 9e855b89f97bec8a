"""The luminosity that a result was made of: what of brilcalc's table it has read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from dtperf.config import AnalysisConfig
from dtperf.errors import DtperfError, InputError
from dtperf.results.origin import Blocks
from dtperf.selection.brilcalc import LuminosityTable, block_keys, first_runs
from dtperf.selection.luminosity import WITHOUT_LUMINOSITY, is_certified
from dtperf.typing import U64
from dtperf.wording import counted

__all__ = ["Recorded", "blocks_read", "lacking_blocks", "recorded"]

MAX_BLOCKS = 1 << 24


class Recorded(NamedTuple):
    """The luminosity that a result was made of."""

    per_fb: float
    """Recorded, 1/fb."""
    begin: datetime
    """When the first of it was recorded, UTC."""
    end: datetime
    """When the last of its runs or luminosity blocks began."""
    energy_tev: float | None
    """Of the collisions, if the table has one for all; else None."""
    remarks: tuple[str, ...]
    """What it lacks, or has too much."""


def recorded(
    table: LuminosityTable,
    runs: Sequence[int],
    blocks: Mapping[int, Blocks],
    mask: Mapping[str, Any] | None = None,
) -> Recorded:
    """Sum up what was recorded of the runs, or luminosity blocks, that events were read of.

    Args:
        table: From `read_luminosity`.
        runs: Of the events.
        blocks: The luminosity blocks of each run, as `EventOrigin` has them; none: not known.
        mask: The luminosity mask of the analysis.

    Raises:
        InputError: There are more luminosity blocks than can be.
    """
    if table.block is None or not blocks:
        is_read = np.isin(table.run, runs)
        lacking = np.setdiff1d(np.array(runs, dtype=np.uint32), table.run)
        remarks = [f"it lacks {first_runs(lacking)}"] if len(lacking) else []
        why = "a table by luminosity block, brilcalc's byls, is of the blocks that were read"
        remarks.append(f"whole runs count: {why if blocks else 'the blocks read are not known'}")
    else:
        keys = blocks_read(blocks, mask)
        theirs = block_keys(table.run, table.block)
        is_read = np.isin(theirs, keys)
        n_lacking = len(keys) - len(np.intersect1d(keys, theirs))
        read = f"{counted(len(keys), 'luminosity block')} that were read"
        remarks = [f"it lacks {n_lacking:,} of {read}"] if n_lacking else []
    times = table.begin[is_read]
    begin, end = (times.min(), times.max()) if len(times) else (0.0, 0.0)
    return Recorded(
        float(table.recorded[is_read].sum()),
        datetime.fromtimestamp(begin, UTC),
        datetime.fromtimestamp(end, UTC),
        _energy(table, is_read),
        tuple(remarks),
    )


def _energy(table: LuminosityTable, is_read: Any) -> float | None:
    """Return the energy of the collisions in TeV: that of two beams, to 0.1 TeV."""
    if table.energy is None:
        return None
    found = np.unique(np.round(2 * table.energy[is_read] / 1000, 1))
    return float(found[0]) if len(found) == 1 else None


def lacking_blocks(
    config: AnalysisConfig, blocks: Mapping[int, Blocks], anomalies: Mapping[str, int]
) -> list[str]:
    """Say how many events have no luminosity, as a table lacks their blocks; empty: all have one.

    Args:
        config: The analysis.
        blocks: Those of each run that were read, as `EventOrigin` has them; none: not known.
        anomalies: Of the result.
    """
    events, table = anomalies.get(WITHOUT_LUMINOSITY, 0), config.luminosity_by_block
    if table is None or not events:
        return []
    lacks = "lacks them"
    try:
        read = blocks_read(blocks, config.selection.luminosity_mask)
        absent = read[~np.isin(read, table.table.keys)]
        if len(absent):
            run, block = divmod(int(absent[0]), 1 << 32)
            lacks = (
                f"lacks {len(absent):,} of {counted(len(read), 'luminosity block')} that were "
                f"read, such as {block} of run {run}"
            )
    except DtperfError:  # the table is elsewhere
        pass
    without = f"{counted(events, 'event')} without a value"
    return [f"{table.file} {lacks}: {without} overflow what is measured against luminosity"]


def blocks_read(blocks: Mapping[int, Blocks], mask: Mapping[str, Any] | None = None) -> U64:
    """Return the luminosity blocks that were read, and are in a mask, in order.

    Args:
        blocks: Those of each run, as `EventOrigin` has them.
        mask: The luminosity mask of the analysis.

    Returns:
        As `block_keys` has them, shape (blocks,).

    Raises:
        InputError: There are more than can be.
    """
    ranges = [(run, first, last) for run, mine in blocks.items() for first, last in mine]
    if sum(last - first for _, first, last in ranges) > MAX_BLOCKS:
        raise InputError("the result has more luminosity blocks than there can be", "corrupt")
    parts = [np.arange(first, last + 1, dtype=np.int64) for _, first, last in ranges]
    numbers = np.concatenate([np.empty(0, np.int64), *parts])
    runs = np.repeat([run for run, *_ in ranges], [len(part) for part in parts]).astype(np.int64)
    if mask is not None and len(numbers):
        inside = is_certified({"run": runs, "luminosityBlock": numbers}, mask)
        runs, numbers = runs[inside], numbers[inside]
    return np.unique(block_keys(runs, numbers))
