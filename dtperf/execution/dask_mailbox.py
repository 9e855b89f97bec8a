"""What workers send to the client over the connection that they have made to the scheduler.

Dask fetches the result of a task by dialling its worker. Where a site's nodes can only dial out, as
behind interLink, nobody can, and the client would wait for ever.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Mailbox", "post"]


class Mailbox:
    """Takes what is posted under numbers that are expected, each once."""

    def __init__(self, client: Client) -> None:
        """Listen from now on.

        Args:
            client: Connected to the scheduler of those who post.
        """
        self.topic = f"dtperf-{uuid4().hex}"
        self._client = client
        self._expected: set[int] = set()
        self._found: dict[int, Any] = {}
        self.passed = 0
        """Bytes that have come since the scheduler was last told to forget them."""
        client.subscribe_topic(self.topic, self._take)

    def _take(self, event: tuple[float, tuple[int, Any]]) -> None:
        _, (number, content) = event
        self.passed += len(content) if isinstance(content, bytes) else 0
        # of a task that ran twice the first is enough
        if number in self._expected and number not in self._found:
            self._found[number] = content

    def expect(self, number: int) -> None:
        """Take what will be posted under a number."""
        self._expected.add(number)

    def take(self, number: int) -> Any:
        """Return what was posted under a number; None if nothing has come.

        It has come before the task that posted it is known to have finished.
        """
        self._expected.discard(number)
        return self._found.pop(number, None)

    def tidy(self) -> None:
        """Delete on the scheduler what it has passed on."""
        self.passed = 0
        self._client.run_on_scheduler(_forget, topic=self.topic)

    def close(self) -> None:
        """Listen no more."""
        with suppress(Exception):  # the scheduler may be gone
            self.tidy()
            self._client.unsubscribe_topic(self.topic)


def post(topic: str, number: int, content: Any) -> None:
    """Send something from within a task.

    Args:
        topic: Of the mailbox.
        number: That it expects.
        content: Bytes, numbers, texts, and lists and mappings of these.
    """
    from distributed import get_worker

    get_worker().log_event(topic, (number, content))


def _forget(dask_scheduler: Any, topic: str) -> None:
    dask_scheduler._broker.truncate(topic)
