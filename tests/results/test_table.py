"""Rows that show themselves as tables stay tuples and lists of rows."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from dtperf.filesets import Files, InputFile, resolve
from dtperf.results.ledger import Ledger
from dtperf.results.result import Result
from dtperf.results.summary import ChamberEfficiency
from dtperf.results.table import Table
from tests.helpers.ledgers import row, unopened

HOSTILE = "<script>[red]\x1b[2J & more"


class Named(NamedTuple):
    name: str
    count: int

    def cells(self) -> list[tuple[str, str]]:
        return [("name", self.name), ("count", f"{self.count:,}")]


ROWS = [Named("one", 1), Named("a thousand", 1000)]


def test_columns_are_aligned_numbers_to_the_right() -> None:
    assert repr(Table(ROWS)).splitlines() == [
        "name        count",
        "one             1",
        "a thousand  1,000",
    ]


def test_it_is_a_tuple() -> None:
    table = Table(ROWS)
    assert table == tuple(ROWS)
    assert table[1].count == 1000
    assert deepcopy(table) == table  # as a worker's is, sent by pickle
    assert repr(deepcopy(Table(ROWS[:0], "none"))) == "none"
    assert repr(table[1:]).splitlines()[1:] == ["a thousand  1,000"]


def test_without_rows_it_says_so() -> None:
    assert repr(Table((), "nothing is flagged")) == "nothing is flagged"
    assert Table((), "a < b")._repr_html_() == "<p>a &lt; b</p>"
    assert repr(Table(ROWS, "none of them")[2:]) == "none of them"


def test_of_many_rows_the_ends_are_shown() -> None:
    many = Table(Named(f"row {number}", number) for number in range(3000))
    lines = repr(many).splitlines()
    assert [lines[1].split()[1], lines[-1].split()[1]] == ["0", "2999"]
    assert lines[21] == "… 2,960 rows more …"
    assert len(lines) == 42
    cells = [*ET.fromstring(many._repr_html_()).iter("tr")]
    assert len(cells) == 252
    assert "… 2,750 rows more …" in ["".join(each.itertext()) for each in cells]


def test_hostile_texts_do_nothing() -> None:
    table = Table([Named(HOSTILE, 1)])
    assert "\x1b" not in repr(table)
    assert "[red]" in repr(table), "is no markup"
    tree = ET.fromstring(table._repr_html_().replace("\x1b", ""))
    assert not [*tree.iter("script")]


def test_pandas_makes_flat_columns(golden_result: Result) -> None:
    chambers = golden_result.by_chamber().to_pandas()
    assert len(chambers) == 250
    kinds = {str(kind) for kind in chambers.dtypes.drop("place")}
    assert kinds == {"int64", "float64"}
    first = golden_result.by_chamber()[0]
    assert chambers.loc[0, "efficiency"] == first.efficiency.value
    assert chambers.loc[0, "place"] == first.name
    best = chambers[chambers.station == 4].total.sum()
    stations = golden_result.by_station().to_pandas().set_index("station")
    assert stations.loc[4, "fiducial_total"] == best
    assert stations.loc[4, "place"] == "MB4"
    assert stations.fiducial_passed.sum() == chambers.passed.sum()


def test_what_was_not_measured_is_missing(golden_result: Result) -> None:
    stations = replace(golden_result, counts={}).by_station().to_pandas()
    assert stations.fiducial_efficiency.isna().all()
    assert stations.fiducial_total.isna().all()
    assert str(stations.fiducial_total.dtype) == "Int64"


def test_frames_of_ledger_index_and_files(golden_result: Result) -> None:
    rows = Ledger([row("a", 0, 1000), unopened("b", "missing")]).to_pandas()
    assert rows.events.tolist() == [1000, 0]
    assert rows.cause.tolist() == ["", "missing"]
    index = golden_result.histograms.to_pandas().set_index("name")
    assert index.loc["by_chamber", "entries"] == golden_result["by_chamber"].sum()
    known = InputFile("a.root", "Events", uuid=UUID(int=7), entries=20, ranges=((0, 5), (8, 9)))
    files = Files([known, InputFile("b.root", "Events")]).to_pandas()
    assert files.uuid[0] == str(UUID(int=7))
    assert files.events.tolist() == [6, pd.NA]
    assert files.ranges[0] == "0 to 5; 8 to 9"


@pytest.mark.parametrize("rows", [Ledger([]), Files(), Table((), row=ChamberEfficiency)])
def test_without_rows_the_columns_are_there(rows: Any) -> None:
    frame = rows.to_pandas()
    assert frame.empty
    assert [*frame] == [*rows.row.columns()]
    if isinstance(rows, tuple):
        assert [*deepcopy(rows)[:0].to_pandas()] == [*frame]


@pytest.mark.parametrize("name", ["by_station", "by_chamber"])
def test_the_tables_of_a_result(golden_result: Result, name: str) -> None:
    rows = getattr(golden_result, name)()
    lines = repr(rows).splitlines()
    assert lines[0].split("  ")[0].strip() == name.removeprefix("by_")
    assert lines[1].startswith(rows[0].name)
    tree = ET.fromstring(rows._repr_html_())
    assert len([*tree.iter("tr")]) == len(rows) + 1


def test_the_ledger_says_what_was_skipped_and_why() -> None:
    ledger = Ledger([row("a", 0, 1000), unopened("b", "missing")])
    lines = repr(ledger).splitlines()
    assert lines[0].split() == [
        *("file", "events", "status", "why", "tried", "MB", "seconds", "worker")
    ]
    assert lines[1].startswith("a     0 to 1,000  read ")
    assert "skipped  missing" in lines[2]
    assert repr(Ledger([])) == "no file was read or skipped"
    assert repr(ledger[:1]).splitlines()[1:] == lines[1:2] or "a " in repr(ledger[:1])


def test_long_addresses_keep_their_end() -> None:
    name = f"root://server.example//store/{'x' * 80}/last.root"
    shown = repr(Files([InputFile(name, "Events", entries=12_000, bytes=2_500_000)]))
    assert shown.splitlines()[1].split() == [
        *(f"…{name[-59:]}", "events", "12,000", "2.5", "0"),
    ]


def test_a_list_of_files_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "a.root").touch()
    files = resolve(tmp_path)
    assert files == [InputFile(str(tmp_path / "a.root"), "Events")]
    assert "not counted" in repr(files)
    assert repr(Files()) == "no files"
