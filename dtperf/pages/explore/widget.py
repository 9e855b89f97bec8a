"""Sliders in a notebook; needs the extra `notebook`."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import ipywidgets

from dtperf.pages.explore.curve import pt_curve
from dtperf.pages.explore.session import Session
from dtperf.pages.explore.sliders import Slider, sliders
from dtperf.results.html import chamber_map
from dtperf.results.result import Result
from dtperf.skim.analysis import Explorer

__all__ = ["App"]

HEAD = ("station", "fiducial [%]", "passed / total", "change")
HEAD_ACCEPTANCE = ("× acceptance [%]", "passed / total", "change")
CELL = "style='padding:0 .8em;text-align:right;white-space:nowrap'"
WIDE = {"description_width": "18em"}


class App(ipywidgets.HBox):  # type: ignore[misc]  # ipywidgets is untyped
    """Sliders on the left; map, curve and table that follow them on the right."""

    def __init__(self, explorer: Explorer) -> None:
        """Measure with the config's cuts, and show it."""
        self.session = Session(explorer)
        self.cuts: dict[str, Any] = {}
        """What differs from the config, by key."""
        self.sliders: dict[str, Any] = {}
        """The sliders, by key; setting `value` moves the cut."""
        self.without: dict[str, Any] = {}
        """Check boxes of cuts that need not be made, by key."""
        self._is_resetting = False
        parts = ("loaded", "state", "table", "curve", "map", "command")
        self.shown = {name: ipywidgets.HTML() for name in parts}
        self.shown["loaded"].value = escape(f"In memory: {explorer.loaded}")
        rows = [
            box
            for slider in sliders(explorer.config, explorer.loosest)
            for box in self._row(slider)
        ]
        reset = ipywidgets.Button(description="back to the config’s cuts", layout={"width": "auto"})
        reset.on_click(lambda _: self.reset())
        right = ipywidgets.VBox([*self.shown.values()])
        super().__init__([ipywidgets.VBox([*rows, reset], layout={"flex": "0 0 auto"}), right])
        self._show(self.session.before)

    @property
    def result(self) -> Result:
        """What was measured last."""
        return self.session.result

    def reset(self) -> None:
        """Move all cuts back to the config's."""
        explorer = self.session.explorer
        starts = sliders(explorer.config, explorer.loosest)
        self._is_resetting = True
        try:
            for slider in starts:
                if slider.key in self.without:
                    self.without[slider.key].value = slider.value is None
                if slider.value is not None:
                    self.sliders[slider.key].value = slider.value
        finally:
            self._is_resetting = False
        self.cuts = {}
        self._measure()

    def _row(self, slider: Slider) -> list[Any]:
        kind = ipywidgets.IntSlider if slider.is_whole else ipywidgets.FloatSlider
        unit = f" [{slider.unit}]" if slider.unit else ""
        box = kind(
            value=slider.start if slider.value is None else slider.value,
            min=slider.low,
            max=slider.high,
            step=slider.step,
            description=f"{slider.label}{unit}",
            continuous_update=False,
            disabled=slider.value is None,
            style=WIDE,
            layout={"width": "34em"},
        )
        self.sliders[slider.key] = box
        box.observe(partial(self._moved, slider), names="value")
        if not slider.without:
            return [box]
        check = ipywidgets.Checkbox(
            value=slider.value is None,
            description=f"no such cut: {slider.without}",
            style=WIDE,
        )
        self.without[slider.key] = check
        check.observe(partial(self._moved, slider), names="value")
        return [box, check]

    def _moved(self, slider: Slider, _: Any) -> None:
        box, check = self.sliders[slider.key], self.without.get(slider.key)
        box.disabled = check is not None and check.value
        if self._is_resetting:
            return
        value = None if box.disabled else box.value
        self.cuts.pop(slider.key, None)
        if value != slider.value:
            self.cuts[slider.key] = value
        self._measure()

    def _measure(self) -> None:
        found = self.session.answer(self.cuts)
        if "problem" in found:
            told = f"Nothing measured with these cuts: {found['problem']}"
            self.shown[
                "state"
            ].value = f"<b style='color:#a33c00;white-space:pre-wrap'>{escape(told)}</b>"
        else:
            self._show(found)

    def _show(self, found: dict[str, Any]) -> None:
        self.shown["state"].value = escape(f"{found['took']}: {found['found']}")
        self.shown["table"].value = _table(found["stations"])
        self.shown["curve"].value = pt_curve(found["curves"], self.session.before["curves"])
        self.shown["map"].value = chamber_map(found["chambers"])
        command = f"<pre style='white-space:pre-wrap'>{escape(found['command'])}</pre>"
        self.shown["command"].value = f"The same as a run: {command}"


def _table(rows: list[dict[str, str]]) -> str:
    head = "".join(f"<th {CELL}>{text}</th>" for text in (*HEAD, *HEAD_ACCEPTANCE))
    body = "".join(
        f"<tr>{''.join(f'<td {CELL}>{text}</td>' for text in row.values())}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
