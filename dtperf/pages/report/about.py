"""What a page says of a result before all numbers: whose events, which runs, who measured it."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

from dtperf.config.show import nearest_in_words
from dtperf.filesets.model import DEFAULT_DATASET
from dtperf.pages.report.words import count
from dtperf.results.caption import Caption, caption_of

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["about", "warning"]

MOST_NAMES = 4
MARKS = {
    "simulation": "Simulation: nothing here was measured with the detector.",
    "synthetic events": (
        "Synthetic events, made by dtperf's own generator: nothing here was measured with CMS."
    ),
}


def warning(*results: Result) -> str:
    """Return a sentence on results that are not of data alone; empty: they are, or who knows."""
    events = caption_of(*results).events
    if events in ("", "data"):
        return ""
    return MARKS.get(events, f"{events[:1].upper()}{events[1:]} together.")


def about(result: Result) -> list[tuple[str, str]]:
    """List what is known of a result beside its counts, by what it is called."""
    caption = caption_of(result)
    lines = (
        ("events", _events(result, caption)),
        ("runs", _runs(result)),
        ("recorded", _recorded(caption)),
        ("luminosity", _luminosity(caption)),
        ("dataset", _dataset(result)),
        ("measured", _measured(result)),
        ("config", f"{result.config.title or 'untitled'} ({nearest_in_words(result.config)})"),
        ("code", f"dtperf {result.code or 'unknown'}"),
    )
    return [(name, text) for name, text in lines if text]


def _events(result: Result, caption: Caption) -> str:
    totals = result.totals
    kind = f" ({caption.events})" if caption.events else ""
    files = f"{count(totals['files'])} file{'s' * (totals['files'] != 1)}"
    return f"{count(totals['events'])}{kind} of {files}, {count(totals['pairs'])} pairs"


def _runs(result: Result) -> str:
    runs = result.runs
    if len(runs) < 2:
        return str(runs[0]) if runs else ""
    return f"{count(len(runs))}, {runs[0]} to {runs[-1]}"


def _recorded(caption: Caption) -> str:
    if caption.recorded is None or not caption.recorded.per_fb:
        return ""
    return _days([caption.recorded.begin, caption.recorded.end])


def _luminosity(caption: Caption) -> str:
    remarks = "; ".join(caption.recorded.remarks) if caption.recorded else ""
    if caption.recorded and not caption.luminosity:
        remarks = "the table has none of these runs"
    return ", ".join(filter(None, (caption.conditions.strip("()"), remarks)))


def _dataset(result: Result) -> str:
    names = sorted({file.dataset for file in result.event_sample.files} - {DEFAULT_DATASET})
    if names:
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        return ", ".join(names[:MOST_NAMES]) + more
    files = sorted({row.file for row in result.ledger if row.status == "read"})
    if len(files) < 2:
        return "".join(files)
    return f"{os.path.commonprefix(files)}…"  # noqa: RUF071  # of URLs, too, and into the names


def _measured(result: Result) -> str:
    begins = [datetime.fromisoformat(job["begin"]) for job in result.jobs if job.get("begin")]
    users = sorted({f"{job['user']}@{job['host']}" for job in result.jobs if job.get("user")})
    hosts = users or sorted({str(job["host"]) for job in result.jobs if job.get("host")})
    by = "by" if users else "on"
    who = f" {by} {', '.join(hosts[:MOST_NAMES])}" if hosts else ""
    return f"{_days(begins)}{who}".strip() if begins else who.strip()


def _days(times: list[datetime]) -> str:
    first, last = (f"{day:%Y-%m-%d}" for day in (min(times), max(times)))
    return first if first == last else f"{first} to {last}"
