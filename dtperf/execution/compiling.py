"""What a worker in a process of its own tells of its compiling.

Not in `dtperf.kernel_cache`: whatever changes there, all kernels are compiled anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba  # noqa: F401  # all of it, see dtperf.execution.clusters.preload_site
from numba.core import event

__all__ = ["tell_compiling"]


class _Teller(event.Listener):
    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell, self._depth = tell, 0

    def on_start(self, event: Any) -> None:
        if not self._depth:
            self._tell(event.data["dispatcher"].py_func.__name__)
        self._depth += 1

    def on_end(self, _: Any) -> None:
        self._depth -= 1
        if not self._depth:
            self._tell("")


def tell_compiling(tell: Callable[[str], None]) -> None:
    """Tell from now on what this process compiles, with numba and for whatever.

    Args:
        tell: Called with the name of a function, and with '' when that and all that it needs are
            compiled.
    """
    event.register("numba:compile", _Teller(tell))  # type: ignore[no-untyped-call]
