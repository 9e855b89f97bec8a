"""Luminosity of runs: tables of several years, and what may be wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dtperf.diagnostics.ageing import exposure
from dtperf.errors import InputError
from dtperf.selection.brilcalc import read_luminosity
from tests.diagnostics.ageing.toys import years
from tests.results.test_luminosity import BY_BLOCK, BY_RUN


def table(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_what_was_delivered_until_the_middle_of_a_run(tmp_path: Path) -> None:
    found = exposure([table(tmp_path / "a.csv", BY_RUN)], before=10.0)
    assert found.run.tolist() == [367_080, 367_088]
    np.testing.assert_allclose(found.per_fb, [10.001, 10.0035])  # 2 and 3 pb⁻¹
    assert found.total == pytest.approx(10.005)
    at = found.at(np.array([367_088, 5, 367_080]), "luminosity")
    np.testing.assert_allclose(at, [10.0035, np.nan, 10.001])
    one_day = np.diff(found.at(found.run, "time"))
    np.testing.assert_allclose(one_day, [1 / 365.25])


def test_luminosity_blocks_are_added_up(tmp_path: Path) -> None:
    found = exposure([table(tmp_path / "a.csv", BY_BLOCK)])
    np.testing.assert_allclose(found.per_fb, [0.75e-3, 1.75e-3])


def test_years_go_in_order_of_time_whatever_their_order(tmp_path: Path) -> None:
    whole = years(periods=2, runs=3)
    text = whole.table(tmp_path / "whole.csv").read_text().splitlines()
    first = table(tmp_path / "1.csv", "\n".join(text[:5]))
    second = table(tmp_path / "2.csv", "\n".join([*text[:2], *text[5:]]))
    found = exposure([second, first])
    assert found.run.tolist() == whole.run.tolist()
    np.testing.assert_allclose(found.per_fb, whole.middle, rtol=1e-6)
    with pytest.raises(InputError, match=r"1\.csv: runs 360000, .* are in .*whole\.csv, too"):
        exposure([tmp_path / "whole.csv", first])


def test_a_row_that_is_there_twice_would_count_twice(tmp_path: Path) -> None:
    rows = BY_RUN.splitlines()
    with pytest.raises(InputError, match=r"a\.csv: has run 367080 more than once"):
        read_luminosity(table(tmp_path / "a.csv", "\n".join([*rows[:3], *rows[2:]])))
    rows = BY_BLOCK.splitlines()
    with pytest.raises(InputError, match="has luminosity blocks of run 367088 more than once"):
        read_luminosity(table(tmp_path / "a.csv", "\n".join([*rows, rows[-1]])))


def test_units_are_those_of_the_heads(tmp_path: Path) -> None:
    for unit, size in (("/fb", 1.0), ("/pb", 1e-3), ("/nb", 1e-6)):
        path = table(tmp_path / "a.csv", BY_RUN.replace("(/ub)", f"({unit})"))
        assert exposure([path]).total == pytest.approx(5e6 * size)
    with pytest.raises(InputError, match=r"'recorded' is in hz/ub, a rate, of whole runs"):
        exposure([table(tmp_path / "a.csv", BY_RUN.replace("(/ub)", "(Hz/ub)"))])
