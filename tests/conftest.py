"""What many tests start from."""

from __future__ import annotations

import pytest

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.results import Result
from tests.golden import GOLDEN


@pytest.fixture(scope="session")
def reference_config() -> AnalysisConfig:
    """The configuration of the reference program."""
    return dtperf.load_config("reference_2023")


@pytest.fixture(scope="session")
def golden_result(reference_config: AnalysisConfig) -> Result:
    """The golden events, measured in one chunk in this process."""
    return dtperf.run(reference_config, GOLDEN)
