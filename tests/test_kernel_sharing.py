"""What others have compiled is taken where it fits exactly, and saves time and nothing else."""

from __future__ import annotations

import errno
import hashlib
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numba
import pytest

from dtperf import kernel_cache, kernel_clock, kernel_sharing
from dtperf.compiled import keep
from dtperf.errors import DtperfWarning
from dtperf.kernel_cache import PORTABLE, kept_of
from dtperf.kernel_sharing import machine_of, others
from tests.helpers.kernel_modules import SOURCE, load, misses, own_kernels, stored

Contents = dict[tuple[str, str], bytes]


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with own_kernels(tmp_path, monkeypatch) as path:
        yield path
    others.ask(None)


@pytest.fixture
def given(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> Contents:
    """What another machine has compiled, of which nothing is in any folder here."""
    assert misses(kernels) == 2
    contents = contents_of(kernels)
    assert len(contents) == 2
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(kernels.parent / "own"))
    return contents


def contents_of(path: Path) -> Contents:
    kept = kept_of(load(path).half.dispatcher)
    return {(each.machine, each.name): each.path.read_bytes() for each in kept}


def opened(content: bytes) -> Any:
    return pickle.loads(content[32:])  # noqa: S301  # of this test


def sealed(stored: Any) -> bytes:
    """Make the content of a file, whole as far as its checksum can tell."""
    content = pickle.dumps(stored)
    return hashlib.sha256(content).digest() + content


def test_it_is_not_compiled_again(kernels: Path, given: Contents) -> None:
    asked = list[Sequence[str]]()

    def fetch(machines: Sequence[str]) -> Contents:
        asked.append(machines)
        return given

    others.ask(fetch)
    assert misses(kernels) == 0
    # once for all, for this processor first
    assert [machines[0] for machines in asked] == [machine for machine, _ in given][:1]
    # and the next process of this machine asks nobody
    assert len(stored(kernels, "own")) == 3
    assert misses(kernels) == 0
    assert len(asked) == 1


def test_nobody_is_asked_for_what_is_here(kernels: Path, given: Contents) -> None:
    assert misses(kernels) == 2

    def fetch(_: Sequence[str]) -> NoReturn:
        pytest.fail("asked")

    others.ask(fetch)
    assert misses(kernels) == 0


def cut(content: bytes) -> bytes:
    return content[:-7]


