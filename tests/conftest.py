"""What many tests start from."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

from tests.helpers import kernels

# whatever else uses the package does not find what the tests have compiled
os.environ.setdefault("NUMBA_CACHE_DIR", str(kernels.folder()))

# jsonschema would make 38 grammars, for formats of which no test has one
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dtperf
from dtperf import addresses
from dtperf.config import AnalysisConfig
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN

if TYPE_CHECKING:
    from tests.cli.commands import Call

# How fast a machine is must not decide a test. Each run draws anew, but where the variable CI is
# set: there Hypothesis draws the same each time.
settings.register_profile(
    "dtperf",
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("dtperf")


@given(st.none())
def start_hypothesis(_: None) -> None:
    """Let Hypothesis make its generator of random numbers.

    It asks Python's garbage collector who holds that generator, and takes a holder that is left out
    of the search (its own module) for none.
    """


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave the modules and thousands of tests out of every search for garbage.

    They are there to the end, and Python would look through all of them each time, which takes a
    second.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        start_hypothesis()
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def forgotten() -> Generator[None]:
    """Let no test know what another one has remembered of addresses: their order changes."""
    yield
    addresses._remembered.clear()
    addresses._values.clear()


@pytest.fixture(scope="session")
def reference_config() -> AnalysisConfig:
    """The configuration of the reference program."""
    return dtperf.load_config("reference_2023")


@pytest.fixture(scope="session")
def golden_result(reference_config: AnalysisConfig) -> Result:
    """The golden events, measured in one chunk in this process."""
    return dtperf.run(reference_config, GOLDEN)


@pytest.fixture(name="dtperf")
def command_line(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """The command, called in this process: ``dtperf("run", …)``."""
    from tests.cli.commands import call

    return partial(call, monkeypatch, capfd)
