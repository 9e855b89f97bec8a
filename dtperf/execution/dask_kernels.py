"""Client and Dask workers give each other what they have compiled, through the scheduler.

A worker asks when it lacks something for the first time, and gets all that there is for its kind of
processor, about 1 MB: one whose cache is warm, or is that of another, causes no traffic at all. It
asks over the connection that it has made, since many sites let nobody dial in, nor their nodes each
other; and the scheduler keeps it, so that workers that come later get it, whoever has gone.
"""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import zstandard

from dtperf.compiled import kept
from dtperf.kernel_sharing import Kept, fresh, others

if TYPE_CHECKING:
    from distributed import Client, Worker

__all__ = ["give_compiled", "give_to_scheduler", "take_from_scheduler"]

ANSWER_S = 30.0
"""For the scheduler's answer; compiling everything takes as long."""
LEVEL = 9
"""Of Zstandard: a quarter of the bytes, in 0.1 s."""
Ask = Callable[..., Any]
"""Asks the scheduler: a handler's name, and its arguments."""


def give_to_scheduler(client: Client) -> bool:
    """Give the scheduler what is compiled here, and make it keep what workers compile.

    Returns:
        Whether workers shall ask it: not those of this machine, whose cache is ours.
    """
    from distributed import LocalCluster

    from dtperf.execution.kernel_store import KernelStore

    if isinstance(client.cluster, LocalCluster):
        return False
    try:
        client.register_plugin(KernelStore())
    except Exception:  # noqa: BLE001  # whatever hinders it: it only saves time
        return False

    def ask(handler: str, **what: Any) -> Any:
        asked = getattr(client.scheduler, handler)
        return client.sync(asked, **what, callback_timeout=ANSWER_S)

    with suppress(Exception):
        _give(kept(), ask)
    return True


def take_from_scheduler() -> None:
    """Let this worker ask for what it lacks, from within a task."""
    from distributed import get_worker

    others.ask(partial(_fetch, partial(_asked, get_worker())))


def give_compiled() -> None:
    """Give to other workers what this one has had to compile, from within a task."""
    from distributed import get_worker

    if not fresh or not others.are_known:
        return
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
        # of our own client and workers
        contents = pickle.loads(zstandard.decompress(batch))  # noqa: S301
        found |= {(machine, name): content for name, content in contents.items()}
    return found


def _give(compiled: Iterable[Kept], ask: Ask) -> None:
    """Send what the scheduler lacks, in one batch for each kind of processor."""
    machines: defaultdict[str, dict[str, Kept]] = defaultdict(dict)
    for each in compiled:
        machines[each.machine][each.name] = each
    for machine, by_name in machines.items():
        contents = {}
        for name in ask("dtperf_kernels_claim", machine=machine, names=[*by_name]):
            with suppress(OSError):  # removed meanwhile
                contents[name] = by_name[name].path.read_bytes()
        if contents:
            batch = zstandard.compress(pickle.dumps(contents), LEVEL)
            ask("dtperf_kernels_add", machine=machine, names=[*contents], content=batch)
