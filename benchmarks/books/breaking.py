"""Ways in which files are broken, each with the cause that the documentation has for it.

`dtperf.synthetic.broken` has the ten that `dtperf generate` makes while it writes. These change
bytes and places of files that are complete, so that thousands are made in a minute.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

from benchmarks.books.templates import Basket, Template
from dtperf.errors import Cause

__all__ = ["Damaged", "Way", "ways"]

PAGE = b"<!DOCTYPE html>\n<html><body><h1>503 Service Unavailable</h1></body></html>\n"
SIZE_IN_KEY = 6
"""Bytes from the beginning of a key to the size of its content (ROOT's TKey)."""
BLOCK_HEADER = 9
"""Bytes before what is compressed: algorithm and sizes."""


class Damaged(NamedTuple):
    """What has become of a file's bytes."""

    content: bytes
    basket: Basket | None = None
    """The only one that is damaged; None: the file as a whole is, or nothing."""


Damage = Callable[[bytes, Template, Random], Damaged]


class Way(NamedTuple):
    """How a file is broken, or odd."""

    name: str
    listed: Cause | None
    """Why it cannot be used if the run opens it before it begins; None: it can."""
    known: Cause | None
    """The same if a fileset has its UUID, events and size, so that only a worker opens it."""
    damage: Damage = lambda content, *_: Damaged(content)
    put: Callable[[Path, bytes], object] = Path.write_bytes
    """Puts it into its place."""
    url: str = ""
    """Name that a server has for what it does; see `benchmarks.books.servers`."""
    oddity: str = ""
    """Which of `benchmarks.books.templates.oddities` it is."""
    opens: bool = False
    """Whether its tree can be opened, so that its events are known."""
    is_later: bool = False
    """Whether it has happened to it since the fileset was made, which has the size of before."""


def ways() -> list[Way]:
    """List all ways, those last in which a file is odd but not broken."""
    return [
        *_cut(),
        *_changed_bytes(),
        *_other_content(),
        *_other_places(),
        *_of_servers(),
        Way("written to since it was checked", None, "changed", _grown, opens=True, is_later=True),
        Way("another since it was checked", None, "changed", _another, opens=True, is_later=True),
        Way("never closed", None, None, _grown, opens=True),
        Way("no events", None, None, oddity="none", opens=True),
    ]


def _cut() -> Iterator[Way]:
    """List files that end too early, as copies and jobs leave them."""
    kept: dict[str, Callable[[bytes, Template], int]] = {
        "3 bytes": lambda *_: 3,
        "the header": lambda *_: 100,
        "half": lambda content, _: len(content) // 2,
        "all but the last basket": _before_last_basket,
        "all but the last byte": lambda content, _: len(content) - 1,
    }
    yield Way("empty", "empty", "empty", lambda *_: Damaged(b""), is_later=True)
    for name, size in kept.items():
        yield Way(f"cut: {name}", "truncated", "truncated", _cut_to(size), is_later=True)


def _changed_bytes() -> Iterator[Way]:
    baskets: dict[str, Damage] = {
        "zeros in a basket": _zeros,
        "noise in a basket": _noise,
        "a bit flipped in a basket": _flip,
        "a basket's first bytes zero": _no_algorithm,
    }
    for name, damage in baskets.items():
        yield Way(name, "corrupt", "corrupt", damage, opens=True)
    yield Way("a basket claims 2 GB", "oversize", "oversize", _huge, opens=True)
    yield Way("zeros for what describes the tree", "corrupt", "corrupt", _no_description)


def _other_content() -> Iterator[Way]:
    yield Way("a page of a server", "not-root", "not-root", lambda *_: Damaged(PAGE), is_later=True)
    yield Way("no such tree", "no-tree", "no-tree", _renamed(b"Events", b"Evemts"))
    yield Way("no tree at all", "no-tree", "no-tree", oddity="text")
    renamed = _renamed(b"muon_isTight", b"muon_isTighd")
    yield Way("a branch is missing", "missing-branch", "missing-branch", renamed, opens=True)
    yield Way("another type", "wrong-type", "wrong-type", oddity="typed", opens=True)


def _other_places() -> Iterator[Way]:
    later: dict[str, tuple[Cause, Callable[[Path, bytes], object]]] = {
        "deleted": ("missing", lambda *_: None),
        "a link to nowhere": ("missing", lambda path, _: path.symlink_to(f"gone-{path.name}")),
        "a link to itself": ("missing", lambda path, _: path.symlink_to(path.name)),
        "a directory": ("not-root", lambda path, _: path.mkdir()),
        "a pipe": ("not-root", lambda path, _: os.mkfifo(path)),
    }
    if os.geteuid():  # root may read everything
        later["no permission"] = ("refused", _without_permission)
    for name, (cause, put) in later.items():
        yield Way(name, cause, cause, put=put, is_later=True)


def _of_servers() -> Iterator[Way]:
    answers: dict[str, Cause] = {
        "http:401": "refused",
        "http:403": "refused",
        "http:404": "missing",
        "http:429": "unreachable",
        "http:503": "unreachable",
        "http:504": "timeout",
        "http:page": "not-root",
        "http:empty": "empty",
        "http:half": "truncated",
        "http:silent": "timeout",
        "http:stalls": "timeout",
        "http:breaks": "unreachable",
        "http:nobody": "unreachable",
        "root:silent": "timeout",
        "root:nobody": "unreachable",
    }
    for name, cause in answers.items():
        yield Way(f"server: {name}", cause, cause, url=name)


def _before_last_basket(_: bytes, template: Template) -> int:
    last = max(template.baskets, key=lambda basket: basket.place)
    return last.place + last.size // 2


def _cut_to(size: Callable[[bytes, Template], int]) -> Damage:
    return lambda content, template, _: Damaged(content[: size(content, template)])


def _replaced(content: bytes, place: int, new: bytes, basket: Basket | None = None) -> Damaged:
    changed = content[:place] + new + content[place + len(new) :]
    assert changed != content
    return Damaged(changed, basket)


def _zeros(content: bytes, template: Template, rng: Random) -> Damaged:
    basket = rng.choice([basket for basket in template.baskets if basket.size > 90])
    return _replaced(content, basket.place + basket.size // 3, bytes(basket.size // 3), basket)


def _noise(content: bytes, template: Template, rng: Random) -> Damaged:
    basket = rng.choice([basket for basket in template.baskets if basket.size > 90])
    noise = rng.randbytes(basket.size // 4)
    return _replaced(content, basket.place + basket.size // 2, noise, basket)


def _flip(content: bytes, template: Template, rng: Random) -> Damaged:
    basket = rng.choice(template.baskets)
    place = rng.randrange(basket.place + BLOCK_HEADER, basket.place + basket.size)
    return _replaced(content, place, bytes([content[place] ^ 1 << rng.randrange(8)]), basket)


def _no_algorithm(content: bytes, template: Template, rng: Random) -> Damaged:
    basket = rng.choice(template.baskets)
    return _replaced(content, basket.place, bytes(BLOCK_HEADER), basket)


def _huge(content: bytes, template: Template, rng: Random) -> Damaged:
    basket = rng.choice(template.baskets)
    return _replaced(content, basket.key + SIZE_IN_KEY, struct.pack(">i", 2**31 - 1), basket)


def _no_description(content: bytes, template: Template, _: Random) -> Damaged:
    return _replaced(content, template.tree_place, bytes(64))


def _renamed(old: bytes, new: bytes) -> Damage:
    def rename(content: bytes, *_: object) -> Damaged:
        assert old in content
        return Damaged(content.replace(old, new))

    return rename


def _grown(content: bytes, *_: object) -> Damaged:
    return Damaged(content + bytes(1000))


def _another(content: bytes, template: Template, rng: Random) -> Damaged:
    """Make it a file of the same events that has another UUID."""
    return Damaged(template.with_uuid(content, UUID(int=rng.getrandbits(128), version=4)))


def _without_permission(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0)
