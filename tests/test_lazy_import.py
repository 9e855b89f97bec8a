"""What packages give of others: listed, there, and imported only when it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

PACKAGES = [
    "dtperf",
    *(f"dtperf.{name}" for name in ("measurements", "nanoaod", "selection", "synthetic")),
]
NAMES = [(package, name) for package in PACKAGES for name in import_module(package).__all__]


@pytest.mark.parametrize("package", PACKAGES)
def test_import_is_light(package: str) -> None:
    heavy = "{'awkward', 'coffea', 'numba', 'uproot', 'matplotlib'}"
    code = f"import sys, {package} as it; dir(it); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_every_public_name_is_there(package: str, name: str) -> None:
    module = import_module(package)
    assert name in dir(module)
    found = getattr(module, name)
    assert getattr(found, "__name__", name).rpartition(".")[2] == name


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("name", ["nothing", "TYPE_CHECKING", "attach"])
def test_nothing_else_is_listed(package: str, name: str) -> None:
    assert name not in dir(import_module(package))


@pytest.mark.parametrize("package", PACKAGES)
def test_an_unknown_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"'{package}' has no attribute 'nothing'"):
        _ = import_module(package).nothing