def with_zeros(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(64) + content[middle + 64 :]


def of_another_processor(content: bytes) -> bytes:
    (sig, (triple, _, features), code), data = opened(content)
    return sealed(((sig, (triple, "another", features), code), data))


def of_another_type(content: bytes) -> bytes:
    (_, machine, code), data = opened(content)
    return sealed((((numba.types.complex128,), machine, code), data))


@pytest.mark.parametrize(
    "spoil", [cut, with_zeros, of_another_processor, of_another_type, lambda _: b"", lambda _: b"x"]
)
def test_what_does_not_fit_exactly_is_compiled(
    kernels: Path, given: Contents, spoil: Callable[[bytes], bytes]
) -> None:
    spoiled = {name: spoil(content) for name, content in given.items()}
    others.ask(lambda _: spoiled)
    assert misses(kernels) == 2
    # and what was compiled here is what is kept
    others.ask(None)
    assert misses(kernels) == 0


def test_what_is_for_any_processor_is_taken(
    kernels: Path, given: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    portable = Contents()
    for (_, name), content in given.items():
        (sig, (triple, *_), code), data = opened(content)
        key = (sig, (triple, PORTABLE, ""), code)
        portable[machine_of(key), name] = sealed((key, data))
    others.ask(lambda _: portable)
    if kernel_cache._runs_portable():
        assert misses(kernels) == 0
    # not on a processor that lacks something of it
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(kernels.parent / "older"))
    monkeypatch.setattr(kernel_cache, "_runs_portable", lambda: False)
    others.ask(lambda _: portable)
    assert misses(kernels) == 2


@pytest.mark.parametrize("setting", ["USING_SVML", "BOUNDSCHECK"])
def test_code_that_needs_what_is_not_installed_has_another_name(
    kernels: Path, given: Contents, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others.ask(lambda _: given)
    monkeypatch.setattr(numba.config, setting, "another")
    half = load(kernels).half
    half(3.0)
    assert sum(half.dispatcher.stats.cache_misses.values()) == 1


def test_what_another_version_of_the_code_was_compiled_to_is_not_taken(
    kernels: Path, given: Contents
) -> None:
    kernels.write_text(SOURCE.replace("x / 2", "x / 2 + 0"))
    others.ask(lambda _: given)
    assert misses(kernels) == 2


def test_whoever_does_not_answer_does_not_hinder(kernels: Path, given: Contents) -> None:
    asked = []

    def fetch(machines: Sequence[str]) -> NoReturn:
        asked.append(machines)
        raise TimeoutError

    others.ask(fetch)
    assert misses(kernels) == 2
    assert len(asked) == 1  # nobody waits for it twice


def test_it_serves_where_nothing_can_be_written(
    kernels: Path, given: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(kernel_cache.Files, "_open_for_write", no_room)
    others.ask(lambda _: given)
    with pytest.warns(DtperfWarning, match="NUMBA_CACHE_DIR"):
        assert misses(kernels) == 0


def test_the_time_until_it_comes_is_not_that_of_events(kernels: Path, given: Contents) -> None:
    others.ask(lambda _: given)
    before = kernel_clock.spent_compiling()
    assert misses(kernels) == 0
    assert kernel_clock.spent_compiling().seconds > before.seconds


def test_what_is_compiled_is_told_of(kernels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_cache, "fresh", fresh := list[Any]())
    assert misses(kernels) == 2
    told = {each.path for lists in fresh for each in lists()}
    assert told == {path for path in stored(kernels) if path.suffix == ".nbc"}
    fresh.clear()
    assert misses(kernels) == 0
    assert not fresh


@pytest.mark.parametrize("is_whole", [True, False])
def test_it_is_kept_for_the_next_time(kernels: Path, given: Contents, *, is_whole: bool) -> None:
    module = load(kernels)
    keep({name: content if is_whole else cut(content) for (_, name), content in given.items()})
    assert not sum(module.half.dispatcher.stats.cache_misses.values())
    assert bool(stored(kernels, "own")) == is_whole
    assert misses(kernels) == (0 if is_whole else 2)
    # of what nobody here has imported nothing is kept
    keep({"another.half-1.py311 abc": b""})


def test_that_for_another_processor_is_kept_beside_ones_own(
    kernels: Path, given: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert misses(kernels) == 2
    module = load(kernels)
    keep({name: of_another_processor(content) for (_, name), content in given.items()})
    assert len({each.machine for each in kept_of(module.half.dispatcher)}) == 2
    assert len([*kept_of(module.half.dispatcher)]) == 4
    assert misses(kernels) == 0


def test_names_are_the_same_in_other_folders(
    kernels: Path, given: Mapping[tuple[str, str], bytes], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kernels.py").write_text(SOURCE)
    others.ask(lambda _: given)
    assert misses(elsewhere / "kernels.py") == 0
    assert kernel_sharing.others.are_known


def test_what_another_compiles_just_now_is_waited_for(kernels: Path, given: Contents) -> None:
    """Without a lock, which that one may need: of one folder, and of one machine."""
    asked = list[Sequence[str]]()

    def wait(machines: Sequence[str], names: Sequence[str]) -> tuple[Contents, bool]:
        assert (machines[0], names[0]) in given
        asked.append(names)
        assert not [path for path in stored(kernels, "own") if path.suffix == ".lock"]
        return given, False

    others.ask(lambda _: {}, wait)
    assert misses(kernels) == 0
    assert len(asked) == 1
    assert not others.has_turn


@pytest.mark.parametrize("has_turn", [True, False])
def test_whose_turn_it_is_says_so_with_each_that_it_compiles(
    kernels: Path, given: Contents, *, has_turn: bool
) -> None:
    asked = list[Sequence[str]]()

    def wait(_: Sequence[str], names: Sequence[str]) -> tuple[Contents, bool]:
        asked.append(names)
        return {}, has_turn

    others.ask(lambda _: {}, wait)
    assert misses(kernels) == 2
    assert len(asked) == (2 if has_turn else 1)
    assert others.has_turn == has_turn


def test_what_comes_damaged_is_compiled(kernels: Path, given: Contents) -> None:
    spoiled = {name: cut(content) for name, content in given.items()}
    others.ask(lambda _: {}, lambda _machines, _names: (spoiled, False))
    assert misses(kernels) == 2


def test_nobody_waits_for_a_scheduler_that_cannot_say(kernels: Path, given: Contents) -> None:
    asked = list[Sequence[str]]()

    def wait(_: Sequence[str], names: Sequence[str]) -> NoReturn:
        asked.append(names)
        raise OSError("no such handler, or gone")

    others.ask(lambda _: {}, wait)
    assert misses(kernels) == 2
    assert len(asked) == 1
    assert not others.has_turn
