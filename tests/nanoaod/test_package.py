from __future__ import annotations

import subprocess
import sys

import pytest

import dtperf.nanoaod


def test_import_is_light() -> None:
    heavy = "{'awkward', 'coffea', 'numba', 'uproot'}"
    code = f"import sys, dtperf.nanoaod; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", dtperf.nanoaod.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(dtperf.nanoaod, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = dtperf.nanoaod.nothing
