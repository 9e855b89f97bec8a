"""correctionlib's own evaluator gives the efficiencies of the data frame, and errors elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import correctionlib
import hist
import numpy as np
import pandas as pd
import pytest

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError, InputError
from dtperf.measurements import STANDARD
from dtperf.results.export import export, to_bytes
from dtperf.results.result import Result
from dtperf.statistics import clopper_pearson, efficiency_ratio
from tests.pages.report.samples import LOW, measured, varied
from tests.results.export.conftest import result_of

VALUES = {"nominal": "efficiency", "stat_up": "high", "stat_down": "low"}
LOW_AS_INPUTS = (LOW.station, LOW.wheel, LOW.sector)
LAST_DIGIT = 1e-15
"""In which correctionlib's reader of JSON may err."""


def corrections(
    result: Result, *names: str, reference: Result | None = None
) -> correctionlib.CorrectionSet:
    content = to_bytes(result, "correctionlib", measurement=names or None, reference=reference)
    return correctionlib.CorrectionSet.from_string(content.decode())


def inputs(
    frame: pd.DataFrame, correction: correctionlib.highlevel.Correction
) -> Sequence[np.ndarray]:
    """A value inside each bin, for each input."""
    columns = []
    for each in correction.inputs[:-1]:
        if each.name in frame:
            columns.append(frame[each.name].to_numpy())
        else:
            low, high = (frame[f"{each.name}_{end}"].to_numpy() for end in ("low", "high"))
            columns.append(np.clip((low + high) / 2, high - 1, low + 1))
    return columns


@pytest.mark.parametrize(
    "name", ["by_chamber", "by_chamber_and_run", "efficiency_vs_pt", "acceptance_vs_phi"]
)
def test_each_bin_with_probes_and_no_other(result: Result, name: str) -> None:
    correction = corrections(result, name)[name]
    frame = result.to_pandas(name)
    some, none = frame[frame.total > 0], frame[frame.total == 0]
    assert len(some) > 3
    for systematic, column in VALUES.items():
        got = correction.evaluate(*inputs(some, correction), systematic)
        np.testing.assert_allclose(got, some[column], rtol=LAST_DIGIT)
    for row in zip(*inputs(none[:40], correction), strict=True):
        with pytest.raises((IndexError, RuntimeError), match="Index"):
            correction.evaluate(*(each.item() for each in row), "nominal")


def test_what_is_outside_is_refused(result: Result) -> None:
    chamber = corrections(result)["by_chamber"]
    assert [(each.name, each.type) for each in chamber.inputs] == [
        *((name, "int") for name in ("station", "wheel", "sector")),
        ("systematic", "string"),
    ]
    place = next(row for row in result.by_chamber() if row.total)
    assert chamber.evaluate(place.station, place.wheel, place.sector, "nominal") == pytest.approx(
        place.value, rel=LAST_DIGIT
    )
    for wrong in ((1, 0, 13), (5, 0, 1), (1, 3, 1)):
        with pytest.raises(IndexError, match="Index not available in Category"):
            chamber.evaluate(*wrong, "nominal")
    with pytest.raises(IndexError, match="Index not available in Category"):
        chamber.evaluate(place.station, place.wheel, place.sector, "up")


def test_what_is_beyond_the_last_edge_was_measured_too() -> None:
    counts = STANDARD["efficiency_vs_pt"].empty()
    counts.fill(station=1, probe_pt=[10, 2000, 2000], passed=[True, True, False])
    correction = corrections(result_of({"efficiency_vs_pt": counts}), "efficiency_vs_pt")
    values = correction["efficiency_vs_pt"]
    assert [values.evaluate(1, pt, "nominal") for pt in (10.0, 5000.0)] == [1.0, 0.5]
    with pytest.raises(IndexError):
        values.evaluate(1, 400.0, "nominal")


def simulated(result: Result, seed: int) -> Result:
    """The same chambers with other efficiencies, but for some that have no probes."""
    rng = np.random.default_rng(seed)
    counts = {name: result.counts[name].copy() for name in ("by_chamber", "by_chamber_and_run")}
    for each in counts.values():
        view = each.view(flow=True)
        view[...] = rng.poisson(20, view.shape)
        view[1, 2] = 0
    return replace(result, counts=counts)


def test_scale_factors(result: Result) -> None:
    reference = simulated(result, 1)
    found = corrections(result, reference=reference)
    assert [*found] == ["by_chamber", "by_chamber_reference", "by_chamber_scale_factor"]
    both = result.to_pandas("by_chamber").merge(
        reference.to_pandas("by_chamber"), on=["station", "wheel", "sector"], suffixes=("", "_sim")
    )
    both = both[(both.total > 0) & (both.passed_sim > 0)]
    want = efficiency_ratio(both.passed, both.total, both.passed_sim, both.total_sim)
    place = [both[name].to_numpy() for name in ("station", "wheel", "sector")]
    for systematic, values in zip(("nominal", "stat_down", "stat_up"), want, strict=True):
        got = found["by_chamber_scale_factor"].evaluate(*place, systematic)
        np.testing.assert_allclose(got, values, rtol=LAST_DIGIT)
    got = found["by_chamber_reference"].evaluate(*place, "nominal")
    np.testing.assert_allclose(got, both.efficiency_sim, rtol=LAST_DIGIT)
    only_here = next(row for row in result.by_chamber() if row.total and row[1:3] == (2, 0))
    assert found["by_chamber"].evaluate(*only_here[1:4], "nominal") > 0
    with pytest.raises(IndexError):
        found["by_chamber_scale_factor"].evaluate(*only_here[1:4], "nominal")


