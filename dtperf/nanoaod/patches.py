"""All that dtperf changes in uproot: ``patches.install()``, ``patches.uninstall()``.

Importing dtperf changes nothing. The changes are made when a file is first opened by dtperf, or
`dtperf.nanoaod.MuonDPGSchema` is first asked for, and then hold for this process: whoever uses
uproot in it has its checks, and the names that columns of RNTuples have here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import uproot.compression
from uproot.interpretation.jagged import AsJagged
from uproot.models import RNTuple as uproot_model

from dtperf.nanoaod import decompress, list_checks, projections, rntuple_checks, rntuple_lists

__all__ = ["CHANGES", "Change", "install", "is_installed", "uninstall"]


class Change(NamedTuple):
    """An attribute of uproot's that is replaced."""

    owner: Any
    name: str
    made_of: Callable[[Any], Any]
    """Makes what takes its place of what is there."""
    why: str


def _instead(new: Any) -> Callable[[Any], Any]:
    return lambda _: new


_compression, _ntuple = uproot.compression, uproot_model.Model_ROOT_3a3a_RNTuple
_BOMBS = "hands the size that a block claims to the algorithm as a hint only, and fills none up"
_FRAMES = "believes any number of items in a frame, and any size of it"
_CHECKSUMS = "looks at no checksum of a page, or of a list of pages"
_NAMES = "names what a collection has in it another way than what stands at the top"

CHANGES = (
    Change(_compression.decompress, "hook_before_block", _instead(decompress.before_block), _BOMBS),
    Change(_compression.decompress, "hook_after_block", _instead(decompress.after_block), _BOMBS),
    Change(_compression._DecompressZLIB, "decompress", _instead(decompress.zlib_block), _BOMBS),
    Change(_compression._DecompressZSTD, "decompress", _instead(decompress.zstd_block), _BOMBS),
    Change(_compression._DecompressLZMA, "decompress", _instead(decompress.lzma_block), _BOMBS),
    Change(
        *(AsJagged, "hook_after_basket_array", _instead(list_checks.after_basket)),
        "fills lists that end beyond a basket up with whatever is in memory",
    ),
    Change(uproot_model.RecordFrameReader, "read", rntuple_checks.bounded_record, _FRAMES),
    Change(uproot_model.ListFrameReader, "read", rntuple_checks.bounded_list, _FRAMES),
    Change(
        *(uproot_model.ColumnPageListFrameReader, "read"),
        *(partial(rntuple_checks.bounded_list, item_bytes=rntuple_checks.PAGE_BYTES), _FRAMES),
    ),
    Change(uproot_model.PageLink, "read", rntuple_checks.checked_page_list, _CHECKSUMS),
    Change(uproot_model.LocatorReader, "read", rntuple_checks.marked_locator, _CHECKSUMS),
    Change(uproot_model.PageDescription, "read", rntuple_checks.marked_page, _CHECKSUMS),
    Change(_ntuple, "read_locator", _instead(rntuple_checks.read_locator), _CHECKSUMS),
    Change(
        *(uproot_model.PageLink, "__init__", rntuple_lists.with_clusters),
        "makes an object of every page of every column",
    ),
    Change(_ntuple, "field_records", _instead(property(projections.field_records)), _NAMES),
    Change(
        *(uproot_model.RField, "fields", _instead(property(projections.subfields))),
        "looks at all fields of a file for what is in each one",
    ),
)
"""Made in this order; `why` is what uproot does by itself."""

_MISSING = object()
_lock = threading.Lock()
_before: list[tuple[Change, Any, Any]] = []
"""Of each change that is made: what the owner had of its own, and what it has now."""


def install() -> None:
    """Make the changes, unless they are made."""
    if _before:  # without waiting: this is asked at each chunk
        return
    with _lock:
        if _before:
            return
        made = []
        for change in CHANGES:
            own = vars(change.owner).get(change.name, _MISSING)
            setattr(change.owner, change.name, change.made_of(getattr(*change[:2], None)))
            made.append((change, own, vars(change.owner)[change.name]))
        _before.extend(made)


def uninstall() -> None:
    """Undo the changes, unless they are not made; nothing of dtperf may be reading meanwhile.

    What somebody else has changed on top stays. The next file that dtperf opens installs again.
    """
    with _lock:
        while _before:
            change, own, ours = _before.pop()
            if vars(change.owner).get(change.name) is not ours:
                continue
            if own is _MISSING:
                delattr(change.owner, change.name)
            else:
                setattr(change.owner, change.name, own)


def is_installed() -> bool:
    """Return whether uproot is changed at the moment."""
    return bool(_before)
