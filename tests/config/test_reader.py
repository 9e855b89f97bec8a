from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest

from dtperf.config import load_config
from dtperf.config.reader import MAX_BYTES, parse
from dtperf.errors import ConfigError

LIMIT_S = 20.0  # of this process alone: most take less than one


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        (".5", 0.5),
        ("010", 10),
        ("100_000", 100_000),
        ("true", True),
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("2023-10-01", "2023-10-01"),
        ("~", None),
        ("'1'", "1"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
        ("{a: &x {b: 1}, c: *x}", {"a": {"b": 1}, "c": {"b": 1}}),
        ("{a: &x {b: 1}, c: {<<: *x, d: 2}}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
    ],
)
def test_values(text: str, value: object) -> None:
    read = parse(text, "text")
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a: 1\nb: 2\na: 3\n", ["line 3, column 1", 'key "a" is given twice, first in line 1']),
        ("a:\n  b: 1\n  'b': 2\n", ["line 3, column 3", '"b" is given twice, first in line 2']),
        ("a: [1, 2\nb: 3\n", ["line 2"]),
        ("a: b: c\n", ["line 1, column 5", "quotes", "a: b: c"]),
        ("a:\n\tb: 1\n", ["line 2, column 1", "not with tabs"]),
        ("a: 1\n b: 2\n", ["line 2"]),
        ("a: 1\n---\nb: 2\n", ["line 2", "document"]),
        ("a: *nowhere\n", ["line 1, column 4", "nowhere"]),
        ("a: 1\nb: \x07\n", ["line 2, column 4", "character"]),
        ("? [a]\n: 1\n", ["line 1", "a key must be text"]),
        ("a: !!python/object:os.system x\n", ["line 1, column 4", "tags (!) are not allowed"]),
        ("a: !!timestamp 2023-10-01\n", ["tags"]),
        ("&a [*a]\n", ["line 1, column 5", "'*a' stands within what it stands for"]),
        ("&a {b: {<<: *a}}\n", ["'*a' stands within what it stands for"]),
        (f"a: {'9' * 5000}\n", ["line 1, column 4", "too many digits"]),
    ],
)
def test_refused(text: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "my.yaml")
    for part in ("my.yaml", *parts):
        assert part in str(caught.value)


def _laughs(levels: int) -> str:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines)


def _merged_laughs(levels: int) -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, levels)]
    return "\n".join(lines)


BOMBS: dict[str, tuple[Callable[[], str], str]] = {
    "aliases": (lambda: _laughs(20), "values, with every alias written out"),
    "merges": (lambda: _merged_laughs(20), "values, with every alias written out"),
    "flow depth": (lambda: "[" * 500_000, "more than 30 levels"),
    "map depth": (lambda: "{a: " * 200_000, "more than 30 levels"),
    "block depth": (lambda: "- " * 400_000, "more than 30 levels"),
    "question depth": (lambda: "? " * 400_000, "more than 30 levels"),
    "list": (lambda: "- 1\n" * 200_000, "more than 20,000 values"),
    "keys": (lambda: "".join(f"k{i}: 1\n" for i in range(80_000)), "more than 20,000 values"),
    "digits": (lambda: f"a: {'9' * 900_000}", "too many digits"),
    "sixties": (lambda: f"a: {'1' + ':1' * 400_000}", "unknown key"),
    "float": (lambda: f"title: {'1.' + '1' * 900_000}", "title"),
    "text": (lambda: f"selection: {'a' * 900_000}", "selection"),
    "size": (lambda: "#" * (MAX_BYTES + 1), "more than 1,000,000 bytes"),
    "unknown keys": (lambda: "".join(f"k{i}: 1\n" for i in range(9_000)), "8,980 more errors"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_in_time(tmp_path: Path, name: str) -> None:
    make, part = BOMBS[name]
    path = tmp_path / "bomb.yaml"
    path.write_text(make(), encoding="utf-8")
    started = process_time()
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert process_time() - started < LIMIT_S
    assert part in str(caught.value)
    assert len(str(caught.value)) < 10_000


def test_an_endless_file() -> None:
    endless = Path("/dev/zero")
    if not endless.exists():
        pytest.skip("no /dev/zero here")
    with pytest.raises(ConfigError, match="more than 1,000,000 bytes"):
        load_config(endless)


@pytest.mark.parametrize(
    ("content", "part"),
    [(b"\xff\xfe\x00", "not UTF-8 text"), (b"root\x00\x01", "character"), (b"\xef\xbb\xbf{}", "")],
)
def test_not_text(tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(content)
    if not part:
        load_config(path)
        return
    with pytest.raises(ConfigError, match=part):
        load_config(path)
