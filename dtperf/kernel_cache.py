"""Kernels as numba has compiled them, kept on disk: what is behind ``@compiled``.

numba's own cache ends a program when it cannot be used: an entry that a full disk cut short, a
folder that nobody may write to. Nor does it see that a function has changed that a kernel calls. A
cache only saves time, so here whatever is wrong with it costs time and nothing else.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache, cached_property, partial
from itertools import product
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
from numba.core import caching, config, entrypoints, event
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.runtime.nrt import rtsys

from dtperf.code_state import code_state
from dtperf.compile_once import Turn
from dtperf.errors import DtperfWarning
from dtperf.kernel_arrays import teach_numba
from dtperf.kernel_files import Files, of_key, opened
from dtperf.kernel_sharing import Kept, fresh, machine_of, name_of, others

__all__ = ["dispatcher_of", "keep_of", "kept_of"]

PORTABLE = "x86-64-v2"
"""What an image is compiled for, with NUMBA_CPU_NAME. With AVX-512, kernels take 0.95 of the
CPU time of the processor's own code, and runs 1.07; both within noise."""
FEATURES = ("cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3")
"""Of a processor that runs it, as LLVM calls them: of all since 2009. Source: System V ABI of
x86-64, micro-architecture levels."""

UNCALLED: Mapping[str, Any] = {"no_cfunc_wrapper": True}
"""Options of numba: nothing calls kernels as C does."""


def dispatcher_of(
    function: Callable[..., Any], options: Mapping[str, Any], *, keep: bool = True
) -> Any:
    """Make what compiles a function for the types of its arguments, or loads what it has compiled.

    Args:
        function: Of numbers, arrays and tuples of them, which runs without Python's lock.
        options: Of `numba.njit`, beside `nogil` and `cache`.
        keep: Keep on disk what is compiled.
    """
    teach_numba()
    dispatcher = numba.njit(nogil=True, **UNCALLED, **options)(function)
    if not keep or config.DISABLE_JIT:  # type: ignore[attr-defined]  # made of the environment
        return dispatcher
    # they would be loaded here, too
    dispatcher._compilation_chain_init_hook = _nothing
    try:
        cache = _Cache(function, dispatcher)
    except Exception as error:  # noqa: BLE001  # numba words it: no place, or a wrong setting
        _warn_once(f"are not kept: {error}")
        return dispatcher
    dispatcher._cache = cache
    # compiled and saved, or whatever went wrong: others have their turn
    dispatcher.compile = cache.turn.ending_with(_without_extensions(dispatcher.compile))
    return dispatcher


