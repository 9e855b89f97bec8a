"""Counts as text are those of Python's own lists, and of JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dtperf.errors import InputError
from dtperf.results.count_text import from_text, to_text
from dtperf.validation import Unread, read_json

Counts = npt.NDArray[np.int64]
NUMBERS = (
    st.just(0)
    | st.integers(-20, 20)
    | st.sampled_from([-(2**63), 2**63 - 1, 10**17, 10**18, -(10**18) + 1])
)
SOME = st.lists(st.integers(1, 4), min_size=1, max_size=3).flatmap(
    lambda shape: arrays(np.int64, tuple(shape), elements=NUMBERS, fill=st.just(0))
)


@given(arrays(np.int64, st.tuples(*[st.integers(0, 4)] * 3), elements=NUMBERS, fill=st.just(0)))
def test_it_is_written_as_python_writes_lists(counts: Counts) -> None:
    assert to_text(counts) == repr(counts.tolist())


@given(SOME)
def test_it_is_read_as_it_was(counts: Counts) -> None:
    found = from_text(to_text(counts).encode(), counts.shape)
    assert found is not None
    assert found.dtype == np.int64
    assert found.tolist() == counts.tolist()


@given(SOME, st.data())
def test_what_was_changed_is_read_as_json_does_or_not_at_all(counts: Counts, data: Any) -> None:
    text = to_text(counts)
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.sampled_from([at, at + 1, at + 2]))
    changed = text[:at] + data.draw(st.text("-0123, []x\n", max_size=2)) + text[end:]
    found = from_text(changed.encode(), counts.shape)
    if found is not None:
        assert found.tolist() == json.loads(changed)


def test_a_claim_of_many_costs_nothing() -> None:
    for shape in [(10**12,), (10**12, 0), (0, 10**12)]:
        assert from_text(b"[1, 2]", shape) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "[", "[]", "[1]", "[1, 2, 3]", "[[1, 2]]", "[1, [2]]", "[1,2]", "[1 , 2]", "[1, 2] "),
        *("[1, 2]]", "1[, 2]", "[01, 2]", "[1, 00]", "[--1, 2]", "[1-, 2]", "[1, -]", "[1, 2-3]"),
        *("[1 1, 2]", "[, 1]", "[1, true]", "[1, 2.0]", "[1, 1e2]", "[1, \u0662]", "[+1, 2]"),
        *(f"[1, {2**63}]", f"[{-(2**63) - 1}, 2]"),
    ],
)
def test_other_texts_are_left_to_who_reads_json(text: str) -> None:
    assert from_text(text.encode(), (2,)) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"values": [1, 2], "x": 1.5}', {"values": b"[1, 2]", "x": 1.5}),
        ('[{"values": [[0]]}, {"values": [-1]}]', [{"values": b"[[0]]"}, {"values": b"[-1]"}]),
        ('{"values": [1.5]}', {"values": [1.5]}),
        ('{"values": [1], "x": "NaN"}', {"values": [1], "x": "NaN"}),
        ('{"values": [1], "\\"values": [2]}', {"values": b"[1]", '"values': b"[2]"}),
        ('{"x": "\\"values\\": [2]"}', {"x": '"values": [2]'}),
        ('{"values": {"values": [7]}}', {"values": {"values": b"[7]"}}),
    ],
)  # fmt: skip
def test_lists_that_are_left_as_text(tmp_path: Path, text: str, found: Any) -> None:
    def read(content: Any) -> Any:
        if isinstance(content, dict):
            return {name: read(each) for name, each in content.items()}
        if isinstance(content, list):
            return [read(each) for each in content]
        return content.text if isinstance(content, Unread) else content

    file = tmp_path / "x.json"
    file.write_text(text)
    assert read(read_json(file, 1000, unread=b"values")) == found
    assert read_json(file, 1000) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"values": [1], "x": NaN}',
        '{"values": [1], "x": Infinity}',
        '{"x": -Infinity, "values": [1]}',
        '{"values": [1]2}',
        '{"values": [1], "values": [1]}',
        '{"values": ' + "[" * 40 + "]" * 40 + "}",
    ],
)
def test_beside_them_the_rest_is_looked_at_as_ever(tmp_path: Path, text: str) -> None:
    (file := tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=r"x\.json: "):
        read_json(file, 1000, unread=b"values")
