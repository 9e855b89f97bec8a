"""What chunks send to the client by themselves, because it cannot be added up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dtperf.execution.dask_mailbox import Mailbox
from dtperf.execution.dask_tasks import unpack

__all__ = ["AHEAD_BYTES", "SENT_BYTES", "SideOutput"]

SENT_BYTES, AHEAD_BYTES = 1 << 26, 1 << 30
"""How much the scheduler keeps of what it has passed on, and how much may be on its way to us."""


class SideOutput:
    """Takes it from the mailbox, and knows of which chunks it has come."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._come: set[int] = set()
        self._largest = 0

    @property
    def is_used(self) -> bool:
        """Whether any has come: no more chunks than `capacity` are then there to be shared."""
        return self._largest > 0

    def take(self, number: int, ticket: int) -> Any:
        """Return what a chunk has sent, None if nothing has come.

        Args:
            number: Under which it was expected; its task has ended well.
            ticket: Of the chunk.
        """
        content = self._mailbox.take(number)
        if content is None:
            return None
        self._largest = max(self._largest, len(content))
        self._come.add(ticket)
        if self._mailbox.passed > SENT_BYTES:
            self._mailbox.tidy()
        return unpack(content)

    def is_whole(self, tickets: Iterable[int], has_sent: Iterable[bool]) -> bool:
        """Tell, once, whether all has come that these chunks have sent."""
        come = [ticket in self._come for ticket in tickets]
        self._come.difference_update(tickets)
        return all(has or not sent for has, sent in zip(come, has_sent, strict=True))

    def forget(self, tickets: Iterable[int]) -> None:
        """Expect it anew of chunks that are measured again."""
        self._come.difference_update(tickets)

    def capacity(self, workers: int, most: int) -> int:
        """Return how many chunks may be handed in, so that not too much is on its way."""
        if not self._largest:
            return most
        return min(most, max(workers + 2, AHEAD_BYTES // self._largest))
