"""Client and Dask workers give each other what they have compiled, through the scheduler.

A worker asks when it lacks something for the first time, and gets all that there is for its kind of
processor, about 1 MB: one whose cache is warm, or is that of another, causes no traffic at all. It
asks over the connection that it has made, since many sites let nobody dial in, nor their nodes each
other; and the scheduler keeps it, so that workers that come later get it, whoever has gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]
import zstandard

from dtperf.compiled import keep, kept
from dtperf.kernel_sharing import Kept, fresh, others, unsealed

if TYPE_CHECKING:
    from distributed import Client, Worker

__all__ = ["KernelExchange", "give_compiled", "take_from_scheduler"]

ANSWER_S, BRIEF_S = 30.0, 10.0
"""For the scheduler's answer to a worker, which would compile for as long, and to the client."""
LEVEL = 3
"""Of Zstandard: a quarter of the bytes, in 0.02 s; the client's first chunk waits for it."""
Ask = Callable[..., Any]
"""Asks the scheduler: a handler's name, and its arguments."""


class KernelExchange:
    """The client's part: it gives what it has, and in the end keeps what workers have compiled.

    So the next run finds that, whatever became of the workers, and whatever processor they had.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._has: set[tuple[str, str]] = set()
        self._is_open = False

    def begin(self) -> bool:
        """Give the scheduler what is compiled here, and make it keep what workers compile.

        Returns:
            Whether workers shall ask it: not those of this machine, whose cache is ours.
        """
        from distributed import LocalCluster

        from dtperf.execution.kernel_store import KernelStore

        if isinstance(self._client.cluster, LocalCluster):
            return False
        try:
            self._client.register_plugin(KernelStore())
        except Exception:  # noqa: BLE001  # whatever hinders it: it only saves time
            return False
        self._is_open = True
        with suppress(Exception):
            here = kept()
            self._has = {(each.machine, each.name) for each in here}
            _give(here, self._ask)
        return True

    def end(self) -> None:
        """Keep what is not here yet."""
        if self._is_open and self._client.status == "running":
            with suppress(Exception):
                for batch in self._ask("dtperf_kernels_beyond", known=[*self._has]):
                    keep(_contents(batch))

    def _ask(self, handler: str, **what: Any) -> Any:
        asked = getattr(self._client.scheduler, handler)
        return self._client.sync(asked, **what, callback_timeout=BRIEF_S)


def take_from_scheduler() -> None:
    """Let this worker ask for what it lacks, from within a task."""
    from distributed import get_worker

    others.ask(partial(_fetch, partial(_asked, get_worker())))


def give_compiled() -> None:
    """Give to other workers what this one has had to compile, from within a task."""
    if not fresh or not others.are_known:
        return
    from distributed import get_worker

    compiled = fresh[:]
    del fresh[: len(compiled)]
    with suppress(Exception):  # it only saves time, and that of others
        _give((each for lists in compiled for each in lists()), partial(_asked, get_worker()))


def _asked(worker: Worker, handler: str, **what: Any) -> Any:
    from distributed.utils import sync

    asked = getattr(worker.scheduler, handler)
    return sync(worker.loop, asked, **what, callback_timeout=ANSWER_S)


def _fetch(ask: Ask, machines: Sequence[str]) -> Mapping[tuple[str, str], bytes]:
    found = dict[tuple[str, str], bytes]()
    for machine, batch in ask("dtperf_kernels_for", machines=machines):
        found |= {(machine, name): content for name, content in _contents(batch).items()}
    return found


def _contents(batch: bytes) -> dict[str, bytes]:
    """Return what was given, by name."""
    contents: dict[str, bytes] = msgpack.unpackb(zstandard.decompress(batch))
    return contents


def _give(compiled: Iterable[Kept], ask: Ask) -> None:
    """Send what the scheduler lacks, in one batch for each kind of processor."""
    machines: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
    for each in compiled:
        with suppress(OSError, ValueError):  # removed meanwhile, or damaged
            content = each.path.read_bytes()
            unsealed(content)
            machines[each.machine][each.name] = content
    for machine, contents in machines.items():
        wanted = ask("dtperf_kernels_claim", machine=machine, names=[*contents])
        if wanted:
            batch = zstandard.compress(
                msgpack.packb({name: contents[name] for name in wanted}), LEVEL
            )
            ask("dtperf_kernels_add", machine=machine, names=wanted, content=batch)
