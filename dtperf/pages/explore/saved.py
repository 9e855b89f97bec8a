"""What stands for the sliders in a saved notebook: without a kernel, on GitHub, in nbconvert."""

from __future__ import annotations

import json
from html import escape

from dtperf.pages.explore.session import Session
from dtperf.results.html import chamber_map, chamber_rows
from dtperf.results.table import table_html

__all__ = ["as_html", "as_text"]

HINT = "To move the cuts, run this cell."


def as_html(session: Session, element_id: str) -> str:
    """Write table, map and cuts of what was measured last.

    Args:
        session: What was measured.
        element_id: By which a view that has a kernel hides it.
    """
    head = escape(f"{session.setup['title']}: {session.setup['loaded']}")
    parts = [
        f"<p><b>{head}</b><br>{escape(_cuts(session))}. {HINT}</p>",
        table_html(session.result.by_station(), ""),
        chamber_map(chamber_rows(session.result)),
        f"<pre>{escape(session.last['python'])}</pre>",
    ]
    return f"<div id='{element_id}'>{''.join(parts)}</div>"


def as_text(session: Session) -> str:
    """Write cuts and efficiencies of what was measured last, a line a station."""
    stations = (
        f"{row['name']}  {row['fiducial']} %  ({row['fiducial_counts']}), "
        f"with acceptance {row['acceptance']} %  ({row['acceptance_counts']})"
        for row in session.last["stations"]
    )
    head = f"{session.setup['title']}: {session.setup['loaded']}"
    return "\n".join([head, _cuts(session), *stations, session.last["python"]])


def _cuts(session: Session) -> str:
    moved = ", ".join(f"{key}={json.dumps(value)}" for key, value in session.cuts.items())
    return f"The config’s cuts, but {moved}" if moved else "The config’s cuts"
