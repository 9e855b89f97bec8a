"""What a notebook shows of a result."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from dtperf.results.result import Result
from tests.helpers.ledgers import row, unopened
from tests.helpers.made_results import made


def elements(result: Result) -> ET.Element:
    """Parse it strictly: what is not well-formed would spoil the notebook."""
    return ET.fromstring(result._repr_html_())


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
    chamber, efficiency = golden_result.by_chamber()[0]
    of_chamber = f"{efficiency.passed:,} of {efficiency.total:,} probes passed"
    assert [of_chamber in each for each in titles if each.startswith(f"{chamber.name}:")] == [True]


def test_what_jupyter_keeps_of_the_notebooks_of_others(golden_result: Result) -> None:
    # its sanitizer takes SVG out, and leaves the words
    allowed = {"div", "p", "b", "small", "span", "table", "thead", "tbody", "tr", "th", "td"}
    tree = elements(golden_result)
    assert {each.tag for each in tree.iter()} <= allowed
    assert {name for each in tree.iter() for name in each.attrib} == {"style", "title"}


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
