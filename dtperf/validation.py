"""Data of anyone, read with limits: ``read_json(path, max_bytes=1_000_000)``; strict models."""

from __future__ import annotations

import ast
import gc
import gzip
import inspect
import json
import re
import sys
import textwrap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from dtperf.errors import ConfigError, InputError
from dtperf.files import write_atomic

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["Model", "Unread", "check_table", "many_lists", "read_json", "validated", "write_json"]


class Model(BaseModel):
    """Frozen, and with no key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    _load_with: ClassVar[str] = ""
    """The function that makes one of content and overrides, where there is one."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe every key with its docstring.

        pydantic's `use_attribute_docstrings` would look for them whenever a model is made, which
        takes a tenth of a second of each command.
        """
        made = handler(core_schema)
        keys = handler.resolve_ref_schema(made).get("properties", {})
        for name, text in _docstrings(cls).items():
            if name in keys:
                keys[name].setdefault("description", text)
        return made

    def __dir__(self) -> list[str]:
        """List what is ours, for completion: pydantic's own names are many."""
        return sorted({*super().__dir__()} - {n for n in dir(BaseModel) if not n.startswith("__")})

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse to be changed.

        Raises:
            ConfigError: Always; names the key, and how to make another config.
        """
        root, key = _place_of(type(self), name)
        how = f": {root._load_with}(config, {{{key!r}: {value!r}}})" if root._load_with else ""
        raise ConfigError(f"{key}: a config cannot be changed: make another one{how}")

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return itself, which nothing changes: a processor is copied for each chunk."""
        return self


def _docstrings(model: type[Model]) -> dict[str, str]:
    """Read the docstrings of a model's keys, which stand below them in its source."""
    found = {}
    for owner in reversed(model.__mro__[: model.__mro__.index(Model)]):
        for key, below in pairwise(_definition(owner).body):
            match key, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[name] = inspect.cleandoc(text)
    return found


def _definition(owner: type) -> ast.ClassDef:
    module = sys.modules[owner.__module__]
    if owner.__qualname__ in (of_module := _definitions(module)):
        return of_module[owner.__qualname__]
    [found] = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(found, ast.ClassDef)
    return found


@cache
def _definitions(module: ModuleType) -> dict[str, ast.ClassDef]:
    """Read a module's classes: `inspect` reads all of it for each, which took a tenth of a second.

    None of a module without source, as a notebook is.
    """
    try:
        body = ast.parse(inspect.getsource(module)).body
    except OSError:
        return {}
    return {node.name: node for node in body if isinstance(node, ast.ClassDef)}


def _place_of(section: type[Model], name: str) -> tuple[type[Model], str]:
    """Find the config that a section is of, and the dotted key of one of its values."""
    if section._load_with:
        return section, name
    waiting = [Model]
    while waiting:
        owner = waiting.pop()
        waiting += owner.__subclasses__()
        for field, info in owner.model_fields.items():
            if info.annotation is section:
                return _place_of(owner, f"{field}.{name}")
    return section, name


