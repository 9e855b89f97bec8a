"""Primitives, segments and layers against plain loops, on events made to sit on the edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.measurements.groups import KNOWN
from dtperf.results.result import Result
from dtperf.selection import Tables, tag_and_probe
from dtperf.selection.columns import CROSSING_COLUMNS
from dtperf.selection.cuts import TableName
from dtperf.selection.details.described import COLUMNS
from dtperf.selection.details.probes import PROBE_COLUMNS
from tests.helpers import strategies
from tests.helpers.events import nano_events
from tests.helpers.reference_loop import BRANCHES as BRANCHES_OF_CROSSINGS
from tests.helpers.reference_loop import Cuts
from tests.helpers.runs import assert_same, with_run
from tests.selection.detail_branches import (
    BRANCHES,
    OF_EVENTS,
    PRIMITIVES,
    THETA_PRIMITIVES,
)
from tests.selection.detail_strategies import detailed_events, layer_cuts
from tests.selection.reference_details import Details, details
from tests.selection.test_against_loop import config_of
from tests.synthetic.samples import make, read

TABLES: tuple[TableName, ...] = (
    *("crossings", "segments", "layers", "mean_timers", "digis", "rpc_crossings"),
)
DEAD = (*((1, 0, 4, superlayer, 2, 24) for superlayer in (1, 2, 3)), (4, 0, 4, 1, 1, 1))
"""By station, wheel, sector, superlayer, layer, wire."""
ALL_GROUPS = AnalysisConfig.model_validate(
    {
        **config_of(Cuts()).model_dump(),
        "measurements": {"groups": ["trigger", "cells", "residuals"]},
    }
)


def differences(tables: Tables, expected: Details) -> list[str]:
    """List the columns that are not as the loops have them, and the first row that is not."""
    found = []
    for table in TABLES:
        rows: Sequence[Mapping[str, Any]] = getattr(expected, table)
        assert tables[table].rows == len(rows)
        columns = {*COLUMNS[table]}
        if table == "crossings":  # the other columns have a loop of their own
            columns -= CROSSING_COLUMNS.keys()
            columns |= {*PROBE_COLUMNS, "probe_is_tight", "probe_q_over_pt"}
        for name in sorted(columns):
            column, values = tables[table][name], np.array([row[name] for row in rows])
            if column.dtype.kind == "f":
                # two angles of tens of degrees, in single precision
                least = 1e-5 if name.endswith("_dangle") else 1e-7
                same = np.isclose(column, values.astype(float), 1e-5, least, equal_nan=True)
            else:
                same = column == values
            if not np.all(same):
                at = int(np.argmin(same))
                found.append(f"{table}.{name}[{at}]: {column[at]}, not {values[at]}")
    return found


def anomalies(expected: Details) -> dict[str, int]:
    """Sort what the loops found odd as the tables do, but for what is wrong with a primitive."""
    return {
        "segment_hits_range_outside_event": expected.bad_hit_ranges,
        "segment_extr_range_of_other_length": expected.bad_extr_ranges,
        "digi_in_unknown_cell": expected.bad_digis,
        **{
            (PRIMITIVES | THETA_PRIMITIVES)[name]: number
            for name, number in expected.bad_primitives.items()
        },
    }


def check_against_loops(data: st.DataObject) -> None:
    cuts = data.draw(st.just(Cuts()) | strategies.cuts())
    of_layers = data.draw(layer_cuts())
    events = data.draw(st.lists(detailed_events(cuts), min_size=1, max_size=3))
    config = config_of(cuts).model_dump()
    config["selection"]["layers"] = asdict(of_layers)
    config["selection"]["dead_cells"] = DEAD
    counted = events
    if data.draw(st.booleans()):
        config["selection"]["luminosity_mask"] = {"1": [[1, 1]]}
        counted = [each for each in events if each["run"] == each["luminosityBlock"] == 1]
    tables = tag_and_probe(nano_events(events), AnalysisConfig.model_validate(config))
    expected = details(counted, cuts, of_layers, DEAD)
    assert not differences(tables, expected)
    found: Counter[str] = Counter()
    for name, number in tables.anomalies.items():
        found[name.partition("_")[0] if name.startswith("lt") else name] += number
    assert {name: found[name] for name in anomalies(expected)} == anomalies(expected)


any_data = given(data=st.data())
test_any_events_and_cuts = settings(max_examples=30)(any_data(check_against_loops))
test_many_events_and_cuts = pytest.mark.slow(
    pytest.mark.timeout(900)(settings(max_examples=150)(any_data(check_against_loops)))
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("full")
    make(directory, "content=full", "events=300", "cluster_events=100")
    return directory


@pytest.fixture(scope="module")
def events(sample: Path) -> list[dict[str, Any]]:
    """Read what the loops need, as one dict of lists an event."""
    names = [f"{collection}_{name}" for collection in BRANCHES for name in BRANCHES[collection]]
    names = [*dict.fromkeys([*BRANCHES_OF_CROSSINGS, *names]), *OF_EVENTS.values()]
    columns = [column.tolist() for column in read(sample, names).values()]
    return [dict(zip(names, event, strict=True)) for event in zip(*columns, strict=True)]


@pytest.fixture(scope="module")
def expected(events: list[dict[str, Any]]) -> Details:
    return details(events)


def test_generated_events(events: list[dict[str, Any]], expected: Details) -> None:
    tables = tag_and_probe(nano_events(events), ALL_GROUPS)
    assert not differences(tables, expected)
    assert not any(anomalies(expected).values())


COMPARED = {
    "trigger_twinmux_in_by_chamber": ("is_counted",),
    "bx_twinmux_in_by_chamber": ("is_counted",),
    "layer_efficiency": ("is_counted",),
    "layer_efficiency_of_probes": ("is_counted", "is_of_probe"),
    "hit_residual": ("associated", "is_of_good_fit"),
}
"""Measurements, and which rows of the loops enter them."""


def booked(name: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Fill the histogram of a measurement with rows of the loops."""
    measurement = KNOWN[name]
    values = {axis.name: np.array([row[axis.column] for row in rows]) for axis in measurement.axes}
    if "residual" in values:
        values["residual"] = values["residual"].astype(np.float32)
    if measurement.passed:
        values["passed"] = np.array([row[measurement.passed] for row in rows])
    return measurement.empty().fill(**values)


@pytest.fixture(scope="module")
def result(sample: Path) -> Result:
    return dtperf.run(ALL_GROUPS, sample / "nano_0000.root")


@pytest.mark.parametrize("name", COMPARED)
def test_histograms(name: str, result: Result, expected: Details) -> None:
    rows: Sequence[Mapping[str, Any]] = getattr(expected, KNOWN[name].table)
    counted = [row for row in rows if all(row[column] for column in COMPARED[name])]
    assert len(counted) > 200
    found, of_loops = result.counts[name], booked(name, counted)
    assert np.array_equal(found.values(flow=True), of_loops.values(flow=True))


@pytest.mark.parametrize(
    "how", [{"executor": "futures", "workers": 2, "chunksize": 100}, {"chunksize": 37}]
)
def test_any_chunks_and_executor(how: dict[str, Any], sample: Path, result: Result) -> None:
    assert_same(dtperf.run(with_run(ALL_GROUPS, **how), sample / "nano_0000.root"), result)
