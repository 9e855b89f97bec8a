"""Files are whole or not there, are no way to another's file, and one process holds a lock."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from dtperf.errors import ConfigError
from dtperf.files import is_locked, locked, replacing, writable, write_atomic

HOLD = """
import sys
from pathlib import Path
from dtperf.files import locked
with locked(Path(sys.argv[1])) as is_ours:
    print(is_ours, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("content", ["naïve\n", b"\x00\xff"])
def test_what_is_written_is_there_and_nothing_else(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "file"
    path.write_text("a longer content that was there before")
    write_atomic(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert [*tmp_path.iterdir()] == [path]


def test_a_full_disk_leaves_the_older_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]


def test_links_are_replaced_and_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, path = tmp_path / "mine", tmp_path / "file"
    mine.write_text("mine")
    path.symlink_to(mine)
    write_atomic(path, "new")
    assert (mine.read_text(), path.read_text(), path.is_symlink()) == ("mine", "new", False)
    # one that was put where the temporary file will be, by somebody who could guess its name
    monkeypatch.setattr(os, "urandom", bytes)
    (tmp_path / ".file.00000000.new").symlink_to(mine)
    with pytest.raises(FileExistsError):
        write_atomic(path, "newer")
    assert (mine.read_text(), path.read_text()) == ("mine", "new")


def test_a_secret_is_never_readable_by_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    path = tmp_path / "secret"
    replace = Path.replace

    def look(self: Path, target: Path) -> Path:
        seen.append(stat.S_IMODE(self.stat().st_mode))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", look)
    write_atomic(path, "secret", mode=0o600)
    assert seen == [stat.S_IMODE(path.stat().st_mode)] == [0o600]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as one, replacing(path) as other:
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"  # which has ended last


def test_one_process_holds_a_lock_until_it_ends(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    assert not is_locked(path)
    assert not path.exists()
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        assert is_locked(path)
        with locked(path) as is_ours:
            assert not is_ours
        other.kill()
        other.wait()
    assert not is_locked(path)
    with locked(path) as is_ours:
        assert is_ours


def test_where_there_are_no_locks_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> NoReturn:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", unsupported)
    with locked(tmp_path / ".lock") as is_ours:
        assert is_ours
    assert not is_locked(tmp_path / ".lock")


def test_a_path_that_cannot_be_written_is_the_users_mistake(tmp_path: Path) -> None:
    out = tmp_path / "no" / "file"
    with (
        pytest.raises(ConfigError, match=r"no/file: cannot be written: No such file"),
        writable(out),
    ):
        write_atomic(out, "x")
