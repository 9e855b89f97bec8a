"""Counts as the text of nested lists: ``from_text(to_text(counts), counts.shape)``.

Nearly all counts of a result are 0 or a digit. Python makes an object of each, where numpy can work
on the text itself: reading takes a sixth of the time.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np

from dtperf.typing import I64, AnyArray

__all__ = ["from_text", "to_text"]

MANY = 0.3
"""Part of the counts, from which on zeros are not worth looking for."""
LONGEST = 18
"""Digits that surely fit into an integer."""
KINDS = b"-, []0"
"""One sign of each kind; all digits are of the last one."""
FOLLOWS = {"-": "0", ",": " ", " ": "-[0", "[": "-[0", "]": ",]", "0": ",]0"}
"""What may follow on what."""


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
        The numbers; None, if it is anything else, or has a number of more than 18 digits.
    """
    if not 0 < prod(shape) < len(text):
        return None
    brackets = text.translate(None, b"-0123456789 ")
    # other brackets, or other signs than these
    if brackets != _lists("", ",", shape).encode() or not _is_written_so(text):
        return None
    signs = np.frombuffer(text, dtype=np.uint8)
    digits = signs - np.uint8(ord("0"))  # of other signs more than 9
    is_digit = digits <= 9
    at = np.flatnonzero(is_digit[1:] & ~is_digit[:-1]) + 1
    if len(at) != prod(shape):
        return None
    counts = digits[at].astype(np.int64)
    negative = signs[at - 1] == ord("-")
    longer = np.arange(len(at))
    for _ in range(LONGEST):
        at = at + 1
        is_longer = is_digit[at]
        at, longer = at[is_longer], longer[is_longer]
        if not len(at):
            counts[negative] *= -1
            return counts.reshape(shape)
        counts[longer] = 10 * counts[longer] + digits[at]
    return None


def _is_written_so(text: bytes) -> bool:
    """Return whether each sign may stand behind the one before, and no number begins with 0.

    Args:
        text: Of no other signs than those of `KINDS` and digits; begins and ends with brackets.
    """
    kinds = np.frombuffer(text.translate(_KIND_OF), dtype=np.uint8)
    pairs = kinds[1:] + np.uint8(len(KINDS)) * kinds[:-1]
    if not _ALLOWED[pairs].all():
        return False
    signs = np.frombuffer(text, dtype=np.uint8)
    is_zero = np.flatnonzero(signs[:-1] == ord("0"))
    begins = kinds[is_zero - 1] != KINDS.index(b"0")
    return not (begins & (kinds[is_zero + 1] == KINDS.index(b"0"))).any()


def _kind_of() -> bytes:
    kinds = bytearray(256)  # of other signs, too, which nobody asks for
    for kind, sign in enumerate(KINDS):
        kinds[sign] = kind
    for sign in b"123456789":
        kinds[sign] = KINDS.index(b"0")
    return bytes(kinds)


def _allowed() -> AnyArray:
    allowed = np.zeros(len(KINDS) ** 2, dtype=np.bool_)
    for sign, following in FOLLOWS.items():
        for each in following:
            allowed[KINDS.index(each.encode()) + len(KINDS) * KINDS.index(sign.encode())] = True
    return allowed


_KIND_OF, _ALLOWED = _kind_of(), _allowed()
