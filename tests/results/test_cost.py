"""CPU time and energy, with the assumption."""

from __future__ import annotations

import pytest

from dtperf.config import load_config
from dtperf.errors import ConfigError
from dtperf.pages.report.about import about
from dtperf.results.cost import Cost, cost_of
from tests.helpers.ledgers import ROWS
from tests.helpers.made_results import made


def test_energy_is_cpu_time_and_an_assumption() -> None:
    rows = [each._replace(cpu_seconds=1200.0) for each in ROWS]
    result = made(rows)
    cost = cost_of(result)
    # three of the six rows were read
    assert (cost.cpu_seconds, cost.watts_per_core) == (3600, 10)
    assert cost.energy_kwh == pytest.approx(0.010)
    said = "1.0 CPU hours, 10.0 Wh if a busy core takes 10 W (run.watts_per_core)"
    assert cost.words == dict(about(result))["computing"] == said
    assert cost_of(None) == (0, 10)


@pytest.mark.parametrize(
    ("cpu_seconds", "said"),
    [
        (0, "0.0 CPU seconds, 0.0 J"),
        (1.27, "1.3 CPU seconds, 12.7 J"),
        (720, "720.0 CPU seconds, 2.0 Wh"),
        (3.6e6, "1,000.0 CPU hours, 10.0 kWh"),
        (3.6e9, "1,000,000.0 CPU hours, 10.0 MWh"),
    ],
)
def test_units(cpu_seconds: float, said: str) -> None:
    assert Cost(cpu_seconds, 10).words.partition(" if ")[0] == said


def test_the_assumption_is_the_users_and_changes_no_number() -> None:
    mine = load_config("reference_2023", {"run.watts_per_core": 4})
    assert mine.hash == load_config("reference_2023").hash
    with pytest.raises(ConfigError, match="watts_per_core"):
        load_config("reference_2023", {"run.watts_per_core": -1})
