"""Results with chambers in which something is wrong, and a reader of pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np

from dtperf.detector import Chamber, Place, chambers
from dtperf.diagnostics.flags.model import Flag
from dtperf.diagnostics.systematics import Systematics, Varied, load_variations
from dtperf.diagnostics.systematics.declaration import Change
from dtperf.diagnostics.systematics.places import summed
from dtperf.diagnostics.systematics.shifts import least_moved, moved
from dtperf.results.result import Result
from tests.helpers.ledgers import row
from tests.helpers.made_results import made

__all__ = ["DEAD", "EMPTY", "FLAGS", "LOW", "Page", "measured", "varied"]

RUNS = (367_080, 367_090, 367_101)
LOW, DEAD, EMPTY = Chamber(0, 8, 3), Chamber(1, 3, 1), Chamber(-2, 14, 4)
SHOWN = ("by_chamber", "by_chamber_and_run", "efficiency_vs_run", "inside_chambers")
ILL = {LOW: 0.8, DEAD: 0.0}

FLAGS = (
    Flag(Place(*LOW), "low", "80 % < others & <b>ill</b>", 1e-20, None, None, None),
    Flag(Place(*LOW), "drifting", "since run 367101", 1e-9, RUNS[2], (RUNS[0], RUNS[2]), None),
    Flag(
        Place(*DEAD), "dead region", "nothing at x > 0", 1e-30, None, None, (0.0, 50.0, -50.0, 50.0)
    ),
)


def measured(
    file: str = "a.root",
    *,
    seed: int = 1,
    ill: Mapping[Chamber, float] = ILL,
    first_run: int = 0,
    title: str = "",
    skipped: tuple[Any, ...] = (),
) -> Result:
    """250 chambers of 99 % over three runs, some with another efficiency, one without probes."""
    rng = np.random.default_rng(seed)
    result = made([row(file, 0, 10), *skipped])
    runs = [run + first_run for run in RUNS]
    active = result.config.measurements.active()
    counts = {name: active[name].empty({"run": runs}) for name in SHOWN}
    for chamber in chambers():
        total = np.zeros(3, int) if chamber == EMPTY else rng.integers(500, 800, 3)
        passed = rng.binomial(total, ill.get(chamber, 0.99))
        at = (chamber.station - 1, chamber.wheel + 2, chamber.sector - 1)
        pairs = np.stack([total - passed, passed], axis=-1)
        counts["by_chamber_and_run"].view()[at] = pairs
        counts["by_chamber"].view(flow=True)[at] = pairs.sum(axis=0)
        counts["efficiency_vs_run"].view()[at[0]] += pairs
        counts["inside_chambers"].view(flow=True)[at][20:23, 6:8] = pairs.sum(axis=0) // 6
    config = result.config.model_copy(update={"title": title or "Test of the report"})
    return replace(result, config=config, counts=counts)


class Page(HTMLParser):
    """The elements of a page, and the texts of its tables' cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.rows: dict[str, list[str]] = {}
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._row: list[str] | None = None
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        self._inside = tag
        if tag == "tr":
            self._row = None
            if "data-name" in attributes:
                self._row = self.rows.setdefault(attributes["data-name"], [])
        if tag in ("td", "th") and self._row is not None:
            self._row.append("")

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
            return
        self.texts.append(data)
        if self._row:
            self._row[-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        if tag == "tr":
            self._row = None

    @property
    def data(self) -> dict[str, Any]:
        """What the script works on."""
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def varied(result: Result, text: str = "a cut") -> Systematics:
    """One variation, that a part of the failing probes of each place does not survive."""
    nominal = summed(np.asarray(result.counts["by_chamber"].view()))
    other = nominal.copy()
    other[:, 0] -= other[:, 0] // 3
    cut = {"text": text, "plus": {"selection.probe.min_pt": (-5, 5)}}
    declared = load_variations(
        {"title": text, "variations": {text: cut}, "not_varied": {text: text}}
    )
    each = Varied(text, Change("up", {"x": text}), moved(least_moved(nominal, other)), other)
    about = {"title": text, "source": text, "is_whole": False}
    return Systematics(nominal, (each,), declared, {text: text}, about)
