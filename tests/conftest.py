"""What many tests start from."""

from __future__ import annotations

import os

from tests.helpers import kernels

# whatever else uses the package does not find what the tests have compiled
os.environ.setdefault("NUMBA_CACHE_DIR", str(kernels.folder()))

import pytest
from hypothesis import HealthCheck, settings

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN

# how fast a machine is must not decide a test; and each run draws anew
settings.register_profile(
    "dtperf",
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("dtperf")


@pytest.fixture(scope="session")
def reference_config() -> AnalysisConfig:
    """The configuration of the reference program."""
    return dtperf.load_config("reference_2023")


@pytest.fixture(scope="session")
def golden_result(reference_config: AnalysisConfig) -> Result:
    """The golden events, measured in one chunk in this process."""
    return dtperf.run(reference_config, GOLDEN)
