"""Counts as the text of nested lists: ``from_text(to_text(counts), counts.shape)``.

Nearly all counts of a result are 0 or a digit. Python would make an object of each; numpy reads the
text itself, and only what is not 0 is written one by one. Both take a tenth of the time so.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from math import prod

import numpy as np

from dtperf.typing import I64, AnyArray

__all__ = ["from_text", "to_text"]

MANY = 0.3
"""Part of the counts, from which on zeros are not worth looking for."""
NO_BRACKETS = bytes.maketrans(b"[]", b"  ")


def to_text(counts: I64) -> str:
    """Write nested lists, quickly where most counts are zeros.

    Args:
        counts: Of one axis at least.

    Returns:
        The same as ``repr(counts.tolist())``.
    """
    if not counts.size:
        return repr(counts.tolist())
    at = np.flatnonzero(counts)
    if len(at) > MANY * counts.size:
        return repr(counts.tolist())
    zeros = _lists("0", ", ", counts.shape)
    places = _places(at, counts.shape).tolist()
    between = [zeros[a + 1 : b] for a, b in pairwise([-1, *places, len(zeros)])]
    pieces = [""] * (2 * len(places) + 1)
    pieces[::2] = between
    pieces[1::2] = map(repr, counts.ravel()[at].tolist())
    return "".join(pieces)


def _places(at: I64, shape: tuple[int, ...]) -> AnyArray:
    """Return where the text of zeros has some of them, by their numbers in the array."""
    places = len(shape) + len("0, ") * at
    for level in range(1, len(shape)):
        places += len("][") * (at // prod(shape[level:]))
    return np.asarray(places)


def _lists(number: str, between: str, shape: tuple[int, ...]) -> str:
    """Write lists of a shape that have the same everywhere."""
    text = number
    for length in reversed(shape):
        text = f"[{between.join([text] * length)}]"
    return text


def from_text(text: bytes, shape: tuple[int, ...]) -> I64 | None:
    """Read nested lists of whole numbers as `to_text` writes them.

    Args:
        text: Anything.
        shape: That the lists should have, of one axis at least.

    Returns:
        The numbers; None, if `to_text` would write them in any other way.
    """
    if not 0 < prod(shape) < len(text):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # at what is no number numpy stops
        try:
            counts = np.fromstring(text.translate(NO_BRACKETS), dtype=np.int64, sep=",")
        except ValueError:  # as it says that it will, one day
            return None
    if len(counts) != prod(shape):
        return None
    counts = counts.reshape(shape)
    return counts if to_text(counts).encode() == text else None
