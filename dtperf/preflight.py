"""Look at every file before any work starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from uuid import UUID

from dtperf.errors import InputError
from dtperf.filesets import InputFile
from dtperf.nanoaod import open_tree, require_columns

__all__ = ["CheckedFile", "check_files"]

THREADS = 8  # opening a file is mostly waiting for a server
SHOWN = 10


class CheckedFile(NamedTuple):
    """A file that can be read."""

    path: str
    tree: str
    uuid: UUID
    entries: int


def check_files(
    files: Sequence[InputFile],
    columns: Iterable[str],
    optional: Iterable[str] = (),
    on_checked: Callable[[int], None] = lambda _: None,
) -> list[CheckedFile]:
    """Open the files and see that they have what is needed.

    Args:
        files: Files to look at.
        columns: Branches that each must have.
        optional: Branches that are read where they are there.
        on_checked: Called with the number of files looked at so far.

    Returns:
        The files in the same order.

    Raises:
        InputError: Some cannot be used, all are empty, or two are copies of one another.
    """
    needed, wanted = sorted(set(columns)), sorted(set(optional))
    checked: list[CheckedFile] = []
    errors: list[str] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for number, outcome in enumerate(
            pool.map(lambda file: _check(file, needed, wanted), files), 1
        ):
            if isinstance(outcome, CheckedFile):
                checked.append(outcome)
            else:
                errors.append(str(outcome))
            on_checked(number)
    if errors:
        raise InputError("\n".join(_summary(errors, len(files))))
    _refuse_copies(checked)
    if not any(file.entries for file in checked):
        named = files[0].path if len(files) == 1 else f"all {len(files)} files"
        raise InputError(f"{named}: no events (zero entries in the tree '{files[0].tree}')")
    return checked


def _check(
    file: InputFile, columns: Sequence[str], optional: Sequence[str]
) -> CheckedFile | InputError:
    try:
        with open_tree(file.path, file.tree) as tree:
            require_columns(tree, file.path, columns, optional)
            return CheckedFile(*file, tree.file.uuid, tree.num_entries)
    except InputError as error:
        return error


def _summary(errors: Sequence[str], n_files: int) -> Iterator[str]:
    if n_files > 1:
        yield f"{len(errors)} of {n_files} files cannot be used:"
    yield from errors[:SHOWN]
    if len(errors) > SHOWN:
        yield f"... and {len(errors) - SHOWN} more"


def _refuse_copies(files: Iterable[CheckedFile]) -> None:
    first: dict[UUID, CheckedFile] = {}
    for file in files:
        same = first.setdefault(file.uuid, file)
        if same is not file:
            raise InputError(
                f"{same.path} and {file.path} are copies of one file (UUID {file.uuid}): "
                "its events would count twice; leave one out"
            )
