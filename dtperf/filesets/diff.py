"""Compare two filesets."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from dtperf.filesets.model import Files, InputFile, in_words, union
from dtperf.results.row_columns import field_columns, rows_frame

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChangedFile", "Diff", "diff"]

COMPARED = ("uuid", "entries", "bytes", "tree", "dataset")
Pair = tuple[InputFile, InputFile]
Numbered = tuple[int, InputFile]


class ChangedFile(NamedTuple):
    """A file that is in both."""

    a: InputFile
    b: InputFile
    values: dict[str, tuple[Any, Any]]
    """What differs, by name, in both; None is not known. 'ranges' are the events to be read."""


class _Difference(NamedTuple):
    """A row of the data frame."""

    difference: str
    """'only in a', 'only in b', 'moved', or the name of what has changed."""
    path_a: str | None = None
    path_b: str | None = None
    a: str | None = None
    """What has changed, as text; None: not known."""
    b: str | None = None


class Diff(NamedTuple):
    """Differences of two filesets; all in the order of the filesets."""

    only_a: Files
    only_b: Files
    moved: list[Pair]
    """The same file, by its UUID, at another path."""
    changed: list[ChangedFile]
    """The same file, by UUID or path, of which something else differs."""

    @property
    def is_equal(self) -> bool:
        """Whether there is no difference."""
        return not any(self)

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame: one row a difference, with both paths and what has changed."""
        return rows_frame(field_columns(_Difference), self._differences())

    def _differences(self) -> Iterator[_Difference]:
        yield from (_Difference("only in a", path_a=file.path) for file in self.only_a)
        yield from (_Difference("only in b", path_b=file.path) for file in self.only_b)
        yield from (_Difference("moved", one.path, other.path) for one, other in self.moved)
        for one, other, values in self.changed:
            for name, (a, b) in values.items():
                yield _Difference(name, one.path, other.path, _as_text(a), _as_text(b))


def diff(a: Iterable[InputFile], b: Iterable[InputFile]) -> Diff:
    """Compare two filesets; a file is the same by its UUID, or by its path.

    Args:
        a: One fileset.
        b: Another one.

    Returns:
        The differences; a file that was moved and changed is in both lists. Replicas and the
        order of files make none.
    """
    left, right = [*enumerate(a)], [*enumerate(b)]
    found: list[tuple[int, Pair]] = []
    for key in (_both, _uuid, _path):
        new, left, right = _paired(left, right, key)
        found += new
    pairs = [pair for _, pair in sorted(found, key=itemgetter(0))]
    differences = ((one, other, _differences(one, other)) for one, other in pairs)
    return Diff(
        only_a=Files(file for _, file in left),
        only_b=Files(file for _, file in right),
        moved=[(one, other) for one, other in pairs if one.path != other.path],
        changed=[ChangedFile._make(each) for each in differences if each[2]],
    )


def _both(file: InputFile) -> Hashable | None:
    return (file.uuid, file.path)


def _uuid(file: InputFile) -> Hashable | None:
    return file.uuid


def _path(file: InputFile) -> Hashable | None:
    return file.path


def _paired(
    left: Iterable[Numbered],
    right: Iterable[Numbered],
    key: Callable[[InputFile], Hashable | None],
) -> tuple[list[tuple[int, Pair]], list[Numbered], list[Numbered]]:
    """Return pairs of files with equal keys, numbered as the left ones, and the others of both."""
    candidates: dict[Hashable, deque[Numbered]] = defaultdict(deque)
    for number, file in right:
        candidates[key(file)].append((number, file))
    pairs, rest, matched = [], [], set()
    for number, file in left:
        same = candidates.get(key(file)) if key(file) is not None else None
        if same:
            taken, other = same.popleft()
            matched.add(taken)
            pairs.append((number, (file, other)))
        else:
            rest.append((number, file))
    return pairs, rest, [each for each in right if each[0] not in matched]


def _differences(a: InputFile, b: InputFile) -> dict[str, tuple[Any, Any]]:
    values = {name: (getattr(a, name), getattr(b, name)) for name in COMPARED}
    values["ranges"] = (_events(a), _events(b))
    return {name: pair for name, pair in values.items() if pair[0] != pair[1]}


def _events(file: InputFile) -> tuple[tuple[int, int], ...] | None:
    return union(file.to_read) if file.is_counted else None


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    return in_words(value) if isinstance(value, tuple) else str(value)