def _without_extensions(compile_: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that compiles without what other libraries teach numba.

    That is vector and awkward, which would be loaded for types that no kernel has: 0.8 s.
    """

    def alone(*words: Any) -> Any:
        with global_compiler_lock:  # which others wait for who want them
            load, entrypoints.init_all = entrypoints.init_all, _nothing
            try:
                return compile_(*words)
            finally:
                entrypoints.init_all = load

    return alone


def kept_of(dispatcher: Any) -> Iterator[Kept]:
    """Yield what is kept on disk of a function, for whatever types and processors."""
    if (cache := _cache_of(dispatcher)) is not None:
        yield from cache.kept()


def keep_of(dispatcher: Any, contents: Mapping[str, bytes]) -> None:
    """Keep on disk what of others' compiled functions is this one, for whatever processors.

    Args:
        dispatcher: Of the function.
        contents: Of files, by name.
    """
    if (cache := _cache_of(dispatcher)) is not None:
        cache.keep_all(contents)


def _cache_of(dispatcher: Any) -> _Cache | None:
    cache = getattr(dispatcher, "_cache", None)
    return cache if isinstance(cache, _Cache) else None


def _nothing() -> None:
    """Prepare nothing."""


class _UserWide(caching.UserWideCacheLocator):
    """numba's own, which takes a folder `~` where it stands for a user whom nobody knows."""

    def ensure_cache_path(self) -> None:
        if not Path(self.get_cache_path()).is_absolute():
            raise OSError("this user has no home")
        super().ensure_cache_path()


class _Temporary(caching.UserProvidedCacheLocator):
    """A folder for this process and those that it starts, where no other place can be written."""

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        _make_temporary()
        return super().from_function(py_func, py_file)


@cache
def _make_temporary() -> None:
    folder = tempfile.mkdtemp(prefix="dtperf-compiled-")
    atexit.register(_remove, folder, os.getpid())
    os.environ["NUMBA_CACHE_DIR"] = folder
    config.CACHE_DIR = folder  # type: ignore[attr-defined]  # made of the environment
    _warn_once(
        f"are kept in {folder} until the end of this command, as no other place can be written"
    )


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _runs_portable() -> bool:
    features = llvmlite.binding.get_host_cpu_features()
    return all(features.get(name) for name in FEATURES)


class _Library(JITCodeLibrary):
    """Code that was loaded, and what a kernel that is compiled now links of it."""

    bitcode: bytes
    """All of it once more as LLVM's own code, which takes a third of the time to load."""

    @cached_property
    def _shared_module(self) -> Any:  # type: ignore[override]  # which numba sets
        return llvmlite.binding.parse_bitcode(self.bitcode)


class _Implementation(caching.CompileResultCacheImpl):
    """What is stored of a kernel: machine code, and apart from it what others link."""

    _locator_classes = [  # noqa: RUF012  # as numba has it
        caching.UserProvidedCacheLocator,
        caching.InTreeCacheLocator,
        _UserWide,
        _Temporary,
    ]

    def reduce(self, result: Any) -> Any:
        """Return what is to be stored of what was compiled."""
        (name, kind, (machine, bitcode)), *others = super().reduce(result)
        known = _named(result.fndesc)
        return ((name, kind, (machine, known)), *others), bitcode

    def rebuild(self, target_context: Any, stored: Any) -> Any:
        """Make what was compiled of what was stored."""
        found, bitcode = stored
        result = super().rebuild(target_context, found)
        library = result.library
        del library._shared_module
        library.__class__, library.bitcode = _Library, bitcode
        return result


def _named(described: Any) -> bytes:
    """Return LLVM's code of functions that do nothing, by whose names numba finds a kernel's."""
    names = described.llvm_func_name, described.llvm_cpython_wrapper_name
    text = "\n".join(f'define void @"{name}"() {{ ret void }}' for name in names)
    code: bytes = llvmlite.binding.parse_assembly(text).as_bitcode()
    return code


class _Cache(caching.FunctionCache):
    """The compiled forms of one function."""

    _impl_class = _Implementation

    def __init__(self, function: Any, dispatcher: Any) -> None:
        super().__init__(function)
        # functions and constants of other modules become part of a kernel
        source = Path(function.__code__.co_filename)
        name, state = self._impl.filename_base, code_state(source)
        self._named = partial(name_of, name, state)
        self._own = Files(self._cache_path, name, state)
        self._cache_file = self._own
        # beside the code, where this user cannot write: whoever installed it compiled it
        shipped = str(source.parent / "__pycache__")
        self._places = [self._own]
        if shipped != self._cache_path:
            self._places.append(Files(shipped, name, state))
        # who waits is told of, and the time not counted, as if this process compiled
        self._waiting = partial(event.trigger_event, "numba:compile", {"dispatcher": dispatcher})
        self.turn = Turn(Path(self._cache_path, f"{name}.lock"), self._waiting)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load what was compiled before; None, so that it is compiled, if that cannot be used.

        Another process that compiles it just now is waited for. What is in no folder that this
        process sees, another machine may have compiled, or compile just now: for that no lock is
        held, which the other one may wait for.
        """
        rtsys.initialize(target_context)  # what arrays in compiled code are made with
        key = self._index_key(sig, target_context.codegen())
        found = self._in_files(self._places, key, target_context)
        if found is None:
            found = self._of_others(key, target_context)
        if found is not None or not self._enabled:
            return found
        return self.turn.take(partial(self._in_files, [self._own], key, target_context))

    def _usable(self, key: Any) -> list[Any]:
        """List what runs on this machine: compiled for its processor, or for any."""
        sig, (triple, *_), code = key
        return [key, (sig, (triple, PORTABLE, ""), code)] if _runs_portable() else [key]

    def _in_files(self, places: list[Files], key: Any, target_context: Any) -> Any:
        for files, each in product(places, self._usable(key)):
            if (found := self._stored(partial(files.load, each), target_context)) is not None:
                return found
        return None

    def _of_others(self, key: Any, target_context: Any) -> Any:
        """Take what another machine has compiled for this one's processor, and keep it."""
        usable = self._usable(key)
        machines, names = [machine_of(each) for each in usable], [*map(self._named, usable)]
        look = partial(self._look, usable, machines, names, target_context)
        found = look()
        # what comes may be of no use
        return look() if found is None and others.come(machines, names, self._waiting) else found

    def _look(
        self, keys: list[Any], machines: list[str], names: list[str], target_context: Any
    ) -> Any:
        for key, machine, name in zip(keys, machines, names, strict=True):
            content = others.find(machine, name, machines, self._waiting)
            if content is not None:
                found = self._stored(partial(self._given, key, content), target_context)
                if found is not None:
                    return found
        return None

    def _given(self, key: Any, content: bytes) -> Any:
        data = of_key(key, opened(content))
        if data is not None and self._enabled:
            self._keep(partial(self._own.put, key, content))
        return data

    def _stored(self, load: Callable[[], Any], target_context: Any) -> Any:
        # numba's own prepares to compile before it looks, which takes 0.3 s
        try:
            data = load()
            return None if data is None else self._impl.rebuild(target_context, data)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  # contents of a file can raise anything
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save what was compiled, if there is room."""
        self._keep(partial(super().save_overload, sig, data))
        fresh.append(self.kept)

    def _keep(self, save: Callable[[], None]) -> None:
        try:
            save()
        except OSError as error:
            self.disable()
            _warn_once(f"are not kept: {self._cache_path}: {error.strerror or error}")

    def keep_all(self, contents: Mapping[str, bytes]) -> None:
        """Keep what others have compiled of this function."""
        for name, content in contents.items():
            if self._enabled and name.startswith(f"{self._impl.filename_base} "):
                # whatever it is, it is only not kept
                with suppress(Exception):
                    key, _ = opened(content)
                    # another function of this name, or another version
                    if self._named(key) == name:
                        self._keep(partial(self._own.put, key, content))

    def kept(self) -> Iterator[Kept]:
        """Yield what of it is on disk."""
        for files in self._places:
            for key, path in files.entries():
                yield Kept(machine_of(key), self._named(key), path)


@cache
def _warn_once(what: str) -> None:
    """Warn once of what makes each command slower."""
    warnings.warn(
        f"compiled functions {what}: name a folder for them with NUMBA_CACHE_DIR",
        DtperfWarning,
        stacklevel=3,
    )
