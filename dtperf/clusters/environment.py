"""The same code everywhere: ``check_same(client)`` before any work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from importlib import import_module
from typing import TYPE_CHECKING

from dtperf.errors import ConfigError, DtperfError
from dtperf.mailbox import Mailbox

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["PACKAGES", "check_same", "ship", "versions_everywhere"]

PACKAGES = (
    *("python", "dtperf", "coffea", "awkward", "uproot", "numba", "numpy"),
    *("dask", "distributed", "msgpack", "source"),
)
"""Of each the version; of dtperf's source its state."""
ANSWER_S = 120
SHOWN = 3
"""How many workers a line names."""

Versions = Mapping[str, Mapping[str, str]]
"""Place to package to version."""


def check_same(client: Client) -> None:
    """Refuse to work with other versions on scheduler or workers than here.

    Args:
        client: With workers.

    Raises:
        DtperfError: Some differ; the message is a table that says which, and where.
    """
    lines = [*_differences(versions_everywhere(client))]
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
        client: With workers.

    Returns:
        Place to package to version; 'source' is the state of the code within dtperf, since equal
        version numbers do not tell a checkout that somebody has edited.

    Raises:
        DtperfError: A worker that is there does not answer.
    """
    from distributed import wait

    tell = _teller(PACKAGES)
    found = {"client": tell(), "scheduler": client.run_on_scheduler(tell)}
    with closing(Mailbox(client)) as mailbox:
        workers = dict(enumerate(client.nthreads()))
        tasks = []
        for number, address in workers.items():
            mailbox.expect(number)
            how = {"workers": [address], "pure": False, "priority": 100}
            tasks.append(client.submit(_posting(tell, mailbox.topic), number, **how))
        with suppress(TimeoutError):
            wait(tasks, ANSWER_S)
        there = client.nthreads()
        for (number, address), task in zip(workers.items(), tasks, strict=True):
            if task.status == "finished":
                found[address] = mailbox.get(number)
            elif address in there:
                why = repr(task.exception()) if task.status == "error" else "no answer"
                raise DtperfError(f"the worker {address} does not tell its versions: {why}")
    return found


def _teller(packages: Sequence[str]) -> Callable[[], dict[str, str]]:
    # within a function, so that its code travels: the worker's dtperf may be another one
    def tell() -> dict[str, str]:
        from distributed.versions import get_versions

        names = [name for name in packages if name not in ("python", "source")]
        told = {name: str(its) for name, its in get_versions(names)["packages"].items() if its}
        try:
            from dtperf.identity import package_state

            told["source"] = package_state()
        except ImportError:
            told["source"] = "unknown"
        return {name: told[name] for name in packages if name in told}

    return tell


def _posting(tell: Callable[[], dict[str, str]], topic: str) -> Callable[[int], None]:
    def post(number: int) -> None:
        from distributed import get_worker

        get_worker().log_event(topic, (number, tell()))

    return post


def _differences(found: Versions) -> Iterator[str]:
    """Say, for each package of more than one version, who has which."""
    here = found["client"]
    for package in PACKAGES:
        places: dict[str, list[str]] = defaultdict(list)
        for place, versions in found.items():
            if package in here:
                places[str(versions.get(package) or "not installed")].append(place)
        if len(places) > 1:
            each = (f"{version} on {_named(names)}" for version, names in places.items())
            yield f"  {package:<12} {'; '.join(each)}"


def _named(places: list[str]) -> str:
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more


def ship(modules: tuple[str, ...]) -> None:
    """Let the code of modules travel with the work, so that workers have it as it is here.

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
