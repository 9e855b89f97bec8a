"""CPU time and energy, with the assumption."""

from __future__ import annotations

import pytest

from dtperf.config import load_config
from dtperf.errors import ConfigError
from dtperf.pages.report.about import about
from dtperf.results.cost import cost_of
from tests.helpers.ledgers import ROWS
from tests.helpers.made_results import made


def test_energy_is_cpu_time_and_an_assumption() -> None:
    rows = [each._replace(cpu_seconds=1200.0) for each in ROWS]
    result = made(rows)
    cost = cost_of(result)
    # three of the six rows were read
    assert (cost.cpu_seconds, cost.watts_per_core) == (3600, 10)
    assert cost.energy_kwh == pytest.approx(0.010)
    said = "1 CPU hours, 0.01 kWh if a busy core takes 10 W (run.watts_per_core)"
    assert cost.words == dict(about(result))["computing"] == said
    assert cost_of(None) == (0, 10)


def test_the_assumption_is_the_users_and_changes_no_number() -> None:
    mine = load_config("reference_2023", {"run.watts_per_core": 4})
    assert mine.hash == load_config("reference_2023").hash
    with pytest.raises(ConfigError, match="watts_per_core"):
        load_config("reference_2023", {"run.watts_per_core": -1})
