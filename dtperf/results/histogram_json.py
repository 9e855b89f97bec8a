"""Histograms of integers as UHI JSON: written fast, read with care."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal

import hist
import numpy as np
from boost_histogram.serialization import from_uhi as uhi_to_histogram
from boost_histogram.serialization import to_uhi
from pydantic import AfterValidator, BaseModel, Field, FiniteFloat, ValidationError
from uhi.io.json import default

from dtperf.errors import DtperfError, InputError
from dtperf.measurements.declaration import MOMENTS, Histogram
from dtperf.measurements.moments import with_high_parts
from dtperf.results.count_text import from_text, to_text
from dtperf.typing import I64, AnyArray
from dtperf.validation import Unread, many_lists, read_json

__all__ = ["from_uhi", "read_counts", "real_from_uhi", "to_json"]

MAX_BYTES = 1 << 25
"""Of the text of all histograms of a result; the standard ones take three MiB."""

OLDER_MOMENTS = MOMENTS[:3]
"""Of a profile that a dtperf has written which kept no high parts."""

Text = Annotated[str, Field(max_length=1000)]
Edge = Annotated[int, Field(gt=-(2**31), lt=2**31)]


def to_json(counts: Mapping[str, Histogram]) -> bytes:
    """Write histograms of integers.

    Args:
        counts: Histograms by name.

    Returns:
        One JSON object of histograms by name, as ``uhi.io.json`` writes it.

    Raises:
        DtperfError: They are more than `from_uhi` would read.
    """
    each = (f"{json.dumps(name)}:{_text(histogram)}" for name, histogram in counts.items())
    with many_lists():
        text = f"{{{','.join(each)}}}".encode()
    if len(text) > MAX_BYTES:
        raise DtperfError(
            f"the histograms take {len(text) >> 20} MiB as text, more than the "
            f"{MAX_BYTES >> 20} MiB that a result can have: use fewer bins"
        )
    return text


def _text(histogram: Histogram) -> str:
    # hist has no such option; what it would add is its version
    described = to_uhi(histogram, keep_storage=False)
    del described["storage"]
    values = to_text(np.ascontiguousarray(histogram.view(flow=True)))
    head = json.dumps(described, default=default).removesuffix("}")
    return f'{head}, "storage": {{"type": "int", "values": {values}}}}}'


# Not uhi.schema.validate: it takes forty times as long, and bounds neither texts nor axes. What is
# not named here does not reach the library, which would make attributes of any metadata.


class _Names(BaseModel):
    name: Text = ""
    label: Text = ""


class _Origin(BaseModel):
    orig_type: Literal["", "Integer"] = ""
    growth: bool = False
    transform: None = None


class _Writer(BaseModel):
    origin: _Origin = Field(_Origin(), alias="boost-histogram")


class _Axis(BaseModel):
    metadata: _Names = _Names()
    writer_info: _Writer = _Writer()


class _Regular(_Axis):
    type: Literal["regular"]
    lower: Edge | FiniteFloat
    upper: Edge | FiniteFloat
    bins: Annotated[int, Field(ge=1)]
    underflow: bool
    overflow: bool
    circular: Literal[False]

    def __len__(self) -> int:
        return self.bins + self.underflow + self.overflow


class _Variable(_Axis):
    type: Literal["variable"]
    edges: Annotated[list[FiniteFloat], Field(min_length=2)]
    underflow: bool
    overflow: bool
    circular: Literal[False]

    def __len__(self) -> int:
        return len(self.edges) - 1 + self.underflow + self.overflow


def _unique(categories: list[Any]) -> list[Any]:
    if len({*categories}) < len(categories):
        raise ValueError("the same category twice")
    return categories


class _Category(_Axis):
    flow: bool
    categories: Any

    def __len__(self) -> int:
        return len(self.categories) + self.flow


class _IntCategory(_Category):
    type: Literal["category_int"]
    categories: Annotated[list[Edge], AfterValidator(_unique)]


class _StrCategory(_Category):
    type: Literal["category_str"]
    categories: Annotated[list[Text], AfterValidator(_unique)]


class _Boolean(_Axis):
    type: Literal["boolean"]

    def __len__(self) -> int:
        return 2


class _Storage(BaseModel):
    type: Literal["int"]
    values: Any


class _RealStorage(BaseModel):
    type: Literal["int", "double", "weighted"]
    values: Any
    variances: Any = None


class _Histogram(BaseModel):
    uhi_schema: Literal[1]
    axes: Annotated[
        list[
            Annotated[
                _Regular | _Variable | _IntCategory | _StrCategory | _Boolean,
                Field(discriminator="type"),
            ]
        ],
        Field(min_length=1, max_length=8),
    ]
    storage: _Storage


class _RealHistogram(_Histogram):
    storage: _RealStorage  # type: ignore[assignment]  # more than integers


def read_counts(path: Path) -> Any:
    """Read a file that `to_json` has written, packed, for `from_uhi`.

    Raises:
        InputError: It cannot be read, is too large, or is no JSON; names the file.
    """
    return read_json(path, MAX_BYTES, gzipped=True, unread=b"values")


def from_uhi(content: Any, label: str) -> dict[str, Histogram]:
    """Make histograms of what was read from JSON; none of it runs, or takes more memory.

    Args:
        content: UHI histograms of integers by name.
        label: Where it comes from, for messages.

    Returns:
        Histograms by name.

    Raises:
        InputError: It is something else, or a count cannot be.
    """
    return _read(content, label, _histogram)


def real_from_uhi(content: Any, label: str) -> dict[str, Histogram]:
    """Make histograms of integers, floats or weights; arguments and errors as of `from_uhi`."""
    return _read(content, label, _real_histogram)


def _read(content: Any, label: str, make: Callable[[Any], Histogram]) -> dict[str, Histogram]:
    if not isinstance(content, dict):
        raise InputError(f"{label}: is no object of histograms", "corrupt")
    found = {}
    for name, value in content.items():
        try:
            found[name] = make(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            key = ".".join(map(str, (name[:100], *first["loc"])))
            raise InputError(f"{label}: {key}: {first['msg']}", "corrupt") from None
        except (ValueError, TypeError, OverflowError, RuntimeError) as error:
            raise InputError(f"{label}: {name[:100]}: {error}", "corrupt") from error
    return found


def _histogram(content: Any) -> Histogram:
    histogram = _filled(_Histogram.model_validate(content, strict=True))
    counts: I64 = np.asarray(histogram.view(flow=True))
    if (_unsigned(histogram, counts) < 0).any():
        raise ValueError("has a negative number of entries")
    is_older = tuple(histogram.axes[-1]) == OLDER_MOMENTS
    return with_high_parts(histogram) if is_older else histogram


def _real_histogram(content: Any) -> Histogram:
    return _filled(_RealHistogram.model_validate(content, strict=True))


def _filled(described: _Histogram) -> Histogram:
    names = [axis.metadata.name for axis in described.axes]
    if len({*names}) < len(names):
        raise ValueError(f"axes share a name: {names}")
    shape = tuple(len(axis) for axis in described.axes)
    kind: str = described.storage.type
    numbers = int if kind == "int" else float
    parts = ("values", "variances") if kind == "weighted" else ("values",)
    stored = {name: _array(getattr(described.storage, name), shape, numbers) for name in parts}
    if "variances" in stored and (stored["variances"] < 0).any():
        raise ValueError("has a negative variance")
    # only now is a histogram made: it has as many bins as were read
    checked = described.model_dump(by_alias=True, exclude={"storage"})
    histogram: Histogram = hist.Hist(
        uhi_to_histogram({**checked, "storage": {"type": kind, **stored}})
    )
    return histogram


def _unsigned(histogram: Histogram, counts: I64) -> I64:
    """Leave out the sums of a profile: of any sign, and of squares perhaps beyond 63 bits."""
    if "moment" not in histogram.axes.name:
        return counts
    if tuple(histogram.axes[-1]) not in (MOMENTS, OLDER_MOMENTS):
        raise ValueError(f"a profile has the moments {', '.join(MOMENTS)}, at last")
    return counts[..., :1]


def _array(values: Any, shape: tuple[int, ...], numbers: type[int | float]) -> AnyArray:
    if isinstance(values, Unread):
        if (counts := from_text(values.text, shape)) is not None:
            return counts
        values = values.content()  # and what is wrong with it
    level = [values]
    for length in shape:
        if not {*map(type, level)} <= {list} or not {*map(len, level)} <= {length}:
            raise ValueError(f"its values are not of the shape {shape} of its axes")
        level = list(chain.from_iterable(level))
    if not {*map(type, level)} <= {int, numbers}:
        raise ValueError(f"its values are not {'whole ' * (numbers is int)}numbers")
    return np.array(level, dtype=numbers).reshape(shape)