def test_runs_of_the_reference_in_another_order_and_of_its_own(result: Result) -> None:
    runs = [*result.counts["by_chamber_and_run"].axes["run"]]
    measurement = STANDARD["by_chamber_and_run"]
    other = measurement.empty({"run": [1, *reversed(runs)]})
    place = {"station": 1, "wheel": 0, "sector": 1}
    mine = measurement.empty({"run": runs})
    for counts, passed in ((mine, [True, True]), (other, [True, False])):
        counts.fill(**place, run=[runs[-1], runs[-1]], passed=passed)
    of = (result_of({"by_chamber_and_run": each}) for each in (mine, other))
    found = corrections(next(of), "by_chamber_and_run", reference=next(of))
    scale = found["by_chamber_and_run_scale_factor"]
    assert scale.evaluate(1, 0, 1, runs[-1], "nominal") == 2
    with pytest.raises(IndexError):
        scale.evaluate(1, 0, 1, 1, "nominal")


def test_other_bins_no_efficiency_no_probes(result: Result) -> None:
    with pytest.raises(InputError, match=r"'pair_mass': is no efficiency: .*'by_chamber'"):
        to_bytes(result, "correctionlib", measurement="pair_mass")
    with pytest.raises(ConfigError, match="did you mean 'by_chamber'"):
        to_bytes(result, "correctionlib", measurement="by_chambers")
    empty = result_of({"by_chamber": STANDARD["by_chamber"].empty()})
    with pytest.raises(InputError, match="by_chamber: has no probes"):
        to_bytes(empty, "correctionlib")
    wider = hist.Hist(
        hist.axis.Integer(1, 5, name="station", flow=False),
        hist.axis.Regular(3, 0, 9, name="probe_pt"),
        hist.axis.Boolean(name="passed"),
        storage=hist.storage.Int64(),
    )
    other = replace(result, counts={**result.counts, "efficiency_vs_pt": wider})
    with pytest.raises(InputError, match="'efficiency_vs_pt': has other bins in the reference"):
        corrections(result, "efficiency_vs_pt", reference=other)


def test_texts_as_keys_and_a_name_with_a_folder(result: Result) -> None:
    label = hist.axis.StrCategory(["RPC", "DT"], name="kind", flow=False)
    extra = hist.Hist(label, hist.axis.Boolean(name="passed"), storage=hist.storage.Int64())
    extra.fill(["DT", "DT", "DT", "RPC"], [True, True, False, True])
    own = replace(result, extra={"a/b": extra})
    found = corrections(own, "extra/a/b", "by_chamber")
    assert [*found] == ["by_chamber", "extra_a_b"]
    assert found["extra_a_b"].evaluate("DT", "nominal") == pytest.approx(2 / 3)
    assert found["extra_a_b"].evaluate("DT", "stat_up") == pytest.approx(clopper_pearson(2, 3)[1])


def test_yes_and_no_are_1_and_0(result: Result) -> None:
    is_high = hist.axis.Boolean(name="is_high")
    extra = hist.Hist(is_high, hist.axis.Boolean(name="passed"), storage=hist.storage.Int64())
    extra.fill([True, True, False], [True, False, False])
    found = corrections(replace(result, extra={"own": extra}), "extra/own")["extra_own"]
    assert [found.evaluate(each, "nominal") for each in (0, 1)] == [0, 0.5]


def test_it_says_where_it_comes_from(result: Result, tmp_path: Path) -> None:
    config = AnalysisConfig(title="mine", selection={"probe": {"min_pt": 31}})
    measured = replace(result, config=config, code="0.1+abc", totals={"events": 12})
    path = export(measured, tmp_path / "dt.json.gz", "correctionlib")
    assert correctionlib.CorrectionSet.from_file(str(path))
    text = json.loads(to_bytes(measured, "correctionlib", reference=measured))["description"]
    for part in ("analysis 'mine'", config.hash, "dtperf 0.1+abc", "12 events"):
        assert text.count(part) == 2
    assert "selection.probe.min_pt: 31.0" in text


def test_systematic_uncertainties_of_the_chambers() -> None:
    result = measured()
    found = varied(result, "border")
    sizes = found.of_chambers(result)
    content = to_bytes(result, "correctionlib", systematics=sizes)
    correction = correctionlib.CorrectionSet.from_string(content.decode())["by_chamber"]
    assert "border_up, border_down, systematic_up" in correction.inputs[-1].description
    nominal, up, down, all_up = (
        correction.evaluate(*LOW_AS_INPUTS, each)
        for each in ("nominal", "border_up", "border_down", "systematic_up")
    )
    (row,) = (row for row in found.by_chamber() if row.place.name == LOW.name)
    (shift,) = (row for row in found.shifts() if row.place.name == LOW.name)
    assert shift.shift > row.dominating_size > 0
    assert up - nominal == pytest.approx(row.dominating_size)
    assert up - nominal == pytest.approx(nominal - down)
    assert all_up - nominal == pytest.approx(row.systematic)


def test_systematic_uncertainties_of_something_else_are_refused() -> None:
    result, other = measured(), measured(seed=2)
    with pytest.raises(InputError, match="nominal counts are not those of the result"):
        varied(other).of_chambers(result)
    sizes = varied(result).of_chambers(result)
    with pytest.raises(ConfigError, match="only of 'by_chamber'"):
        to_bytes(result, "correctionlib", measurement="inside_chambers", systematics=sizes)
    with pytest.raises(ConfigError, match="only the format 'correctionlib'"):
        to_bytes(result, "root", systematics=sizes)
