"""Sliders in a notebook; needs the extra `notebook`."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anywidget
from IPython.display import display, update_display
from traitlets import Bunch, Dict, observe

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.pages.assets import asset
from dtperf.pages.explore.saved import as_html, as_text
from dtperf.pages.explore.session import Session
from dtperf.results.result import Result

__all__ = ["App"]

LOST = "The kernel has gone: run this cell again to move the cuts."
VIEW = "application/vnd.jupyter.widget-view+json"


class App(anywidget.AnyWidget):
    """Sliders for the cuts, and the table, curve and map that follow them.

    Attributes:
        cuts: What differs from the config, by key, such as ``{"selection.probe.min_pt": 25}``. It
            follows the sliders, and they follow what is assigned to it.
    """

    _esm = asset("explore/explore.js")
    _css = asset("explore/explore.css")
    setup = Dict(read_only=True).tag(sync=True)
    cuts = Dict().tag(sync=True)
    answer = Dict(read_only=True).tag(sync=True)

    def __init__(self, session: Session) -> None:
        """Show a session."""
        self._session = session
        self._saved_id = f"dtperf-saved-{secrets.token_hex(6)}"
        self._raises = True
        super().__init__()
        with self.hold_sync():
            self.set_trait("setup", session.setup | {"lost": LOST, "saved": self._saved_id})
            self.set_trait("answer", session.before | {"cuts": {}})
        self.on_msg(self._save)

    @property
    def result(self) -> Result:
        """What was measured last."""
        return self._session.result

    @property
    def config(self) -> AnalysisConfig:
        """The whole config with the cuts that were measured last."""
        return self._session.config

    def reset(self) -> None:
        """Move all cuts back to the config's."""
        self.cuts = {}

    def close(self) -> None:
        """Take the sliders away and let the events go; `result` and `config` stay."""
        self._session.close()
        super().close()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what a view has changed: what is wrong with it is shown there."""
        with self._showing_problems():
            super().set_state(sync_data)

    @contextmanager
    def _showing_problems(self) -> Iterator[None]:
        self._raises = False
        try:
            yield
        finally:
            self._raises = True

    @observe("cuts")
    def _measure(self, change: Bunch) -> None:
        answer = self._session.answer(change.new)
        if "problem" in answer and self._raises:
            with self._showing_problems():
                self.cuts = change.old
            raise ConfigError(answer["problem"])
        self.set_trait("answer", answer | {"cuts": change.new})

    def __repr__(self) -> str:
        """Write cuts and numbers."""
        return as_text(self._session)

    def _static(self) -> dict[str, str]:
        return {"text/html": as_html(self._session, self._saved_id), "text/plain": repr(self)}

    def _save(self, *_: Any) -> None:
        """Keep the output that is saved at the cuts, when the view says that they rest."""
        update_display(self._static(), display_id=self._saved_id, raw=True)

    def _ipython_display_(self, **_: Any) -> None:
        # Two outputs: of one Jupyter would show the view alone, and without a kernel nothing but
        # that it is gone. A view hides the other one as long as it lives.
        display(self._static(), display_id=self._saved_id, raw=True)
        if self.comm is not None:
            view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
            display({VIEW: view, "text/html": "", "text/plain": ""}, raw=True)
