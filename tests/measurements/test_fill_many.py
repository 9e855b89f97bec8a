"""Many rows and many measurements of one table at once, against plain sums with numpy."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest

from dtperf.measurements import Measurement
from dtperf.measurements.counting import TOGETHER
from dtperf.measurements.fill import fill
from dtperf.measurements.moments import SUM_UNIT
from dtperf.selection.tables import LookedUp, Table

ROWS, PARENTS = 3 * TOGETHER + 17, 700
AXES: dict[str, dict[str, Any]] = {
    "mine": {"type": "integer", "name": "mine", "first": 0, "last": 4},
    "x": {"type": "variable", "name": "x", "edges": [-1.0, 0.0, 0.3, 2.0]},
    "theirs": {"type": "integer", "name": "theirs", "first": 1, "last": 3},
    "spot": {"type": "integer", "name": "spot", "first": 1, "last": 3},
    "side": {"type": "category", "name": "side"},
    "run": {"type": "category", "name": "run"},
}


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    """Columns of rows, those of their parents included, each of shape (rows,)."""
    rng = np.random.default_rng(7)
    link = np.sort(rng.integers(0, PARENTS, ROWS))
    of_parent = {
        "theirs": rng.integers(0, 5, PARENTS).astype(np.int8),
        # neighbours have one run, as in a file
        "run": (370_000 + np.arange(PARENTS) // 100).astype(np.uint32),
        "good": rng.random(PARENTS) < 0.5,
    }
    own = {
        "mine": rng.integers(-1, 6, ROWS).astype(np.int16),
        "x": rng.normal(size=ROWS).astype(np.float32),
        "a": rng.random(ROWS) < 0.7,
        "b": rng.random(ROWS) < 0.4,
        "ok": rng.random(ROWS) < 0.9,
    }
    number = rng.integers(-1, 5, ROWS).astype(np.int16)
    lists = {"spot": np.array([3, 1, 2, 1, 9]), "side": np.array([7, -7, 7, -7, 5])}
    looked_up = {n: np.where(number < 0, -99, values[number]) for n, values in lists.items()}
    make = {name: LookedUp(values, "number", -99) for name, values in lists.items()}
    own |= {"number": number}
    return {"link": link, "of_parent": of_parent, "own": own, "make": make} | looked_up


def bins(axis: str, values: Any) -> Any:
    """The bin of each value, with flow bins; -1: none."""
    declared = AXES[axis]
    if declared["type"] == "variable":
        return np.searchsorted(declared["edges"], values.astype(float), side="right")
    if declared["type"] == "category":
        return np.searchsorted(np.unique(values), values)
    found = values.astype(int) - declared["first"]
    return np.where((found >= 0) & (found <= declared["last"] - declared["first"]), found, -1)


def test_all_measurements_of_a_table(columns: dict[str, Any]) -> None:
    link, own = columns["link"], columns["own"]
    parent = {n: (lambda _, v=v: v) for n, v in columns["of_parent"].items()}
    make = {n: (lambda _, v=v: v) for n, v in (own | {"link": link}).items()}
    table = Table(ROWS, make | columns["make"], parent=Table(PARENTS, parent), link="link")
    values = own | {name: column[link] for name, column in columns["of_parent"].items()}
    values |= {name: columns[name] for name in columns["make"]}
    chosen = [("mine",), ("theirs",), ("x", "mine"), ("theirs", "x", "run"), ("run", "mine")]
    chosen += [("spot",), ("theirs", "spot"), ("spot", "side")]
    sets = [(), ("a",), ("a", "b"), ("b",), ("b", "good")]
    declared = {
        f"{axes} {rows} {last}": Measurement.model_validate(
            {
                "title": "",
                "table": "crossings",
                "axes": [AXES[axis] for axis in axes],
                "rows": rows,
                **({"mean_of": "x"} if last == "mean" else {"passed": last} if last else {}),
            }
        )
        for axes, rows, last in product(chosen, sets, [None, "ok", "good", "mean"])
    }
    histograms = fill(declared, {"crossings": table})
    assert histograms.keys() == declared.keys()
    for (name, histogram), (axes, rows, last) in zip(
        histograms.items(), product(chosen, sets, [None, "ok", "good", "mean"]), strict=True
    ):
        enter = np.logical_and.reduce([np.ones(ROWS, bool), *(values[each] for each in rows)])
        places = [bins(axis, values[axis][enter]) for axis in axes]
        if last in ("ok", "good"):
            places.append(values[last][enter].astype(int))
        view = histogram.view(flow=True)
        weights = np.ones(enter.sum())
        if last == "mean":
            weights = np.rint(values["x"][enter].astype(float) / SUM_UNIT)
            view = view[..., 1]
        for axis in {"run", "side"}.intersection(axes):
            assert list(histogram.axes[axis]) == np.unique(values[axis][enter]).tolist()
        counted = np.logical_and.reduce([at >= 0 for at in places])
        expected = np.zeros(view.shape)
        np.add.at(expected, tuple(at[counted] for at in places), weights[counted])
        assert np.array_equal(view, expected), name


def test_categories_are_those_of_the_rows_that_enter() -> None:
    run = np.repeat(np.array([5, 7, 9], dtype=np.uint32), TOGETHER)
    columns = {"run": run, "a": run == 7, "y": np.ones(len(run))}
    make = {n: partial(lambda v, _: v, v) for n, v in columns.items()}
    of_mean = {"title": "", "table": "pairs", "axes": [AXES["run"]], "rows": ["a"]}
    declared = {
        "counts": Measurement.model_validate(of_mean),
        "mean": Measurement.model_validate(of_mean | {"mean_of": "y"}),
        "all": Measurement.model_validate(of_mean | {"rows": []}),
    }
    found = fill(declared, {"pairs": Table(len(run), make)})
    assert [list(each.axes["run"]) for each in found.values()] == [[7], [7], [5, 7, 9]]
    assert found["counts"].view().tolist() == [TOGETHER]
    assert found["mean"].view()[:, 0].tolist() == [TOGETHER]
    assert found["all"].view().tolist() == [TOGETHER] * 3
