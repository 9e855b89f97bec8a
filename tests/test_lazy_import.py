"""What packages give of others: listed, there, and imported only when it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import dtperf

PACKAGES = [
    "dtperf",
    *(f"dtperf.{name}" for name in ("measurements", "nanoaod", "selection", "synthetic")),
]
HOME = Path(dtperf.__file__).parent
WITH_NAMES = [
    ".".join(("dtperf", *path.parent.relative_to(HOME).parts))
    for path in sorted(HOME.rglob("__init__.py"))
    if "__all__" in path.read_text(encoding="utf-8")
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


@pytest.mark.parametrize("package", [*WITH_NAMES, "dtperf.execution.lazy"])
def test_the_public_names_are_listed_and_no_others(package: str) -> None:
    if package.endswith(".lazy") and not find_spec("dask_awkward"):
        pytest.skip("an extra, which `nox -s lazy` has")
    module = import_module(package)
    optional = ["lazy"] if package == "dtperf" else []
    listed = dir(module)
    assert listed == sorted([*module.__all__, *optional])
    assert all(hasattr(module, name) for name in module.__all__)


def test_all_public_modules_are_among_them() -> None:
    modules = {name for name in dtperf.__all__ if hasattr(getattr(dtperf, name), "__path__")}
    assert {"filesets", "flags", "plot", "statistics"} <= modules
    assert {getattr(dtperf, name).__name__ for name in modules} <= {*WITH_NAMES}