M = TypeVar("M", bound=BaseModel)
MAX_DEPTH = 30
STAND_IN = b"NaN"
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""1 inwards, -1 outwards."""
_NO_BRACKETS = bytes({*range(256)} - {*b"[]{}"})
STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class Unread(NamedTuple):
    """Lists of whole numbers, or what looks like them, as their text."""

    text: bytes

    def content(self) -> Any:
        """Read it.

        Raises:
            ValueError: It is no JSON.
        """
        with many_lists():
            return json.loads(self.text)


def read_json(
    path: Path,
    max_bytes: int,
    max_depth: int = MAX_DEPTH,
    *,
    gzipped: bool | None = None,
    unread: bytes = b"",
) -> Any:
    """Read a JSON file that may have been made to do harm.

    Args:
        path: The file.
        max_bytes: How large it may be, unpacked.
        max_depth: How many lists and mappings may lie inside one another.
        gzipped: Whether it is packed; None: as its name says.
        unread: A key whose lists of whole numbers are given as `Unread`: numpy reads them faster.

    Raises:
        InputError: It cannot be read, is too large or too deep, is no JSON, gives a key twice, or
            has a number that is not finite; names the file.
    """
    text = _read(path, max_bytes, path.suffix == ".gz" if gzipped is None else gzipped)
    if _depth(text) > max_depth and _depth(STRING.sub(b"", text)) > max_depth:
        raise InputError(f"{path}: more than {max_depth} levels, one inside the other")
    text, lists = _set_aside(text, unread)

    def constant(name: str) -> Unread:
        if name != STAND_IN.decode() or (found := next(lists, None)) is None:
            raise ValueError(f"{name} is no number")
        return found

    try:
        with many_lists():
            return json.loads(
                text.decode(),
                object_pairs_hook=_unique,
                parse_constant=constant,
                parse_float=_finite,
            )
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not readable as JSON: {error}") from None


def validated(model: type[M], content: Any, path: Path) -> M:
    """Make a model of what was read.

    Args:
        model: What it should be.
        content: From `read_json`.
        path: Its file, for the message.

    Raises:
        InputError: It is something else; names the file and the key.
    """
    try:
        return model.model_validate(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"]))[:200]
        raise InputError(f"{path}: {key}: {first['msg']}", "corrupt") from None


def check_table(
    file: pq.ParquetFile, path: Path, schema: pa.Schema, max_rows: int, what: str
) -> None:
    """Check that a Parquet table can be read in memory that is bounded by its rows.

    Args:
        file: The open file.
        path: Its path, for messages.
        schema: The columns that it must have, and no others.
        max_rows: How many rows it may have.
        what: What it should be, for messages.

    Raises:
        InputError: It has other columns, is compressed, or claims more than it can have.
    """
    found = file.metadata
    if found.num_rows > max_rows:
        raise InputError(f"{path}: claims {found.num_rows:,} rows, more than can be", "oversize")
    present = file.schema_arrow
    for field in schema:
        if field.name not in present.names or present.field(field.name).type != field.type:
            raise InputError(
                f"{path}: column '{field.name}': missing, or not of type {field.type}", "corrupt"
            )
    if present.names != schema.names:
        raise InputError(f"{path}: has columns that no {what} has", "corrupt")
    groups = [found.row_group(number) for number in range(found.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    if any(chunk.compression != "UNCOMPRESSED" for chunk in chunks):
        raise InputError(f"{path}: is compressed, which no {what} is", "corrupt")
    # pieces of a file that are named many times would be read many times
    if sum(chunk.total_compressed_size for chunk in chunks) > path.stat().st_size:
        raise InputError(f"{path}: claims more content than it has", "oversize")


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file, packed if its name ends so; it is there whole or not at all.

    Args:
        path: The file; one of that name is replaced.
        content: Equal contents give equal bytes.
    """
    text = json.dumps(content, indent=1).encode() + b"\n"
    write_atomic(path, gzip.compress(text, 6, mtime=0) if path.suffix == ".gz" else text)


def _read(path: Path, max_bytes: int, gzipped: bool) -> bytes:
    try:
        with gzip.open(path) if gzipped else path.open("rb") as file:
            text: bytes = file.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if len(text) > max_bytes:
        raise InputError(f"{path}: larger than {max_bytes:,} bytes")
    return text


def _set_aside(text: bytes, key: bytes) -> tuple[bytes, Iterator[Unread]]:
    """Put NaN, which nobody else may write, in the place of a key's lists of whole numbers."""
    if not key or STAND_IN in text:
        return text, iter(())
    pieces = re.split(rb'(?<="%b": )(\[[-0-9,\[\] ]*\])' % key, text)
    lists, pieces[1::2] = pieces[1::2], [STAND_IN] * (len(pieces) // 2)
    return b"".join(pieces), map(Unread, lists)


def _depth(text: bytes) -> int:
    """Bound how deep brackets lie in one another; those in strings count as well."""
    steps = np.frombuffer(text.translate(_STEPS, _NO_BRACKETS), dtype=np.int8)
    return int(np.cumsum(steps, dtype=np.int32).max(initial=0))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = {}
    for name, value in pairs:
        if name in content:
            raise ValueError(f"the key {name[:100]!r} is given twice")
        content[name] = value
    return content


def _finite(text: str) -> float:
    number = float(text)
    if abs(number) == float("inf"):
        raise ValueError(f"{text[:100]} is too large a number")
    return number


@contextmanager
def many_lists() -> Iterator[None]:
    """Make many lists that all stay: Python does not look for rings among them meanwhile.

    It looks again and again as they become more, which took three quarters of the time to read or
    write the histograms of a result.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
