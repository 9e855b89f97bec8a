"""How kernels are compiled: ``@compiled``, and what they call: ``@inlined`` and ``@called``.

numba takes a quarter of a second to import, and more to look for what it has compiled before. So
a kernel does that when it is first called: most commands call none, or few.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload
from weakref import WeakSet

if TYPE_CHECKING:
    from dtperf.kernel_sharing import Kept

__all__ = ["Kernel", "called", "compiled", "inlined", "keep", "kept", "once_numba_is_loaded"]

Function = TypeVar("Function", bound=Callable[..., Any])


@overload
def compiled(function: Function) -> Function: ...
@overload
def compiled(**options: Any) -> Callable[[Function], Function]: ...
def compiled(function: Any = None, **options: Any) -> Any:
    """Compile a function with numba when it is first called, or take what was compiled before.

    Args:
        function: Of numbers, arrays and tuples of them; runs without Python's lock.
        **options: Of `numba.njit`, beside `nogil` and `cache`.
    """
    if function is None:
        return lambda function: Kernel(function, options, keep=True)
    return Kernel(function, options, keep=True)


def inlined(function: Function) -> Function:
    """Make a function a part of each kernel that calls it, as if its lines stood there.

    Called from Python it runs as Python, so that numpy's arrays can stand for numbers.

    Args:
        function: As of `compiled`.
    """
    return cast("Function", Kernel(function, {"inline": "always"}, keep=False))


def called(function: Function) -> Function:
    """Compile a function that only kernels call: it stays apart from them, see below.

    What Python needs to call it, and what is kept on disk, is the kernel's. Inlining before types
    are known, as `inlined` does, takes longer to compile, and hides which arrays are different
    ones. Called from Python, the function runs as Python. Not for kernels with `fastmath`: such a
    function is optimised apart where it is compiled, and with the kernel where that is loaded.

    Args:
        function: As of `compiled`.
    """
    return cast("Function", Kernel(function, {"no_cpython_wrapper": True}, keep=False))


def kept() -> list[Kept]:
    """List what is kept on disk of all functions that this process has imported."""
    from dtperf.kernel_cache import kept_of

    return [each for kernel in list(_kernels) for each in kept_of(kernel.dispatcher)]


def keep(contents: Mapping[str, bytes]) -> None:
    """Keep on disk what others have compiled of functions that this process has imported.

    Args:
        contents: Of files, by the names that `kept` tells.
    """
    from dtperf.kernel_cache import keep_of

    for kernel in list(_kernels):
        keep_of(kernel.dispatcher, contents)


@contextmanager
def once_numba_is_loaded(call: Callable[[], None]) -> Iterator[None]:
    """Have something done at once if numba is loaded, else when the first kernel is called."""
    if "numba" in sys.modules:
        call()
        yield
        return
    _waiting.append(call)
    try:
        yield
    finally:
        with suppress(ValueError):  # it is done
            _waiting.remove(call)


class Kernel:
    """A function that numba compiles; for numba itself, its own dispatcher of it."""

    def __init__(
        self, function: Callable[..., Any], options: dict[str, Any], *, keep: bool
    ) -> None:
        update_wrapper(self, function)
        self.py_func = function
        """What is compiled."""
        self._options = options
        self._keep = keep
        if keep:
            _kernels.add(self)

    @cached_property
    def dispatcher(self) -> Any:
        """What numba compiles and calls it with."""
        from dtperf.kernel_cache import dispatcher_of  # imports numba

        with suppress(IndexError):  # of another thread's
            while True:
                _waiting.pop()()
        return dispatcher_of(self.py_func, self._options, keep=self._keep)

    @property
    def _numba_type_(self) -> Any:
        """Its type in kernels that call it."""
        return self.dispatcher._numba_type_

    @property
    def targetoptions(self) -> dict[str, Any]:
        """By which numba knows what to inline."""
        return dict(self._options)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call what is compiled for arguments of these types, if it is called by itself at all."""
        if not self._keep:
            return self.py_func(*arguments, **named)
        return self.dispatcher(*arguments, **named)

    def __reduce__(self) -> str:
        """Pickle as the name that it has in its module."""
        return cast("str", self.__qualname__)  # type: ignore[attr-defined]  # of the function


_kernels: WeakSet[Kernel] = WeakSet()
"""All that are kept."""
_waiting: list[Callable[[], None]] = []
"""What waits for numba."""
