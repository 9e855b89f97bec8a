"""A cache of compiled functions that cannot be used costs time, and nothing else."""

from __future__ import annotations

import errno
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numba
import pytest

import dtperf
from dtperf import compile_once
from dtperf import kernel_cache as module
from dtperf.compile_once import Turn
from dtperf.errors import DtperfWarning
from dtperf.files import locked
from dtperf.kernel_cache import PORTABLE
from tests.helpers.kernel_modules import CACHED, SOURCE, load, misses, own_kernels, stored

ROOT = Path(dtperf.__file__).parents[1]
BESIDE_ANOTHER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from kernels import half
from dtperf.compile_once import Turn
from dtperf.kernel_clock import spent_compiling
compiler = half.dispatcher._compiler
compile = compiler.compile

def compile_while_another_asks(*words):
    while not (begun / "asked").exists():
        time.sleep(0.01)
    time.sleep(0.4)
    return compile(*words)

def wait_and_say_so(turn):
    (begun / "asked").touch()
    wait(turn)

wait, Turn._wait = Turn._wait, wait_and_say_so
compiler.compile = compile_while_another_asks
begun = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
half(3.0), half(3)
print(sum(half.dispatcher.stats.cache_misses.values()), spent_compiling().seconds)
"""
HOLD = """
import sys, time
from pathlib import Path
from dtperf.files import locked
from dtperf.kernel_cache import PORTABLE
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with own_kernels(tmp_path, monkeypatch) as path:
        yield path


def lock_of(path: Path) -> Path:
    """Return the file by which processes agree on who compiles the kernel, in its folder."""
    lock: Path = load(path).half.dispatcher._cache.turn._path
    lock.parent.mkdir(parents=True, exist_ok=True)
    return lock


def test_what_was_compiled_is_not_compiled_again(kernels: Path) -> None:
    assert misses(kernels) == 2
    assert len(stored(kernels)) == 3  # an index, and one entry for each type
    assert misses(kernels) == 0


