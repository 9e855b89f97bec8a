"""Count events and anomalies by luminosity block, also of events that a skim leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from dtperf.config import AnalysisConfig
from dtperf.errors import InputError
from dtperf.selection.branches import OPTIONAL_EVENT_COLUMNS, isolations
from dtperf.selection.brilcalc import block_keys
from dtperf.selection.details.branches import detail_anomalies
from dtperf.selection.details.rpc import has_rpcs
from dtperf.selection.flatten import FlatEvents, flatten
from dtperf.selection.luminosity import WITHOUT_LUMINOSITY, is_certified
from dtperf.selection.tagging import Tables
from dtperf.skim.columns import numbers
from dtperf.skim.details import OF_RPCS
from dtperf.typing import I64, U32, AnyArray, Bools, Intp

__all__ = ["RPCS", "LuminosityTally", "found_anomalies", "sum_tallies", "tally"]

RPCS = OF_RPCS[0]
LUMINOSITY = OPTIONAL_EVENT_COLUMNS["inst_lumi"]
OPTIONAL = (*OPTIONAL_EVENT_COLUMNS.values(), RPCS)


class LuminosityTally(NamedTuple):
    """One row for each luminosity block and set of optional branches."""

    run: U32
    luminosityBlock: U32
    has: Mapping[str, Bools]
    """Whether the events have an optional branch or collection, by its name."""
    events: I64
    """All that were read."""
    anomalies: Mapping[str, I64]
    """By name; 0 where the block is not in the luminosity mask that it was read with."""

    def is_in(self, mask: Mapping[str, Any] | None) -> Bools:
        """Return which rows are in a luminosity mask, shape (rows,)."""
        if mask is None:
            return np.ones(len(self.run), dtype=np.bool_)
        return is_certified({n: getattr(self, n) for n in ("run", "luminosityBlock")}, mask)

    def lacking(self, branches: Iterable[str]) -> Bools:
        """Return which rows lack one of these optional branches, shape (rows,)."""
        found = np.zeros(len(self.run), dtype=np.bool_)
        for branch in branches:
            found |= ~self.has[branch]
        return found

    def to_arrow(self) -> pa.Table:
        """Return an Arrow table: counts of anomalies by their names, flags as has_<branch>."""
        columns = {"run": self.run, "luminosityBlock": self.luminosityBlock, "events": self.events}
        columns |= {f"has_{name}": values for name, values in self.has.items()}
        return pa.table({**columns, **self.anomalies})

    @classmethod
    def from_arrow(cls, table: pa.Table, where: str) -> LuminosityTally:
        """Read an untrusted Arrow table.

        Raises:
            InputError: It is no such table.
        """
        try:
            table.validate(full=True)
            columns = {name: numbers(table[name].combine_chunks()) for name in table.column_names}
            never = np.zeros(table.num_rows)  # skims of before had no RPCs
            has = {n: columns.pop(f"has_{n}", never).astype(np.bool_) for n in OPTIONAL}
            block_ids = [columns.pop(n).astype(np.uint32) for n in ("run", "luminosityBlock")]
            counts = {n: values.astype(np.int64, casting="safe") for n, values in columns.items()}
            wrong = [name for name, values in counts.items() if (values < 0).any()]
            found = cls(block_ids[0], block_ids[1], has, counts.pop("events"), counts)
        except (pa.ArrowException, ValueError, TypeError, KeyError) as error:
            raise InputError(f"{where}: is no count of events: {error}", "corrupt") from None
        if wrong:
            raise InputError(f"{where}: {wrong[0]}: counts below 0", "corrupt")
        return found


def found_anomalies(events: Any, flat: FlatEvents, config: AnalysisConfig) -> Mapping[str, int]:
    """Count what no detector writes, by kind; `tally` counts events without luminosity itself.

    Args:
        events: NanoEvents in the luminosity mask.
        flat: The same events.
        config: The analysis.
    """
    columns = config.filled_columns()
    counted = flat.anomalies
    if detail_anomalies(columns):
        counted = Tables(events, flat, config).all_anomalies(columns)
    return {name: count for name, count in counted.items() if name != WITHOUT_LUMINOSITY}


def tally(events: Any, config: AnalysisConfig, anomalies: Mapping[str, int]) -> LuminosityTally:
    """Count the events of a chunk by luminosity block.

    `anomalies` are those of `found_anomalies`, of all events in the luminosity mask.
    """
    import awkward as ak  # not needed where a skim is read

    block_ids = [ak.to_numpy(events[name]).astype(np.uint32) for name in ("run", "luminosityBlock")]
    keys = block_keys(*block_ids)
    blocks, number, counts = np.unique(keys, return_inverse=True, return_counts=True)
    found = {name: np.zeros(len(blocks), dtype=np.int64) for name in anomalies}
    mask, everything = config.selection.luminosity_mask, np.arange(len(keys))
    inside = everything if mask is None else everything[is_certified(events, mask)]
    if LUMINOSITY in events.fields:
        without = number[inside][np.isnan(ak.to_numpy(events[LUMINOSITY])[inside])]
        if len(without):
            found[WITHOUT_LUMINOSITY] = np.bincount(without, minlength=len(blocks))
    if any(anomalies.values()):
        for block, counted in _by_block(events, config, inside, number):
            for name in found.keys() & counted.keys():
                found[name][block] = counted[name]
    return LuminosityTally(
        (blocks >> np.uint64(32)).astype(np.uint32),
        (blocks & np.uint64(2**32 - 1)).astype(np.uint32),
        {name: np.full(len(blocks), has) for name, has in _optional(events).items()},
        counts.astype(np.int64),
        found,
    )


def _optional(events: Any) -> dict[str, bool]:
    return {name: name in events.fields for name in OPTIONAL} | {RPCS: has_rpcs(events)}


def _by_block(
    events: Any, config: AnalysisConfig, indices: Intp, number: AnyArray
) -> Iterator[tuple[int, Mapping[str, int]]]:
    """Yield the blocks that have anomalies, with their counts; found by bisection."""
    if not len(indices):
        return
    some = events[indices]
    flat = flatten(some, config.selection.tag.trigger, config.extrapolation, isolations(config))
    counted = found_anomalies(some, flat, config)
    if not any(counted.values()):
        return
    blocks = np.unique(number[indices])
    if len(blocks) == 1:
        yield int(blocks[0]), counted
        return
    is_low = number[indices] < blocks[len(blocks) // 2]
    for half in (indices[is_low], indices[~is_low]):
        yield from _by_block(events, config, half, number)


def sum_tallies(tallies: Iterable[LuminosityTally]) -> LuminosityTally:
    """Return the sum of tallies, with one row for each block and set of branches, sorted."""
    import pyarrow.compute as pc  # not needed where nothing is a skim

    tables = [each.to_arrow() for each in (_empty(), *tallies)]
    table = pa.concat_tables(tables, promote_options="default")
    keys = ["run", "luminosityBlock", *(f"has_{name}" for name in OPTIONAL)]
    counts = [name for name in table.column_names if name not in keys]
    grouped = table.group_by(keys).aggregate([(name, "sum") for name in counts])
    ordered = grouped.sort_by([(key, "ascending") for key in keys])
    # anomalies that some chunks do not have are null
    sums = {name: pc.fill_null(ordered[f"{name}_sum"], 0) for name in sorted(counts)}
    return LuminosityTally.from_arrow(pa.table({key: ordered[key] for key in keys} | sums), "sum")


def _empty() -> LuminosityTally:
    ids, counts = np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.int64)
    return LuminosityTally(ids, ids, dict.fromkeys(OPTIONAL, np.empty(0, np.bool_)), counts, {})
