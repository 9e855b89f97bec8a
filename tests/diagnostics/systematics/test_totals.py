"""Sizes are without chance, and add up as the declaration says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtperf.diagnostics.systematics.declaration import Change, Variation, Variations
from dtperf.diagnostics.systematics.model import Systematics, Varied
from dtperf.diagnostics.systematics.places import places
from dtperf.diagnostics.systematics.shifts import Shift
from dtperf.diagnostics.systematics.totals import size_of
from dtperf.errors import ConfigError, InputError

CUT = {"selection.probe.min_pt": (-5, 5)}
EVERYWHERE = len(places())


def shift(value: float, error: float = 0.0) -> Shift:
    return Shift(np.full(EVERYWHERE, value), np.full(EVERYWHERE, error))


def found(groups: dict[str, Any], **members: tuple[str, float, bool]) -> Systematics:
    variations = {
        name: Variation(text=name, plus=CUT, group=group, correlated=correlated)
        for name, (group, _, correlated) in members.items()
    }
    varied = tuple(
        Varied(name, Change("up", {}), shift(value), None)
        for name, (_, value, _) in members.items()
    )
    nominal = np.tile(np.array([10, 990]), (EVERYWHERE, 1))
    return Systematics(nominal, varied, Variations(groups=groups, variations=variations), {})


def test_chance_is_taken_off() -> None:
    assert size_of({"up": shift(0.005, 0.003)}).value == pytest.approx(0.004)
    assert size_of({"up": shift(0.001, 0.003)}).value == pytest.approx(0)
    assert size_of({"up": shift(np.nan, np.nan)}).value == pytest.approx(0)


def test_the_larger_side_counts_with_the_sign_of_up() -> None:
    size = size_of({"down": shift(-0.004), "up": shift(0.003)})
    assert size.value == pytest.approx(0.004)
    assert set(size.sign) == {1}


def test_groups() -> None:
    of = {"a": ("one", 0.003, True), "b": ("one", -0.001, True), "c": ("", 0.003, True)}
    assert found({"one": "linear"}, **of).sum.total == pytest.approx(0.005)
    assert found({"one": "largest"}, **of).sum.total == pytest.approx(0.003 * 2**0.5)
    assert set(found({"one": "linear"}, **of).sum.dominating) == {"a"}


def test_what_moves_all_stations_is_correlated_between_them() -> None:
    whole = found({}, a=("", 0.003, True), b=("", 0.004, False)).sum
    expected = np.full((4, 4), 0.003**2) + np.diag(np.full(4, 0.004**2))
    np.testing.assert_allclose(whole.covariance, expected)
    np.testing.assert_allclose(np.diag(whole.covariance), whole.total[1:5] ** 2)


def test_it_is_read_back(tmp_path: Any) -> None:
    saved = found({"one": "linear"}, a=("one", 0.003, True), b=("", float("nan"), False))
    saved.save(tmp_path / "out")
    read = Systematics.load(tmp_path / "out")
    assert read.to_pandas().equals(saved.to_pandas())
    assert read.declared == saved.declared
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("systematics.json", "shifts.parquet", "stations.parquet", "chambers.parquet")
    }
    with pytest.raises(ConfigError, match="exists already"):
        saved.save(tmp_path / "out")
    with pytest.raises(ConfigError, match="choose another"):
        saved.save(tmp_path)
    file = tmp_path / "out" / "systematics.json"
    text = file.read_text()
    for before, after in (
        ('"MB1 W-2 S1"', '"elsewhere"'),
        ('"version": 1', '"version": 2'),
        ('"variation": "a"', '"variation": "z"'),
        ('"linear"', '"somehow"'),
    ):
        file.write_text(text.replace(before, after))
        with pytest.raises(InputError, match=r"systematics\.json"):
            Systematics.load(tmp_path / "out")
    with pytest.raises(InputError, match="no directory of `dtperf systematics`"):
        Systematics.load(tmp_path)
