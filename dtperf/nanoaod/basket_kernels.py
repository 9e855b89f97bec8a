"""Read what stands in baskets of a TTree, several at a time, as ROOT stores it: big-endian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.typing import I64, U8, U16, U32, U64, AnyArray

__all__ = ["PLACES", "copy_lists", "read_headers", "read_offsets"]

PLACES = 8
"""Of a basket: 0, 1: begin and end of what is packed among the bytes that were read; 2, 3: begin
and end of what it holds, unpacked; 4: bytes of its numbers, which come first in that; 5: bytes of
its header, from whose begin the places of lists count; 6, 7: its first event, one past its last."""

_KEY_BYTES = 18
"""Of the header that every object in a file of ROOT has."""
_COUNTS_BYTES = 19
"""Of what a basket's header has in addition."""


@inlined
def _number(raw: U8, at: Any, size: int) -> Any:
    """Return an integer of some bytes."""
    number = np.int64(0)
    for i in range(size):
        number = (number << 8) | raw[at + i]
    return number


@inlined
def _native(stored: Any) -> Any:
    """Return an integer of four bytes that is stored big-endian."""
    swapped = (
        (stored >> 24) | ((stored >> 8) & 0xFF00) | ((stored << 8) & 0xFF0000) | (stored << 24)
    )
    return np.int64(np.int32(swapped))


@compiled
def read_headers(
    raw: U8, sizes: I64, edges: I64, is_list: bool, item_bytes: int, places: I64
) -> tuple[int, int]:
    """Read the headers of baskets, and check them.

    Args:
        raw: Bytes of the baskets, one behind the other.
        sizes: Bytes of each basket, shape (baskets,).
        edges: First event of each, and one past the last, shape (baskets + 1,).
        is_list: Whether there is a list of numbers an event, and not one number.
        item_bytes: Of a number.
        places: To be filled, shape (baskets, PLACES). What is unpacked has its places so that the
            numbers, and behind them the places of lists, are aligned.

    Returns:
        -1 and 0; or the first basket that is wrong, and 1: it is cut off; 2: its sizes contradict
        each other; 3: it has another number of events, or of bytes; 4: it does not say where its
        lists begin; 5: it does so of too few; 6: it has too few numbers, too many, or a
        part of one.
    """
    begin = at = np.int64(0)
    for basket in range(len(sizes)):
        end = begin + sizes[basket]
        if end - begin < _KEY_BYTES or end > len(raw):
            return basket, 1
        size, unpacked = _number(raw, begin, 4), np.int64(np.int32(_number(raw, begin + 6, 4)))
        key_bytes = np.int64(np.int16(_number(raw, begin + 14, 2)))
        if (
            size != end - begin
            or unpacked < 0
            or not _KEY_BYTES + _COUNTS_BYTES <= key_bytes <= size
        ):
            return basket, 2
        events = edges[basket + 1] - edges[basket]
        last = np.int64(np.int32(_number(raw, begin + key_bytes - 5, 4)))
        content = last - key_bytes
        counted = np.int64(np.int32(_number(raw, begin + key_bytes - 9, 4)))
        if counted != events or not 0 <= content <= unpacked:
            return basket, 3
        if is_list and events:
            if content == unpacked:
                return basket, 4
            if content + 4 * (events + 1) > unpacked:  # the first number counts them
                return basket, 5
        if content % item_bytes or (not is_list and content != item_bytes * events):
            return basket, 6
        at += -content % 4
        places[basket, 0], places[basket, 1] = begin + key_bytes, end
        places[basket, 2], places[basket, 3] = at, at + unpacked
        places[basket, 4], places[basket, 5] = content, key_bytes
        places[basket, 6], places[basket, 7] = edges[basket], edges[basket + 1]
        at = (at + unpacked + 7) // 8 * 8
        begin = end
    return -1, 0


@inlined
def _wanted(words: U32, place: I64, start: int, events: int) -> tuple[Any, Any, Any]:
    """Return where wanted lists of a basket begin, as stored, wanted ones before it, and in it.

    Where they begin has shape (lists in it,), and more if its last ones are not wanted.
    """
    before = max(place[6] - start, 0)
    lists = min(place[7] - start, events) - before
    begin = (place[2] + place[4]) // 4 + 1
    its = words[begin : begin + place[7] - place[6]]
    return its[max(start - place[6], 0) :], before, lists


@compiled
def read_offsets(words: U32, places: I64, item_bytes: int, start: int, offsets: I64) -> int:
    """Read where lists begin and end.

    Args:
        words: What baskets hold, unpacked, four bytes each.
        places: As `read_headers` has filled it.
        item_bytes: Of a number.
        start: First event that is wanted.
        offsets: Of the events that are wanted, shape (events + 1,). That of the first event in the
            baskets is there, those that follow in them are filled in.

    Returns:
        -1; or the first basket whose lists do not lie one behind the other within its numbers.
    """
    shift = np.int64(0)  # a division would take most of the time
    while 1 << shift < item_bytes:
        shift += 1
    for basket in range(len(places)):
        place = places[basket]
        its, before, lists = _wanted(words, place, start, len(offsets) - 1)
        if lists <= 0:
            continue
        end = place[4]
        # behind the last list of a basket nothing says where it ends
        told = its[: lists + 1]
        mine = offsets[before : before + lists + 1]
        first, base = _native(told[0]) - place[5], mine[0]
        wrong, rest = np.int64(0), np.int64(0)
        for i in range(1, len(told)):  # without a branch: several are looked at at a time
            at = _native(told[i]) - place[5]
            wrong |= at - (_native(told[i - 1]) - place[5])
            rest |= at
            mine[i] = base + ((at - first) >> shift)
        last = _native(told[len(told) - 1]) - place[5]
        if len(told) <= lists:
            mine[lists] = base + ((end - first) >> shift)
            rest |= end
        # whichever is negative makes it so
        if (wrong | first | (end - last)) < 0 or (rest | first) % item_bytes:
            return basket
    return -1


