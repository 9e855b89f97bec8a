"""Workers that die young: ``watch(connected)`` ends a cluster whose jobs fail one after the other.

Kubernetes starts another pod as soon as one has failed, without end and, on a virtual node, without
a pause. A batch system does not, but nobody tells that the jobs are gone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from dtperf.errors import DtperfError

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["WorkerDeath", "WorkerWatch", "WorkersSeen", "look", "looked_after"]

LOOK_S = 5.0
YOUNG_S = 600.0
"""Whoever cannot reach its scheduler ends after five minutes by itself."""
FEW, MOST = 3, 20
"""So many deaths for each worker that was asked for are too many; and so many in all."""
CAUSES = {
    r"ImagePull|InvalidImageName|docker://|oras://|\.sif\b|could not open image|manifest unknown"
    r"|pull image|CreateContainer": "the image: is its name right, and may the site have it?",
    r"No module named|command not found|: not found|No such file|not found in \$PATH": (
        "the software: is dtperf in the image, or what `python:` names on the nodes?"
    ),
    r"OOM|out of memory|oom-kill": "memory: ask for more than `memory:` does",
    r"certificate|SSL": "certificates: does the address lead to this cluster's scheduler?",
    r"Timed out|timed out|refused|unreachable|No route|CommClosed": (
        "the network: can the nodes reach the scheduler's address and port?"
    ),
}
"""What the last words of a worker speak of."""


class WorkerDeath(NamedTuple):
    """A worker's job or pod that has ended, or does not go on by itself."""

    identity: str
    name: str
    why: str
    """As the batch system or Kubernetes says it; empty if it does not."""
    seconds: float | None
    """How long it lived; None if nobody knows."""
    is_held: bool = False
    """Whether the batch system keeps it from running until somebody releases it."""

    @property
    def is_early(self) -> bool:
        """Whether it has never worked, or not for long."""
        return self.seconds is None or self.seconds < YOUNG_S


class WorkersSeen(NamedTuple):
    """What there is of workers, whether connected or not."""

    deaths: list[WorkerDeath]
    is_hopeless: bool
    """No other worker will come by itself."""


class WorkerWatch:
    """Looks at what becomes of workers as long as none is connected."""

    def __init__(
        self, workers: int, see: Callable[[], WorkersSeen], last_words: Callable[[WorkerDeath], str]
    ) -> None:
        """Take what there is to look at.

        Args:
            workers: How many are asked for.
            see: Finds deaths.
            last_words: Finds the end of a worker's log; empty if it has none.
        """
        self._limit = min(FEW * workers, MOST)
        self._see = see
        self._last_words = last_words
        self._looked = 0.0
        self._before: set[str] | None = set()
        """Those that do not count; None: to be found out."""
        self._suspects = set[str]()

    def __call__(self, connected: int) -> None:
        """Look, if some time is over.

        Args:
            connected: How many workers are with the scheduler.

        Raises:
            DtperfError: Too many have died young, or all; the message says why they have.
        """
        if connected:
            self._before = None
            return
        if time.monotonic() - self._looked < LOOK_S:
            return
        try:
            seen = self._see()
        except DtperfError:
            return  # whoever does not answer now may do so the next time
        finally:
            self._looked = time.monotonic()
        if self._before is None:
            self._before = {death.identity for death in seen.deaths}
        early = [
            death for death in seen.deaths if death.is_early and death.identity not in self._before
        ]
        # what is only just over may not be known as such everywhere
        sure = [death for death in early if death.identity in self._suspects]
        self._suspects = {death.identity for death in early}
        if sure and (seen.is_hopeless or len(sure) >= self._limit):
            raise DtperfError(self._report(sure))

    def _report(self, deaths: list[WorkerDeath]) -> str:
        if held := [death for death in deaths if death.is_held]:
            count = "a job is" if len(deaths) == 1 else f"{len(deaths)} jobs are"
            its = f"{held[-1].name} is held: {held[-1].why}"
            return f"{count} held or gone, and no worker is there\n{its}"
        last = deaths[-1]
        count = "a worker has" if len(deaths) == 1 else f"{len(deaths)} workers have"
        text = f"{count} ended soon after the start, and none is there: no more are started"
        words = self._last_words(last)
        causes = [its for pattern, its in CAUSES.items() if re.search(pattern, last.why + words)]
        if last.why:
            text += f"\n{last.name}: {last.why}"
        if words:
            text += f"\nThe log of {last.name} ends:\n{words}"
        return text + (f"\nThis speaks of {causes[0]}" if causes else "")


_watches: WeakKeyDictionary[Client, Callable[[int], None]] = WeakKeyDictionary()


@contextmanager
def looked_after(client: Client, watch: Callable[[int], None]) -> Iterator[Client]:
    """Watch the workers of a client with `look`."""
    _watches[client] = watch
    try:
        yield client
    finally:
        del _watches[client]


def look(client: Client, connected: int) -> None:
    """Look at the workers of a client's cluster, if it was started here.

    Raises:
        DtperfError: They die young.
    """
    if watch := _watches.get(client):
        watch(connected)