def test_two_processes_do_not_compile_the_same(kernels: Path, tmp_path: Path) -> None:
    program = [sys.executable, "-c", BESIDE_ANOTHER, str(kernels.parent)]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    both = [
        subprocess.Popen(
            program, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for each in both:
        assert each.stdout
        assert each.stdout.readline() == "ready\n"
    for each in both:
        assert each.stdin
        print(file=each.stdin, flush=True)
    told = [each.communicate(timeout=240)[0].split() for each in both]
    compiled, waited = zip(*[(int(one), float(s)) for one, s in told], strict=True)
    assert sorted(compiled) in ([0, 2], [1, 1])
    # who waits tells of it as of compiling, so that the bar says why nothing moves
    assert min(waited) > 0.3


def test_the_turn_of_a_process_that_was_killed_is_free(kernels: Path, tmp_path: Path) -> None:
    lock = lock_of(kernels)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()
    assert lock.exists()
    assert misses(kernels) == 2
    assert Turn._is_patient


def test_a_process_that_never_ends_is_not_waited_for_long(
    kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_once, "PATIENCE_S", 0.2)
    with locked(lock_of(kernels)) as is_held:
        assert is_held
        assert misses(kernels) == 2
        assert not Turn._is_patient
        # and what it has compiled is kept
        assert misses(kernels) == 0


def test_what_cannot_be_compiled_lets_others_have_their_turn(kernels: Path) -> None:
    half = load(kernels).half
    with pytest.raises(numba.TypingError):
        half("text")
    with locked(lock_of(kernels)) as is_held:
        assert is_held


def test_what_stands_beside_the_code_serves_whose_place_is_elsewhere(
    kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:  # as an installation does that others only read
        patch.setattr(numba.config, "CACHE_DIR", "")
        assert misses(kernels) == 2
    assert len([*(tmp_path / "__pycache__").glob("*.nbc")]) == 2
    assert misses(kernels) == 0
    assert not stored(kernels)
    # what stands there of another version is not taken
    monkeypatch.setattr(module, "code_state", lambda _: "another")
    assert misses(kernels) == 2


@pytest.mark.skipif(platform.machine() != "x86_64", reason="levels are of x86-64")
def test_what_is_compiled_for_any_processor_serves_on_each(
    kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as the Containerfile does, on whatever machine that is
    settings = {"NUMBA_CPU_NAME": PORTABLE, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": ""}
    subprocess.run(
        [sys.executable, "-c", "import kernels as k; k.half(3.0), k.half(3)"],
        cwd=tmp_path,
        env={**os.environ, **settings, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        check=True,
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert misses(kernels) == 0
    # not on a processor that lacks something of it
    monkeypatch.setattr(module, "_runs_portable", lambda: False)
    assert misses(kernels) == 2


def test_what_was_compiled_before_a_function_moved_is_removed(kernels: Path) -> None:
    misses(kernels)
    before = stored(kernels)
    kernels.write_text("\n" + kernels.read_text())
    assert misses(kernels) == 2
    assert len(stored(kernels)) == len(before)
    assert not {*before} & {*stored(kernels)}


def test_what_was_loaded_becomes_a_part_of_what_is_compiled_now(kernels: Path) -> None:
    kernels.write_text(
        f"{SOURCE}\n@compiled\ndef quarter(x):\n    return half(x) / 2 + inverse(x) - inverse(x)\n"
    )
    first = load(kernels)
    assert first.half(3.0) == 1.5
    assert first.inverse(4.0) == 0.25
    again = load(kernels)
    assert again.quarter(3.0) == 0.75
    assert [
        sum(each.dispatcher.stats.cache_hits.values()) for each in (again.half, again.quarter)
    ] == [1, 0]
    assert load(kernels).quarter(3.0) == 0.75


def test_options_go_to_numba(kernels: Path) -> None:
    assert load(kernels).inverse(0.0) == float("inf")


@pytest.mark.parametrize("kind", CACHED)
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_an_entry_that_was_cut_is_made_anew(kernels: Path, kind: str, kept: float) -> None:
    misses(kernels)
    for path in stored(kernels):
        if path.suffix == kind:
            os.truncate(path, int(kept * path.stat().st_size))
    assert misses(kernels) == 2
    assert misses(kernels) == 0


@pytest.mark.parametrize("kind", CACHED)
def test_an_entry_of_which_a_part_was_not_written_is_made_anew(kernels: Path, kind: str) -> None:
    misses(kernels)
    for path in stored(kernels):
        content = path.read_bytes()
        if path.suffix == kind:  # zeros: what a file system leaves after a power cut
            middle = len(content) // 2
            path.write_bytes(content[:middle] + bytes(64) + content[middle + 64 :])
    # without the checksum this would be run as machine code
    assert misses(kernels) == 2


def test_what_is_no_cache_at_all_is_made_anew(kernels: Path) -> None:
    misses(kernels)
    for path in stored(kernels):
        path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    assert misses(kernels) == 2


def test_an_index_that_names_the_entry_of_another_type_is_noticed(kernels: Path) -> None:
    misses(kernels)
    one, other = (path for path in stored(kernels) if path.suffix == ".nbc")
    content = one.read_bytes(), other.read_bytes()
    one.write_bytes(content[1])
    other.write_bytes(content[0])
    assert misses(kernels) == 2


def test_what_another_version_has_compiled_is_not_taken(
    kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    misses(kernels)
    with monkeypatch.context() as patch:
        patch.setattr(numba, "__version__", "0.1")
        assert misses(kernels) == 2
    # a kernel may have parts of another file, which has changed
    monkeypatch.setattr(module, "code_state", lambda _: "another")
    assert misses(kernels) == 2


def test_where_there_is_no_room_it_works_without(
    kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.Files, "_open_for_write", no_room)
    with pytest.warns(DtperfWarning, match=r"No space left.*NUMBA_CACHE_DIR") as said:
        assert misses(kernels) == 2
    assert len(said) == 1


@pytest.fixture
def nowhere(
    kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """No folder where numba keeps what it has compiled can be written."""
    (tmp_path / "file").touch()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setattr(module.caching.InTreeCacheLocator, "from_function", lambda *_: None)
    monkeypatch.setattr(module._UserWide, "from_function", lambda *_: None)
    module._make_temporary.cache_clear()
    yield monkeypatch
    module._make_temporary.cache_clear()


def test_where_no_folder_can_be_written_a_temporary_one_serves(
    nowhere: pytest.MonkeyPatch, kernels: Path, tmp_path: Path
) -> None:
    nowhere.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.warns(DtperfWarning, match="NUMBA_CACHE_DIR") as said:
        assert misses(kernels) == 2
    assert len(said) == 1
    # also for the processes that this one starts
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert folder.parent == tmp_path
    assert misses(kernels) == 0
    module._remove(str(folder), os.getpid())
    assert not folder.exists()


def test_where_nothing_at_all_can_be_written_it_works_without(
    nowhere: pytest.MonkeyPatch, kernels: Path, tmp_path: Path
) -> None:
    nowhere.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    with pytest.warns(DtperfWarning, match="NUMBA_CACHE_DIR"):
        assert misses(kernels) == 2


def test_a_user_without_a_home_gets_no_folder_of_that_name(
    kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    # what Python leaves of `~` where nobody knows the user
    monkeypatch.setenv("HOME", "~")
    assert module._UserWide.from_function(misses, str(kernels)) is None
    assert not (tmp_path / "~").exists()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert module._UserWide.from_function(misses, str(kernels)) is not None


def test_commands_load_no_compiler_before_they_need_it() -> None:
    program = "import sys, dtperf.cli.app; print({'numba', 'uproot'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


def test_every_kernel_that_is_kept_is_kept_so() -> None:
    package = Path(dtperf.__file__).parent
    sources = {path: path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    assert not [path for path, text in sources.items() if re.search(r"njit\(.*cache=True", text)]
