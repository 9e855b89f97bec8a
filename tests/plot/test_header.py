"""The line above the panels: what it says, and that nothing in it lies over another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dtperf import plot
from dtperf.detector import Chamber
from dtperf.plot.header import Header, _inches
from dtperf.plot.style import StyledFigure
from dtperf.results.origin import EventOrigin
from dtperf.results.result import Result
from tests.plot.conftest import RUNS, made, result_of

LONG = "A title that is longer than what most figures have room for, by far"


def mass(title: str = "made by hand", **events: int) -> Result:
    blocks = dict.fromkeys(RUNS, ((1, 2),))
    return replace(
        result_of({"pair_mass": made("pair_mass")}, title), origin=EventOrigin(events, blocks)
    )


def said(figure: StyledFigure) -> list[str]:
    return [text.get_text() for text in figure.header.axes.texts if text.get_text()]


def test_synthetic_events_are_not_those_of_cms(tmp_path: Path) -> None:
    assert said(plot.figure(mass(synthetic=9), "pair_mass")) == [
        "made by hand",
        "dtperf",
        "Simulation",
    ]


def test_label_luminosity_and_energy() -> None:
    given: dict[str, Any] = {"label": "Preliminary", "luminosity": 32.123, "energy": 13.6}
    figure = plot.figure(mass(data=9), "pair_mass", **given)
    assert said(figure) == [
        *("made by hand,  32.1 fb$^{-1}$ (13.6 TeV)", "CMS", "Preliminary"),
    ]
    [(_, drawn)] = plot.draw(mass(data=9), **given)
    assert said(drawn) == said(figure)


def test_saved_files_have_them(tmp_path: Path) -> None:
    contents = []
    for label in ("Preliminary", "Internal"):
        [path] = plot.save(mass(data=9), tmp_path, "svg", label=label)
        contents.append(path.read_text())
    assert contents[0] != contents[1]


@pytest.mark.parametrize("draw", [plot.inside_chamber, plot.chamber_trend])
def test_plots_of_a_chamber_have_it_too(whole: Result, draw: Any) -> None:
    result = replace(whole, origin=EventOrigin({"simulation": 9}, {1: ()}))
    assert "Private work (CMS simulation)" in said(draw(result, Chamber(0, 1, 1)))


def test_several_results_together(whole: Result) -> None:
    simulation = replace(whole, origin=EventOrigin({"simulation": 9}, {1: ()}))
    data = replace(whole, origin=EventOrigin({"data": 9}, {367_080: ((1, 1),)}))
    figure = plot.station_trend([("a", data), ("b", simulation)])
    assert "Private work (CMS data and simulation)" in said(figure)


def free(header: Header, width: float) -> float:
    """Return the inches that are left between the texts."""
    return width - sum(map(_inches, header.axes.texts))


@pytest.mark.parametrize("size", [None, (3, 2), (4, 8), (6, 3), (20, 5)])
@pytest.mark.parametrize("label", [None, "", "Preliminary", "x" * 40])
@pytest.mark.parametrize("title", ["short", LONG, "$\\mu$" * 20])
def test_nothing_lies_over_another(
    size: tuple[float, float] | None, label: str | None, title: str
) -> None:
    result = mass(title, data=3, simulation=5).labelled(label, 137.6, 13.6)
    figure = plot.figure(result, "pair_mass", figsize=size)
    assert free(figure.header, 0.97 * figure.get_figwidth()) > 0.01
    assert "138 fb$^{-1}$ (13.6 TeV)" in said(figure)[0]
    figure.set_size_inches(5, 3.75)
    assert free(figure.header, 0.97 * 5) > 0.01
