"""What the curves of explore are told of their axes."""

from __future__ import annotations

import pytest

import dtperf
from dtperf.measurements import Measurement
from dtperf.pages.explore.curves import choice
from tests.helpers.own_measurements import OWN

MASS = dtperf.load_config(OWN).measurements.add["own_mass"]


@pytest.mark.parametrize("log", [(), ("entries",), ("mass",), ("mass", "entries")])
def test_each_axis_is_as_logarithmic_as_the_declaration_says(log: tuple[str, ...]) -> None:
    picture = MASS.picture.model_copy(update={"log": log})
    measurement: Measurement = MASS.model_copy(update={"picture": picture})
    told = choice("own_mass", measurement, measurement.empty())
    assert (told["is_log_x"], told["is_log_y"]) == ("mass" in log, "entries" in log)
