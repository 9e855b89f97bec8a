"""All plots, and the style."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from dtperf import plot
from dtperf.config import AnalysisConfig
from dtperf.detector import Chamber
from dtperf.errors import ConfigError, InputError
from dtperf.measurements.standard import STANDARD
from dtperf.results.result import Result
from tests.plot.conftest import made, result_of


def drawn(figure: Figure) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=20)
    return picture.getvalue()


def test_every_standard_measurement_has_a_plot() -> None:
    assert {each.measurement for each in plot.PLOTS.values()} == set(STANDARD)


@pytest.mark.parametrize("name", plot.PLOTS)
def test_nothing_measured_can_be_drawn(name: str) -> None:
    measurement = plot.PLOTS[name].measurement
    empty = AnalysisConfig().measurements.active()[measurement].empty()
    nothing = result_of({measurement: empty})
    plot.figure(nothing, name).draw_without_rendering()
    plot.figure(nothing, name, nothing).draw_without_rendering()


def test_figures_are_made_when_they_are_asked_for(
    whole: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def noted(_result: Result, name: str, _reference: Result | None) -> Figure:
        made.append(name)
        return Figure()

    monkeypatch.setattr("dtperf.plot.files.figure", noted)
    pictures = plot.draw(whole)
    assert made == []
    name, _ = next(pictures)
    assert made == [name]
    assert [name, *(name for name, _ in pictures)] == [*plot.PLOTS]


def test_what_was_not_measured_is_left_out() -> None:
    result = result_of({"pair_mass": made("pair_mass")})
    assert [name for name, _ in plot.draw(result)] == ["pair_mass"]
    assert set(plot.not_measured(result)) == set(plot.PLOTS) - {"pair_mass"}
    with pytest.raises(InputError, match="lacks the measurement 't0'"):
        plot.figure(result, "t0")


def test_a_reference_that_lacks_it_is_left_out(whole: Result) -> None:
    alone = drawn(plot.figure(whole, "pair_mass"))
    assert drawn(plot.figure(whole, "pair_mass", result_of({}))) == alone
    assert drawn(plot.figure(whole, "pair_mass", whole)) != alone


@pytest.mark.parametrize("title", ["$x", "a_b $ and $_^{", "\\frac{$", "100 %\n$\\mu", "\x07" * 99])
def test_titles_are_no_formulas(title: str) -> None:
    result = result_of({"pair_mass": made("pair_mass")}, title)
    figure = plot.figure(result, "pair_mass")
    assert drawn(figure)
    shown = [text.get_text().replace(r"\$", "$") for axes in figure.axes for text in axes.texts]
    assert "".join(c if c.isprintable() else " " for c in title).strip() in shown


def test_the_users_style_neither_matters_nor_changes(whole: Result) -> None:
    plain = drawn(plot.figure(whole, "efficiency_vs_pt"))
    with mpl.rc_context({"font.size": 33, "axes.facecolor": "pink", "xtick.direction": "out"}):
        before = dict(mpl.rcParams)
        figure = plot.figure(whole, "efficiency_vs_pt")
        assert drawn(figure) == plain
        assert dict(mpl.rcParams) == before


def test_a_notebook_shows_a_figure(whole: Result) -> None:
    assert plot.figure(whole, "pair_mass")._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("region", [(20, -60, 0, 1), (0, 1, 5, 5)])
def test_a_region_inside_out_is_refused(
    whole: Result, region: tuple[float, float, float, float]
) -> None:
    with pytest.raises(ConfigError, match="x_low, x_high, y_low, y_high"):
        plot.inside_chamber(whole, Chamber(0, 1, 1), region)


def test_chambers_that_do_not_exist_are_refused(whole: Result) -> None:
    with pytest.raises(ConfigError, match="no chamber MB1 W0 S13"):
        plot.chamber_trend(whole, Chamber(0, 13, 1))
    with pytest.raises(InputError, match="lacks 'inside_chambers'"):
        plot.inside_chamber(result_of({}), Chamber(0, 1, 1))


def test_a_directory_that_is_a_file_is_refused(whole: Result, tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        plot.save(whole, tmp_path / "plots", only=["pair_mass"])


def test_the_same_result_gives_the_same_files(whole: Result, tmp_path: Path) -> None:
    first, again = (
        plot.save(whole, tmp_path / name, plot.FORMATS, only=["pair_mass"]) for name in "ab"
    )
    assert [path.suffix for path in first] == [".png", ".pdf", ".svg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
