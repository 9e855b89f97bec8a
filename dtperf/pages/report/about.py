"""What a page says of a result before all numbers: whose events, which runs, who measured it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dtperf.config.show import nearest_in_words
from dtperf.filesets.model import DEFAULT_DATASET
from dtperf.pages.report.words import count
from dtperf.results.caption import Caption, caption_of, runs_in_words
from dtperf.results.cost import cost_of
from dtperf.wording import counted

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["about", "in_one_line", "warning"]

MOST_NAMES = 4
CMS = ("data", "simulation", "data and simulation")
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
    """List what is known of a result beside its efficiencies, by what it is called."""
    caption, totals = caption_of(result), result.totals
    files = counted(totals["files"], "file")
    lines = (
        ("source", f"CMS {caption.events}" if caption.events in CMS else caption.events),
        ("runs", runs_in_words(result.runs).removeprefix("run ")),
        ("recorded", _recorded(caption)),
        ("luminosity", _luminosity(caption)),
        ("by block", _by_block(result)),
        ("energy", caption.energy),
        (
            "read",
            f"{counted(totals['events'], 'event')} of {files}, {counted(totals['pairs'], 'pair')}",
        ),
        ("dataset", _dataset(result)),
        ("measured", _measured(result)),
        ("computing", "" if result.skims else cost_of(result).words),
        ("analysis", nearest_in_words(result.config)),
        ("code", f"dtperf {result.code or 'unknown'}"),
    )
    return [(name, text) for name, text in lines if text]


def in_one_line(result: Result) -> str:
    """Return how many events of which runs there are, and their energy and luminosity if known."""
    caption = caption_of(result)
    events = f"{count(result.totals['events'])} {result.origin.noun}"
    of_runs = " of ".join(filter(None, (events, runs_in_words(result.runs))))
    return "; ".join(filter(None, (of_runs, caption.energy, _luminosity(caption))))


def _recorded(caption: Caption) -> str:
    if caption.recorded is None or not caption.recorded.per_fb:
        return ""
    return _days([each.isoformat() for each in (caption.recorded.begin, caption.recorded.end)])


def _luminosity(caption: Caption) -> str:
    if caption.recorded is None:
        return caption.luminosity
    if not caption.luminosity:
        return "not known: the table has nothing of these runs"
    remarks = "; ".join(caption.recorded.remarks)
    return f"{caption.luminosity}; {remarks}" if remarks else caption.luminosity


def _by_block(result: Result) -> str:
    if (table := result.config.luminosity_by_block) is None:
        return ""
    blocks = f"{counted(table.blocks, 'luminosity block')} of {table.file}, {table.sha256[:12]}"
    return f"luminosity of {blocks}, for files without"


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
    begins = [str(job["begin"]) for job in result.jobs if job.get("begin")]
    users = sorted({f"{job['user']}@{job['host']}" for job in result.jobs if job.get("user")})
    hosts = users or sorted({str(job["host"]) for job in result.jobs if job.get("host")})
    by = "by" if users else "on"
    who = f" {by} {', '.join(hosts[:MOST_NAMES])}" if hosts else ""
    return f"{_days(begins)}{who}".strip() if begins else who.strip()


def _days(times: list[str]) -> str:
    """Return the days of times in ISO 8601; what others wrote may be anything."""
    first, last = min(times)[:10], max(times)[:10]
    return first if first == last else f"{first} to {last}"
