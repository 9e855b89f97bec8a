"""The luminosity blocks of events: which are in a mask, and what luminosity they had."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from dtperf.selection.block_luminosity import LuminosityByBlock
from dtperf.selection.branches import OPTIONAL_EVENT_COLUMNS
from dtperf.selection.brilcalc import block_keys
from dtperf.typing import Bools

__all__ = ["WITHOUT_LUMINOSITY", "is_certified", "with_luminosity", "within"]

WITHOUT_LUMINOSITY = "event_without_luminosity"
"""The anomaly of events whose instantaneous luminosity is not known, while that of others is."""


def is_certified(events: Any, mask: Mapping[str, tuple[tuple[int, int], ...]]) -> Bools:
    """Return which events are in luminosity blocks of a mask.

    Args:
        events: NanoEvents, with run and luminosityBlock.
        mask: Run number to ranges of luminosity blocks, as `Selection.luminosity_mask` has them.

    Returns:
        Shape (events,).
    """
    # copies: coffea's kernel takes no arrays that cannot be written to, as those of a skim
    run, block = (np.array(events[name], dtype=np.uint32) for name in _NAMES)
    found: Bools = _lumi_mask(json.dumps(mask))(run, block)
    return found


def within(events: Any, mask: Mapping[str, tuple[tuple[int, int], ...]] | None) -> Any:
    """Leave out the events that are not in a mask; None: none is left out."""
    return events if mask is None else events[is_certified(events, mask)]


def with_luminosity(
    events: Any,
    given: LuminosityByBlock | None,
    columns: Collection[str] = tuple(OPTIONAL_EVENT_COLUMNS),
) -> Any:
    """Return events with luminosity and pile-up of a table, as far as they have none of their own.

    Args:
        events: NanoEvents, with run and luminosityBlock.
        given: The table; None: the events are returned as they are.
        columns: Those of `OPTIONAL_EVENT_COLUMNS` that are wanted.

    Returns:
        The events; NaN in the blocks that the table lacks.

    Raises:
        InputError: The table's content is not at hand.
    """
    lacking = {
        column: branch
        for column, branch in OPTIONAL_EVENT_COLUMNS.items()
        if column in columns and branch not in events.fields
    }
    if given is None or not lacking:
        return events
    import awkward as ak  # a mask is asked for also where nothing is measured

    run, block = (ak.to_numpy(events[name]) for name in _NAMES)
    found = given.table.at(block_keys(run, block))
    for column, branch in lacking.items():
        if column in found:
            events = ak.with_field(events, found[column], branch)
    return events


_NAMES = ("run", "luminosityBlock")


@lru_cache(maxsize=4)
def _lumi_mask(content: str) -> Any:
    from coffea.lumi_tools import LumiMask

    # it takes nothing but a place to read from
    return LumiMask(f"data:application/json;base64,{b64encode(content.encode()).decode()}")
