"""Special functions of SciPy, without all that is imported beside them: ``special.ndtri(0.84)``.

`scipy.special` takes 0.15 s to import: it looks through all of numpy, and reads the docstrings of
its own functions. These are in a compiled part of it that takes 5 ms, and are the same ones.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

__all__: list[str] = []

PACKAGE, COMPILED = "scipy.special", "scipy.special._ufuncs"


def __getattr__(name: str) -> Any:
    """Return a function of `scipy.special`.

    Raises:
        AttributeError: It has none of that name.
    """
    if name.startswith("__"):  # asked for by who looks whether it is there
        raise AttributeError(name)
    compiled = _compiled()
    return getattr(compiled if hasattr(compiled, name) else import_module(PACKAGE), name)


@cache
def _compiled() -> ModuleType:
    """Import the compiled functions; all of `scipy.special`, where they are no longer there."""
    if PACKAGE not in sys.modules and (spec := find_spec(PACKAGE)) is not None:
        sys.modules.setdefault(PACKAGE, _Later(module_from_spec(spec)))
    try:
        return import_module(COMPILED)
    except ImportError:
        return import_module(PACKAGE)


class _Later(ModuleType):
    """Stands for a package as long as only its submodules are asked for.

    `importlib.util.LazyLoader` would import it for these, too.
    """

    def __init__(self, package: ModuleType) -> None:
        super().__init__(package.__name__)
        self.__dict__.update(vars(package))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._imported(), name)

    def __dir__(self) -> list[str]:
        """List what the package has."""
        return dir(self._imported())

    def _imported(self) -> ModuleType:
        if sys.modules.get(PACKAGE) is self:
            sys.modules.pop(PACKAGE, None)
        package = import_module(PACKAGE)
        for name, part in vars(self).items():
            if isinstance(part, ModuleType):  # which was imported before its package
                vars(package).setdefault(name, part)
        return package
