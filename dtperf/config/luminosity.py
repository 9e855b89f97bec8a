"""Luminosity masks: the luminosity blocks that are good for physics, as CMS's golden JSON has them.

A config holds the blocks themselves, not the name of a file: so its hash tells which they were,
workers need no file, and a result can be read anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

__all__ = ["LuminosityMask"]

LARGEST = 2**32 - 1

Number = Annotated[int, Field(ge=1, le=LARGEST)]
Run = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,9}$")]
Blocks = tuple[tuple[Number, Number], ...]


def _with_text_keys(mask: Any) -> Any:
    # YAML makes numbers of them
    if not isinstance(mask, Mapping):
        return mask
    return {str(run) if type(run) is int else run: blocks for run, blocks in mask.items()}


def _in_order(mask: dict[str, Blocks]) -> dict[str, Blocks]:
    """Order runs and blocks, and join ranges: equal masks give equal hashes."""
    return {run: _joined(run, mask[run]) for run in sorted(mask, key=int)}


def _joined(run: str, blocks: Blocks) -> Blocks:
    if int(run) > LARGEST:
        raise ValueError(f"{run} is no run number")
    joined: list[tuple[int, int]] = []
    for first, last in sorted(blocks):
        if last < first:
            raise ValueError(f"run {run}: blocks {first} to {last} are none: first, then last")
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


LuminosityMask = Annotated[
    dict[Run, Blocks], BeforeValidator(_with_text_keys), AfterValidator(_in_order)
]
"""Run number, as text, to ranges of luminosity blocks: the first and the last of each."""
