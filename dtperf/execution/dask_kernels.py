"""Client and Dask workers give each other what they have compiled, through the scheduler.

A worker asks when it lacks something for the first time, and gets all that there is for its kind of
processor, about 1 MB: one whose cache is warm, or is that of another, causes no traffic at all. It
asks over the connection that it has made, since many sites let nobody dial in, nor their nodes each
other; and the scheduler keeps it, so that workers that come later get it, whoever has gone. What
nobody has the first that lacks it compiles, and others of its kind wait for that.
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
MORE_S = 60.0
"""For its answer to a worker that waits for another, beyond what it lets it wait."""
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

    worker = get_worker()
    others.ask(partial(_fetch, partial(_asked, worker)), partial(_wait, worker))


def give_compiled() -> None:
    """Give to other workers what this one has had to compile, from within a task."""
    if not others.are_known or not (fresh or others.has_turn):
        return
    from distributed import get_worker

    worker, had_turn, compiled = get_worker(), others.has_turn, fresh[:]
    del fresh[: len(compiled)]
    others.has_turn = False
    with suppress(Exception):  # it only saves time, and that of others
        _give((each for lists in compiled for each in lists()), partial(_asked, worker))
    if had_turn:
        with suppress(Exception):
            _asked(worker, "dtperf_kernels_done", worker=worker.address)


def _asked(asking: Worker, handler: str, timeout_s: float = ANSWER_S, **what: Any) -> Any:
    from distributed.utils import sync

    asked = getattr(asking.scheduler, handler)
    return sync(asking.loop, asked, **what, callback_timeout=timeout_s)


def _fetch(ask: Ask, machines: Sequence[str]) -> Mapping[tuple[str, str], bytes]:
    return _by_machine(ask("dtperf_kernels_for", machines=machines))


def _wait(
    worker: Worker, machines: Sequence[str], names: Sequence[str]
) -> tuple[Mapping[tuple[str, str], bytes], bool]:
    from dtperf.execution.kernel_store import TURN_S

    wanted = {"machines": machines, "names": names, "worker": worker.address}
    batches, has_turn = _asked(worker, "dtperf_kernels_awaited", TURN_S + MORE_S, **wanted)
    return _by_machine(batches), has_turn


def _by_machine(batches: Iterable[tuple[str, bytes]]) -> dict[tuple[str, str], bytes]:
    return {
        (machine, name): content
        for machine, batch in batches
        for name, content in _contents(batch).items()
    }


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
