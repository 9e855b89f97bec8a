"""Which events are in a luminosity mask."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from dtperf.typing import Bools

__all__ = ["is_certified", "within"]


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


_NAMES = ("run", "luminosityBlock")


@lru_cache(maxsize=4)
def _lumi_mask(content: str) -> Any:
    from coffea.lumi_tools import LumiMask

    # it takes nothing but a place to read from
    return LumiMask(f"data:application/json;base64,{b64encode(content.encode()).decode()}")
