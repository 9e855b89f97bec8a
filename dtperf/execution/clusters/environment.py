"""The same code everywhere: ``check_same(client)`` before any work.

Functions travel as byte code, and a Python that is given another version's byte code dies of it: a
scheduler that others use, too, is asked for its versions without any, and a worker is sent some
only when the scheduler knows that it runs the same Python.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.dask_mailbox import Mailbox

if TYPE_CHECKING:
    from distributed import Client

__all__ = [
    "PACKAGES",
    "check_same",
    "own_versions",
    "refuse_others",
    "ship",
    "versions_everywhere",
]

PACKAGES = (
    *("python", "dtperf", "coffea", "awkward", "uproot", "numba", "numpy"),
    *("dask", "distributed", "cloudpickle", "msgpack", "source"),
)
"""Of each the version; of dtperf's source its state."""
ASKED = tuple(name for name in PACKAGES if name not in ("python", "source"))
"""What Dask tells the versions of, by the names of distributions, without being sent any code."""
ANSWER_S = 120
BRIEF_S = 10
"""For an answer that is good to have, and not needed."""
BUSY_S = 30
"""Workers that are at something else for so long tell their versions with the first chunk."""
LOOK_S = 2
SHOWN = 3
"""How many workers a line names."""
NOWHERE = "not installed"

Versions = Mapping[str, Mapping[str, str]]
"""Place to package to version."""


def check_same(client: Client) -> None:
    """Refuse to work with other versions on scheduler or workers than here.

    Args:
        client: Connected to them.

    Raises:
        DtperfError: Some differ; the message is a table that says which, and where.
    """
    refuse_others(versions_everywhere(client))


def refuse_others(found: Versions) -> None:
    """Raise an error that says which versions differ, if any do.

    Args:
        found: Place to package to version, the client first.

    Raises:
        DtperfError: Some differ.
    """
    lines = [*_differences(found)]
    if lines:
        raise DtperfError(
            "the software is not the same everywhere; counts could differ, or nothing work:\n"
            + "\n".join(lines)
            + "\nUse one image, or one environment, for client, scheduler and workers."
        )


def versions_everywhere(client: Client) -> dict[str, dict[str, str]]:
    """Ask client, scheduler and each worker for its versions.

    Dask's own way dials the workers, which may be able to dial out only.

    Args:
        client: Connected to scheduler and workers.

    Returns:
        Place to package to version; 'source' is the state of the code within dtperf, since equal
        version numbers do not tell a checkout that somebody has edited. Of a place where something
        else differs that byte code depends on, no more than can be had without; workers that are
        busy are left out.

    Raises:
        DtperfError: The scheduler does not answer, or a worker fails.
    """
    found = {"client": dict(own_versions()), "scheduler": _of_scheduler(client)}
    if found["scheduler"] != found["client"]:
        return found | _of_workers_without_code(client)
    registered = client.run_on_scheduler(_as_registered)
    same = []
    for address, versions in registered.items():
        if versions == {name: found["client"].get(name) for name in versions}:
            same.append(address)
        else:
            found[address] = versions
    return found | _of_workers(client, same)


@cache
def own_versions() -> Mapping[str, str]:
    """Return the versions of this process, by the names of `PACKAGES`."""
    return _named(_teller()())


def _named(packages: Mapping[str, str | None]) -> dict[str, str]:
    """Return the versions of `PACKAGES` among those of Dask's answer."""
    versions = dict(packages)
    if python := versions.get("python"):
        versions["python"] = python.removesuffix(".final.0")
    return {name: str(versions[name] or NOWHERE) for name in PACKAGES if name in versions}


def _of_scheduler(client: Client) -> dict[str, str]:
    """Ask for the versions without code, and for the state of the source only if they are ours."""
    scheduler: Any = client.scheduler
    try:
        answer: Any = client.sync(scheduler.versions, packages=[*ASKED], callback_timeout=ANSWER_S)
    except (OSError, TimeoutError) as error:
        raise DtperfError(f"the scheduler does not tell its versions: {error!r}") from error
    versions = _named(answer["packages"])
    if versions == {name: its for name, its in own_versions().items() if name != "source"}:
        return _named(client.run_on_scheduler(_teller()))
    return versions


def _of_workers_without_code(client: Client) -> dict[str, dict[str, str]]:
    """Ask those that the scheduler can dial; nobody knows the versions of the others."""
    scheduler: Any = client.scheduler
    how = {"msg": {"op": "versions", "packages": [*ASKED]}, "on_error": "ignore"}
    answers: dict[str, Any] = {}
    with suppress(OSError, TimeoutError):
        answers = client.sync(scheduler.broadcast, **how, callback_timeout=BRIEF_S)
    return {address: _named(its["packages"]) for address, its in answers.items()}


def _as_registered(dask_scheduler: Any) -> dict[str, dict[str, str]]:
    """Run on the scheduler: what each worker has told of itself when it came."""
    return {
        address: _named(worker.versions.get("packages") or {})
        for address, worker in dask_scheduler.workers.items()
    }


def _of_workers(client: Client, addresses: list[str]) -> dict[str, dict[str, str]]:
    from distributed import wait

    found = {}
    with closing(Mailbox(client)) as mailbox:
        tasks = []
        for number, address in enumerate(addresses):
            mailbox.expect(number)
            how = {"workers": [address], "pure": False, "priority": 100}
            tasks.append(client.submit(_poster(mailbox.topic), number, **how))
        deadline = time.monotonic() + BUSY_S
        while client.nthreads() and time.monotonic() < deadline:
            with suppress(TimeoutError):
                wait(tasks, LOOK_S)
                break
        running = client.nthreads()
        for number, (address, task) in enumerate(zip(addresses, tasks, strict=True)):
            if task.status == "finished":
                found[address] = _named(mailbox.take(number) or {})
            elif address in running and task.status == "error":
                why = task.exception()
                raise DtperfError(f"the worker {address} does not tell its versions: {why!r}")
    return found


def _teller() -> Callable[[], dict[str, str | None]]:
    """Make a function whose code travels: the dtperf of whoever calls it may be another one."""

    def tell() -> dict[str, str | None]:
        from distributed.versions import get_versions

        try:
            from dtperf.execution.provenance import package_state

            state = package_state()
        except (ImportError, OSError):  # not installed, or with other files than ours
            state = None
        return {**get_versions(ASKED)["packages"], "source": state}

    return tell


def _poster(topic: str) -> Callable[[int], None]:
    """Make a function that posts what a worker tells; its code travels, as that of `_teller`."""
    tell = _teller()

    def post(number: int) -> None:
        from distributed import get_worker

        get_worker().log_event(topic, (number, tell()))

    return post


def _differences(found: Versions) -> Iterator[str]:
    """Say, for each package of more than one version, who has which."""
    for package in PACKAGES:
        places: dict[str, list[str]] = defaultdict(list)
        for place, versions in found.items():
            if package in versions:
                places[versions[package]].append(place)
        if len(places) > 1:
            each = (f"{version} on {_several(names)}" for version, names in places.items())
            yield f"  {package:<12} {'; '.join(each)}"


def _several(places: list[str]) -> str:
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more


def ship(modules: tuple[str, ...]) -> None:
    """Send the code of modules along with the work, so that workers have it as it is here.

    Args:
        modules: Names of modules or packages that can be imported here.

    Raises:
        ConfigError: One cannot.
    """
    import cloudpickle

    for name in modules:
        try:
            module = import_module(name)
        except ImportError as error:
            raise ConfigError(f"ship: {name}: cannot be imported here: {error}") from None
        cloudpickle.register_pickle_by_value(module)
