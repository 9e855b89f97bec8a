"""What a chunk of events says of itself beside its place in a file: ``meta_of(item).replicas``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from coffea.processor.executor import WorkItem

from dtperf.addresses import Secret
from dtperf.nanoaod.open import TIMEOUT_S

__all__ = ["ChunkMeta", "EventRanges", "meta_of", "place_of"]


@dataclass(frozen=True)
class ChunkMeta:
    """The `usermeta` of coffea's WorkItem, wherever we make one."""

    replicas: tuple[str, ...] = ()
    """Other addresses of the file."""
    bytes: int | None = None
    """Size that the file must have; None if nobody knows it."""
    cluster: int | None = None
    """Events that are stored together: chunks should end with multiples of it; None: not known."""
    required: tuple[str, ...] = ()
    """Branches that the file must have; empty if somebody has looked."""
    timeout_s: int = TIMEOUT_S
    """How long an XRootD server may take for an answer."""
    source: str = ""
    """Address to read from in this attempt; empty: the file's own."""
    secret: Secret | None = None
    """The same address with what must not be shown, if there is such."""
    credentials: Mapping[str, Secret] = field(default_factory=dict)
    """Our proxy and token, as `CredentialSource` of `execution/credentials.py` gives them."""
    halvings: int = 0
    """What part of its events goes into the sample, see `EventSample`."""
    is_pilot: bool = False
    """Its memory tells how large others may be: what the process keeps is given back before."""
    threads: int = 1
    """How many threads of the process, which does nothing else, may work on the chunk."""


def meta_of(item: WorkItem) -> ChunkMeta:
    """Return what a chunk says of itself; the defaults for one that says nothing."""
    meta: ChunkMeta = item.usermeta or ChunkMeta()
    return meta


def place_of(item: WorkItem) -> str:
    """Return which events of which file a chunk has, for messages."""
    return f"{item.filename}: events {item.entrystart} to {item.entrystop}"


class EventRanges:
    """Events of files, of which something is known: ``item in ranges`` for chunks of them."""

    def __init__(self) -> None:
        self._of_file: dict[str, list[tuple[int, int]]] = {}

    def add(self, item: WorkItem) -> None:
        """Add the events of a chunk."""
        self._of_file.setdefault(item.filename, []).append((item.entrystart, item.entrystop))

    def __contains__(self, item: WorkItem) -> bool:
        """Return whether a chunk begins within them, as all parts of an added one do."""
        ranges = self._of_file.get(item.filename, ())
        return any(start <= item.entrystart < stop for start, stop in ranges)
