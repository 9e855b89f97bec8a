"""What many tests start from."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

# numba's cache does not see that a function that was inlined has changed: give each state of the
# kernels a cache of its own, before anything imports numba
KERNELS = [
    path
    for folder in ("exploring", "field", "geometry", "kernels", "skim", "synthetic")
    for path in sorted((Path(__file__).parents[1] / "dtperf" / folder).glob("*.py"))
]
STATE = hashlib.sha256(b"".join(path.read_bytes() for path in KERNELS)).hexdigest()[:16]
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parents[1] / ".numba_cache" / STATE))

import pytest
from hypothesis import HealthCheck, settings

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.results import Result
from tests.golden import GOLDEN

# how fast a machine is must not decide a test
settings.register_profile(
    "dtperf",
    deadline=None,
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
