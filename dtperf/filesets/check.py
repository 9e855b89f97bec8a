"""Check that every file can be read, before any work starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, NamedTuple
from uuid import UUID

from dtperf.errors import InputError
from dtperf.filesets import InputFile
from dtperf.filesets.replicas import Replicas, XCache, sources
from dtperf.nanoaod import generation_of, open_tree, require_columns
from dtperf.nanoaod.branches import cluster_of
from dtperf.nanoaod.columns import column_types
from dtperf.nanoaod.faults import raise_if_ours
from dtperf.nanoaod.open import unfinished
from dtperf.nanoaod.rntuple_pages import unpacked_bytes
from dtperf.process import raise_if_interrupted
from dtperf.wording import counted

__all__ = ["CheckedFile", "CheckedFiles", "RetryPolicy", "UnreadableFile", "check_files", "refusal"]

THREADS = 8  # opening a file is mostly waiting for a server
SHOWN = 10
Look = Callable[[str, str, int], AbstractContextManager[Any]]


class CheckedFile(NamedTuple):
    """A file that can be read."""

    file: InputFile
    """With UUID, entries and size."""
    source: str
    """The address at which it was opened."""
    remark: str = ""
    """A remark for the user, such as that it was not closed; empty: none."""
    event_bytes: float | None = None
    """Of an event in memory, of the columns that were asked for; None: not known."""


class UnreadableFile(NamedTuple):
    """A file that cannot be read."""

    file: InputFile
    """With UUID, entries and size, if it could be opened, but is of no use."""
    error: InputError
    """Of the last attempt."""
    attempts: int
    source: str
    """The address that was tried last."""


class CheckedFiles(NamedTuple):
    """The files that can be read and those that cannot, in the order given."""

    files: list[CheckedFile]
    problems: list[UnreadableFile]


class RetryPolicy(NamedTuple):
    """How often, how long and where to try to read a file; as in `dtperf.config` under `run`."""

    retries: int = 3
    backoff_s: float = 1.0
    timeout_s: int = 60
    redirectors: tuple[str, ...] = ()
    cache: XCache | None = None

    def replicas(self, path: str, replicas: Iterable[str]) -> Replicas:
        """Return the addresses at which to try to read a file, in order."""
        addresses = sources(path, replicas, self.redirectors)
        if self.cache is None:
            return Replicas(addresses, self.retries, self.backoff_s)
        via_cache = self.cache.before(addresses)
        return Replicas(via_cache, self.retries, self.backoff_s, self.cache.note)


def check_files(
    files: Sequence[InputFile],
    columns: Iterable[str] = (),
    optional: Iterable[str] = (),
    sized: Iterable[str] = (),
    *,
    policy: RetryPolicy = RetryPolicy(),  # noqa: B008  # it is frozen
    threads: int = THREADS,
    look: Look = open_tree,
    on_checked: Callable[[int], None] = lambda _: None,
) -> CheckedFiles:
    """Open the files that are not known yet, and check that they have the branches needed.

    Args:
        files: Those whose UUID, entries and size are known are not opened.
        columns: Branches that each must have.
        optional: Branches that are read where they are there.
        sized: Branches of which is noted how much of them an event has.
        policy: How often, how long and where to try to open each.
        threads: How many files to open at once.
        look: Opens a tree, of an address and its name, and within a time in seconds.
        on_checked: Called with the number of files checked so far.

    Returns:
        The files that can be read, and those that cannot, with the error.

    Raises:
        InputError: All files are empty, or two are copies of one another.
    """
    needed, also, measured = (sorted(set(names)) for names in (columns, optional, sized))
    checked: list[CheckedFile] = []
    problems: list[UnreadableFile] = []

    def check(file: InputFile) -> CheckedFile | UnreadableFile:
        return _check(file, needed, also, measured, policy, look)

    pool = ThreadPoolExecutor(threads)
    try:
        for number, outcome in enumerate(pool.map(check, files), 1):
            if isinstance(outcome, CheckedFile):
                checked.append(outcome)
            else:
                problems.append(outcome)
            on_checked(number)
            raise_if_interrupted()
    finally:
        pool.shutdown(cancel_futures=True)
    _refuse_copies([each.file for each in checked])
    if not problems and not any(each.file.entries for each in checked):
        named = files[0].path if len(files) == 1 else f"all {len(files)} files"
        raise InputError(f"{named}: no events (zero entries in the tree '{files[0].tree}')")
    return CheckedFiles(checked, problems)


def refusal(problems: Sequence[UnreadableFile], n_files: int) -> InputError:
    """Return in one error which files cannot be used.

    Args:
        problems: At least one.
        n_files: How many files there are in all.
    """
    return InputError("\n".join(_summary(problems, n_files)), problems[0].error.cause)


def _check(
    file: InputFile,
    columns: Sequence[str],
    optional: Sequence[str],
    sized: Sequence[str],
    policy: RetryPolicy,
    look: Look,
) -> CheckedFile | UnreadableFile:
    if file.is_known:
        return CheckedFile(file, file.path)
    replicas = policy.replicas(file.path, file.replicas)
    described = file
    while True:
        address = replicas.address
        try:
            with look(address, file.tree, policy.timeout_s) as tree:
                # whatever else is wrong with it, its events are known
                described = _identified(file, address, tree)
                if columns or optional:
                    require_columns(tree, address, columns, optional)
                generation, cluster = generation_of(tree), cluster_of(tree)
                described = described._replace(generation=generation, cluster=cluster)
                size = _event_bytes(tree, sized) if sized else None
                return CheckedFile(described, address, unfinished(tree.file), size)
        except InputError as error:
            wait = replicas.failed(error.cause)
            if wait is None:
                return UnreadableFile(described, error, replicas.attempts, replicas.address)
        time.sleep(wait)


def _event_bytes(tree: Any, columns: Iterable[str]) -> float | None:
    if not tree.num_entries:
        return None
    try:
        present = column_types(tree).keys() & {*columns}
        return sum(unpacked_bytes(tree, present).values()) / int(tree.num_entries)
    except Exception as error:  # noqa: BLE001  # contents of a file can raise anything
        raise_if_ours("looking for the sizes of branches failed", error)
        return None  # who reads it will tell what is wrong


def _identified(file: InputFile, address: str, tree: Any) -> InputFile:
    uuid, entries = tree.file.uuid, int(tree.num_entries)
    size = int(tree.file.source.num_bytes)
    for name, before, now in (
        ("UUID", file.uuid, uuid),
        ("entries", file.entries, entries),
        ("bytes", file.bytes, size),
    ):
        if before is not None and before != now:
            raise InputError(
                f"{address}: is not the file that the fileset has: {name} {now}, not {before}: "
                "build the fileset anew",
                "changed",
            )
    if any(stop > entries for _, stop in file.to_read):
        raise InputError(
            f"{address}: has {counted(entries, 'event')}, fewer than the fileset wants: build it "
            "anew",
            "changed",
        )
    return file._replace(uuid=uuid, entries=entries, bytes=size)


def _summary(problems: Sequence[UnreadableFile], n_files: int) -> Iterator[str]:
    if n_files > 1:
        yield f"{len(problems)} of {counted(n_files, 'file')} cannot be used:"
    yield from (str(problem.error) for problem in problems[:SHOWN])
    if len(problems) > SHOWN:
        yield f"... and {len(problems) - SHOWN} more"


def _refuse_copies(files: Iterable[InputFile]) -> None:
    first: dict[UUID | None, InputFile] = {}
    for file in files:
        same = first.setdefault(file.uuid, file)
        if same is not file:
            raise InputError(
                f"{same.path} and {file.path} are copies of one file (UUID {file.uuid}): "
                "its events would count twice; leave one out"
            )