def copy_lists(
    words: U32,
    numbers: AnyArray,
    places: I64,
    start: int,
    offsets: I64,
    begin: int,
    target: AnyArray,
) -> int:
    """Copy the numbers of lists that are as long as those of another column.

    Args:
        words: What baskets hold, unpacked, four bytes each.
        numbers: The same as unsigned integers as wide as the numbers.
        places: As `read_headers` has filled it.
        start: First event that is wanted.
        offsets: Of the events that are wanted, by the other column, shape (events + 1,).
        begin: Number in all of these lists that comes first in `target`.
        target: To be filled; of the type of `numbers`.

    Returns:
        -1; or the first basket whose lists are not as long.
    """
    wanted = np.empty((len(places), 3), dtype=np.int64)
    # only what copies is compiled for each width
    wrong: int = _compare_lists(words, numbers.itemsize, places, start, offsets, begin, wanted)
    if wrong < 0:
        COPY[numbers.itemsize](numbers, wanted, target)
    return wrong


@compiled
def _compare_lists(
    words: U32, size: int, places: I64, start: int, offsets: I64, begin: int, wanted: I64
) -> int:
    """Compare the lengths of lists with those of another column.

    Args:
        words: As of `copy_lists`, and like that all others.
        size: Bytes of a number.
        places: Of baskets.
        start: First event.
        offsets: By the other column.
        begin: First number.
        wanted: To be filled: for each basket its first wanted number, where that goes to, and how
            many there are, shape (baskets, 3).

    Returns:
        -1; or the first basket whose lists are not as long.
    """
    for basket in range(len(places)):
        place = places[basket]
        its, before, lists = _wanted(words, place, start, len(offsets) - 1)
        wanted[basket, 2] = 0
        if lists <= 0:
            continue
        its, other = its[: lists + 1], offsets[before : before + lists + 1]
        base, total = other[0], other[lists] - other[0]
        first = _native(its[0]) - place[5]
        wrong = np.int64(0)  # without a branch: several lists are compared at a time
        for i in range(len(its)):
            wrong |= _native(its[i]) - place[5] - first - (other[i] - base) * size
        last = first + total * size
        # behind the last list of a basket nothing says where it ends
        ends = last <= place[4] if len(its) > lists else last == place[4]
        if wrong or first < 0 or first % size or not ends:
            return basket
        wanted[basket, 0], wanted[basket, 1] = (place[2] + first) // size, base - begin
        wanted[basket, 2] = total
    return -1


# The following copy numbers, of which the bytes are stored in the other order. One kernel for all
# widths would be as fast, but take 0.4 s longer to compile.


@compiled
def _copy_bytes(numbers: U8, wanted: I64, target: U8) -> None:
    for one in wanted:
        stored, copied = numbers[one[0] :][: one[2]], target[one[1] :][: one[2]]
        for i in range(len(copied)):
            copied[i] = stored[i]


@compiled
def _copy_pairs(numbers: U16, wanted: I64, target: U16) -> None:
    for one in wanted:
        stored, copied = numbers[one[0] :][: one[2]], target[one[1] :][: one[2]]
        for i in range(len(copied)):
            x = stored[i]
            copied[i] = np.uint16(x >> 8) | np.uint16(x << 8)


@compiled
def _copy_fours(numbers: U32, wanted: I64, target: U32) -> None:
    for one in wanted:
        stored, copied = numbers[one[0] :][: one[2]], target[one[1] :][: one[2]]
        for i in range(len(copied)):
            x = stored[i]
            copied[i] = (x >> 24) | ((x >> 8) & 0xFF00) | ((x << 8) & 0xFF0000) | (x << 24)


@compiled
def _copy_eights(numbers: U64, wanted: I64, target: U64) -> None:
    for one in wanted:
        stored, copied = numbers[one[0] :][: one[2]], target[one[1] :][: one[2]]
        for i in range(len(copied)):
            x = np.uint64(stored[i])
            x = (x >> np.uint64(32)) | (x << np.uint64(32))
            high = (x >> np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF)
            x = high | (x & np.uint64(0x0000FFFF0000FFFF)) << np.uint64(16)
            high = (x >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
            copied[i] = high | (x & np.uint64(0x00FF00FF00FF00FF)) << np.uint64(8)


COPY: dict[int, Callable[[Any, I64, Any], None]] = {
    1: _copy_bytes,
    2: _copy_pairs,
    4: _copy_fours,
    8: _copy_eights,
}
"""By the bytes of a number."""
