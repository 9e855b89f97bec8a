"""Results as pages: one HTML file each, for a browser, a phone, or paper; it needs no network.

`render` and `write` tell of one result, `render_comparison` of two, `render_history` of many,
`render_ageing` of many against luminosity, and `render_systematics` of cuts that were varied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtperf.lazy_import import attach

if TYPE_CHECKING:
    from dtperf.pages.report.ageing import render_ageing
    from dtperf.pages.report.comparison import render_comparison
    from dtperf.pages.report.headlines import hidden_losses, verdict
    from dtperf.pages.report.history import render_history
    from dtperf.pages.report.html import save
    from dtperf.pages.report.overview import render, write
    from dtperf.pages.report.systematics import render_systematics

__all__ = [
    "hidden_losses",
    "render",
    "render_ageing",
    "render_comparison",
    "render_history",
    "render_systematics",
    "save",
    "verdict",
    "write",
]
# a run prints the verdict, and needs no templates
__getattr__, __dir__ = attach(__name__, __file__)
