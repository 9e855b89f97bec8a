"""Results as pages: one HTML file each, for a browser, a phone, or paper; it needs no network.

`render` and `write` tell of one result, `render_comparison` of two, `render_history` of many.
"""

from __future__ import annotations

from dtperf.report.comparison import render_comparison
from dtperf.report.headlines import hidden_losses, verdict
from dtperf.report.history import render_history
from dtperf.report.overview import render, write
from dtperf.report.pages import save

__all__ = [
    "hidden_losses",
    "render",
    "render_comparison",
    "render_history",
    "save",
    "verdict",
    "write",
]
