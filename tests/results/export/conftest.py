"""The golden file, measured as the reference does, and what the reference found in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hist
import pytest
from coffea.nanoevents import NanoEventsFactory

from dtperf.config import AnalysisConfig
from dtperf.measurements.fill import fill
from dtperf.nanoaod import MuonDPGSchema
from dtperf.results.ledger import Ledger
from dtperf.results.result import Result
from dtperf.selection import Tables, tag_and_probe
from tests.helpers.reference_books import golden

DATA = Path(__file__).parents[2] / "data"


def result_of(counts: dict[str, hist.Hist], config: AnalysisConfig | None = None) -> Result:
    return Result(config or AnalysisConfig(), counts, totals={}, anomalies={}, ledger=Ledger(()))


@pytest.fixture(scope="session")
def config() -> AnalysisConfig:
    return AnalysisConfig(compatibility={"truncate_extrapolation": True})


@pytest.fixture(scope="session")
def tables(config: AnalysisConfig) -> Tables:
    events = NanoEventsFactory.from_root(
        {str(DATA / "golden_input.root"): "Events"}, mode="eager", schemaclass=MuonDPGSchema
    ).events()
    return tag_and_probe(events, config)


@pytest.fixture(scope="session")
def counts(config: AnalysisConfig, tables: Tables) -> dict[str, hist.Hist]:
    return fill(config.measurements.active(), tables)


@pytest.fixture(scope="session")
def result(config: AnalysisConfig, counts: dict[str, hist.Hist]) -> Result:
    return result_of(counts, config)


@pytest.fixture(scope="session")
def expected() -> dict[str, dict[str, Any]]:
    return golden(DATA / "golden_expected.json.gz")
