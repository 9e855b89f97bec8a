"""What a notebook shows of a result."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from dtperf.results.colours import FILLS, pale
from dtperf.results.html import chamber_map
from dtperf.results.result import Result
from tests.helpers.ledgers import row, unopened
from tests.helpers.made_results import made


def elements(result: Result) -> ET.Element:
    """Parse it strictly: what is not well-formed would spoil the notebook."""
    return ET.fromstring(result._repr_html_())


def test_files_with_a_remark() -> None:
    rows = [row(f"{n}.root", 0, 5)._replace(message="was not <closed>") for n in range(3)]
    shown = "".join(elements(made(rows)).itertext())
    assert "0.root was not <closed>; and 2 more: see result.remarks" in shown
    assert "see result.remarks" not in made([row("a.root", 0, 5)])._repr_html_()


def test_table_and_map(golden_result: Result) -> None:
    tree = elements(golden_result)
    cells = [["".join(cell.itertext()) for cell in line] for line in tree.iter("tr")]
    for line, station in zip(cells[1:5], golden_result.by_station(), strict=True):
        assert station.fiducial
        assert line[0] == station.name
        assert line[1].startswith(f"{100 * station.fiducial.value:.3f} +")
        assert line[2] == f"{station.fiducial.passed:,} / {station.fiducial.total:,}"
    titles = [cell.attrib["title"] for cell in tree.iter("td") if "title" in cell.attrib]
    assert len(titles) == 250
    first = golden_result.by_chamber()[0]
    of_chamber = f"{first.passed:,} of {first.total:,} probes passed"
    assert [of_chamber in each for each in titles if each.startswith(f"{first.name}:")] == [True]


def test_what_jupyter_keeps_of_the_notebooks_of_others(golden_result: Result) -> None:
    # its sanitizer takes SVG out, and leaves the words
    allowed = {"div", "p", "b", "small", "span", "table", "thead", "tbody", "tr", "th", "td"}
    allowed |= {"details", "summary"}
    tree = elements(golden_result)
    assert {each.tag for each in tree.iter()} <= allowed
    assert {name for each in tree.iter() for name in each.attrib} == {"style", "title"}


def test_the_map_says_what_its_colours_mean(golden_result: Result) -> None:
    tree = elements(golden_result)
    steps = [each for each in tree.iter("span") if "background" in each.get("style", "")]
    shown = ["surely below 90", *(f"from {edge:g}" for edge in (90, 93, 95, 96, 97, 98, 99, 99.5))]
    assert [each.text for each in steps] == shown
    colours = {each.attrib["style"].partition(";padding")[0] for each in steps}
    cells = (each for each in tree.iter("td") if each.get("title", "").endswith("passed"))
    used = [each.attrib["style"] for each in cells]
    assert used
    faint = {f"background:{pale(fill)};color:#000000" for fill in FILLS}
    assert {each.partition(";padding")[0] for each in used} <= colours | faint


def contrast(one: str, other: str) -> float:
    """Compute the contrast of two colours, as WCAG 2 defines it."""
    light = []
    for colour in (one, other):
        digits = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(light) + 0.05) / (min(light) + 0.05)


@pytest.mark.parametrize("value", [0.5, 0.91, 0.94, 0.955, 0.965, 0.975, 0.985, 0.992, 0.997, 1])
@pytest.mark.parametrize("few", [False, True])
def test_numbers_on_the_map_can_be_read(value: float, few: bool) -> None:
    row = {"name": "MB1 W0 S1", "station": 1, "wheel": 0, "sector": 1, "passed": 1, "total": 1}
    shown = chamber_map(
        [row | {"value": value, "low": 0.1, "high": 1, "alarm": value < 0.9, "few": few}]
    )
    tree = ET.fromstring(f"<div>{shown}</div>")
    (cell,) = (each for each in tree.iter("td") if "title" in each.attrib)
    colours = re.match(r"background:(#\w+);color:(#\w+);", cell.attrib["style"])
    assert colours
    assert contrast(*colours.groups()) >= 4.5


def test_what_the_files_lack_is_no_alarm(golden_result: Result) -> None:
    lacking = {n: each for n, each in golden_result.counts.items() if n != "pair_mass"}
    anomalies = {"events_not_in_pair_mass": 4000, "events_not_in_t0": 7, "odd_thing": 2}
    result = replace(golden_result, counts=lacking, anomalies=anomalies)
    tree = elements(result)
    told = {"".join(each.itertext()): each.get("style", "") for each in tree.iter("p")}
    assert "pair_mass" in result.left_out
    aside = f"not in this file: the branches for {', '.join(result.left_out)}"
    assert "border" not in told[aside]
    assert "border" in told["anomalies: odd thing 2"]
    assert "border" in told["t0 lacks 7 events of files without its branches"]
    assert not [each for each in told if "events_not_in" in each]


def test_one_is_one(golden_result: Result) -> None:
    assert "4,000 events of 1 file, " in golden_result._repr_html_()


def test_the_index_has_titles(golden_result: Result) -> None:
    index = {each.name: each for each in golden_result.histograms}
    assert [*index] == [*golden_result]
    assert index["by_chamber"].title == "fiducial efficiency of each chamber"
    assert index["by_chamber"].axes == "station, wheel, sector, passed"
    for name, each in index.items():
        kept = golden_result[name]
        whole = kept.values(flow=True) if name != "t0_profile" else kept.counts(flow=True)
        assert each.entries == whole.sum()
    assert "fiducial efficiency of each chamber" in golden_result._repr_html_()


def test_one_line(golden_result: Result) -> None:
    said = repr(golden_result)
    assert said.startswith(f"<dtperf.Result of {golden_result.config.title!r}: 4,000 events, ")
    assert "\n" not in said


def test_what_was_skipped_and_what_is_odd_is_said() -> None:
    ledger = [row("a", 0, 10), row("b", 0, 5, "truncated"), unopened("c", "missing")]
    text = made(ledger)._repr_html_()
    assert "5 events of 2 files were skipped, 1 of them of unknown size" in text
    assert "anomalies: unknown 10" in text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a & b"])
def test_hostile_names_are_escaped(name: str) -> None:
    result = made([row("a", 0, 10)])
    config = result.config.model_copy(update={"title": name})
    tree = elements(replace(result, config=config))
    assert [bold.text for bold in tree.iter("b")] == [name]
    assert not [*tree.iter("script")]


def test_a_result_without_counts() -> None:
    tree = elements(replace(made([]), counts={}))
    assert "not measured" in "".join(tree.itertext())
    assert len([*tree.iter("table")]) == 1
