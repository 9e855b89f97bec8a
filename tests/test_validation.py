"""JSON from anyone is read within limits."""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.errors import InputError
from dtperf.validation import read_json, write_json

contents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.json"


@given(content=contents)
def test_what_is_written_is_read(content: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("written")
    for name in ("x.json", "x.json.gz"):
        write_json(folder / name, content)
        assert read_json(folder / name, 10_000_000, 100) == content


def test_equal_contents_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.json.gz", "b.json.gz"):
        write_json(tmp_path / name, {"x": [1, 2]})
    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.json.gz", "b.json.gz"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[" * 31 + b"]" * 31, "30 levels"),
        (b'{"a":' * 100_000, "30 levels"),
        (b"[" * 5_000_000, "30 levels"),
        (b'{"a": 1, "b": 2, "a": 3}', "'a' is given twice"),
        (b"[NaN]", "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"[1e999]", "too large a number"),
        (b"[" + b"9" * 5000 + b"]", "not readable"),
        (b"{", "not readable"),
        (b"\xff\xfe", "not readable"),
        (b"", "not readable"),
    ],
)
def test_bad_contents_name_the_file(text: bytes, message: str, file: Path) -> None:
    file.write_bytes(text)
    with pytest.raises(InputError, match=rf"x\.json.*{message}"):
        read_json(file, 10_000_000)


def test_limits_are_as_told(file: Path) -> None:
    file.write_text("[" * 30 + "]" * 30)
    assert read_json(file, 60)
    with pytest.raises(InputError, match="larger than 59 bytes"):
        read_json(file, 59)
    # brackets in text are no levels
    file.write_text(json.dumps(["[[[[" * 100, '"[[[[\\"[[']))
    assert read_json(file, 10_000)[0] == "[[[[" * 100


def test_a_missing_or_cut_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.json: cannot be read"):
        read_json(tmp_path / "no.json", 10)
    write_json(tmp_path / "x.json.gz", list(range(1000)))
    packed = (tmp_path / "x.json.gz").read_bytes()
    for end in (0, 5, len(packed) // 2, len(packed) - 4):
        (tmp_path / "x.json.gz").write_bytes(packed[:end])
        with pytest.raises(InputError, match=r"x\.json\.gz"):
            read_json(tmp_path / "x.json.gz", 100_000)


def test_a_bomb_stays_small(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.json.gz"
    # what is packed apart is read one after the other
    bomb.write_bytes(20 * gzip.compress(bytes(100_000_000), 1))
    code = (
        "import sys; from pathlib import Path; from dtperf.validation import read_json\n"
        "from dtperf.errors import InputError\n"
        "try: read_json(Path(sys.argv[1]), 10_000_000)\n"
        "except InputError as error: print(error)\n"
    )
    limit = 1_500_000_000
    done = subprocess.run(
        [sys.executable, "-c", code, bomb],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert "larger than 10,000,000 bytes" in done.stdout
