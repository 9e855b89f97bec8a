"""Public names of a package, each imported when it is first used: ``attach(__name__, __file__)``.

A package that imports them at once lists them and nothing else: ``__dir__ = listed(__name__)``.

coffea, awkward and numba take seconds to import. A package names what it gives once, as imports
for type checkers (`if TYPE_CHECKING:`), and these are read here. The library lazy_loader reads
them from a second file, a stub, in which `code_state` would not find what a number depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["attach", "listed"]


def attach(
    package: str, file: str, optional: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions `__getattr__` and `__dir__` of a package.

    Args:
        package: Its name.
        file: Its `__init__.py`, whose imports say where each name of its `__all__` is.
        optional: Public names that not every installation has, and `__all__` does without.
    """
    names = listed(package, optional)

    def get(name: str) -> Any:
        from dtperf.code_state import home_of  # not needed to import the package

        home = home_of(name, Path(file)) if name in names() else None
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, is_module = home
        return import_module(module) if is_module else getattr(import_module(module), name)

    return get, names


def listed(package: str, optional: Sequence[str] = ()) -> Callable[[], list[str]]:
    """Return the function `__dir__` of a package or module, which lists its public names.

    Args:
        package: Its name.
        optional: Public names beside those of its `__all__`.
    """
    return lambda: sorted([*import_module(package).__all__, *optional])
