"""Random numbers that depend on the seed and the place, not on who asks first."""

from __future__ import annotations

from zlib import crc32

import numpy as np

__all__ = ["BLOCK_EVENTS", "stream"]

BLOCK_EVENTS = 5000
"""Events that are made together; event i is in block i // BLOCK_EVENTS, whatever the files."""


def stream(seed: int, block: int, stage: str) -> np.random.Generator:
    """Open the random numbers of one stage of one block.

    Args:
        seed: The user's seed.
        block: Number of the block of events.
        stage: What they are for, such as 'segments'; each has its own, so that one may draw more
            without changing another.
    """
    return np.random.Generator(np.random.PCG64([seed, block, crc32(stage.encode())]))
