"""Places against luminosity: the points are the bins, and what is drawn describes them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer

from dtperf import plot
from dtperf.detector import Place
from dtperf.diagnostics.ageing import Trend, bins_of, trends
from dtperf.errors import ConfigError
from tests.diagnostics.ageing.toys import ILL, drawn, years

YEARS = years(runs=5, periods=4)


@pytest.fixture(scope="module")
def trend(tmp_path_factory: pytest.TempPathFactory) -> Trend:
    results = drawn(1, YEARS, periods=4, ageing=4e-4, ill_from=12)
    table = YEARS.table(tmp_path_factory.mktemp("lumi") / "lumi.csv")
    return trends(*results, luminosity=table)["by_chamber_and_run"]


def test_points_and_lines_of_the_stations(trend: Trend) -> None:
    panel = plot.ageing_trend(trend, width=20.0).panels[0, 0]
    points = [each for each in panel.containers if isinstance(each, ErrorbarContainer)]
    assert [each.get_label() for each in points] == ["MB1", "MB2", "MB3", "MB4"]
    for number, each in enumerate(points, start=1):
        bins = bins_of(trend.counts, trend.course(Place(station=number)), 20.0)
        drawn_at = np.asarray(each.lines[0].get_ydata(), dtype=float)
        np.testing.assert_allclose(drawn_at, [one.value for one in bins])
    line = next(line for line in panel.get_lines() if len(np.asarray(line.get_xdata())) == 60)
    at = np.asarray(line.get_xdata())
    drawn_along = np.asarray(line.get_ydata(), dtype=float)
    np.testing.assert_allclose(drawn_along, trend.line(Place(station=1), at)[0])
    with pytest.raises(ConfigError, match="bins of 0"):
        plot.ageing_trend(trend, width=0.0)


def test_what_is_named_has_its_steps(trend: Trend) -> None:
    [ill] = [aged for aged in trend.named if aged.place == ILL]
    panel = plot.ageing_trend(trend, [ill]).panels[0, 0]
    [stairs] = [each for each in panel.patches if hasattr(each, "get_data")]
    np.testing.assert_allclose(stairs.get_data().values, [ill.steps[0].before, ill.steps[0].after])
    assert stairs.get_data().edges[1] == ill.steps[0].at


def test_far_ahead_and_against_the_date(trend: Trend) -> None:
    ahead = plot.ageing_trend(trend, to_target=True).panels[0, 0]
    assert ahead.get_xlim()[1] > 3000
    assert max(np.max(np.asarray(line.get_xdata())) for line in ahead.get_lines()) == 3000
    dates = plot.ageing_trend(trend, dates=True).panels[0, 0]
    assert dates.get_xlabel() == "date"
    assert dates.get_xticklabels()[0].get_text().startswith("2022-")
