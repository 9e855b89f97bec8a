"""What was measured and how, as files in formats of others say it."""

from __future__ import annotations

from dtperf.config.suggest import shorten
from dtperf.config.values import flat_values
from dtperf.results.bin_columns import is_efficiency
from dtperf.results.caption import caption_of, runs_in_words
from dtperf.results.result import Result
from dtperf.statistics import ONE_SIGMA
from dtperf.wording import counted

__all__ = ["CHAMBERS", "PREFIX", "about", "about_all", "selection_of", "source_of"]

CHAMBERS = "by_chamber"
"""The measurement that is written unless another one is asked for."""
PREFIX = "dtperf."
"""Before each key, where others have keys of their own."""
DECISIVE = ("selection.", "extrapolation", "compatibility.")


def about_all(result: Result) -> dict[str, str]:
    """Return whose events were measured and how, by key.

    Returns:
        `analysis`, `config`, which is the hash that results of the same config share, `code`,
        `events`, their number; and as far as they are known `source`: 'data', 'simulation',
        'synthetic events' or several of them, `runs`, `luminosity` and `energy`.
    """
    caption = caption_of(result)
    known = {
        "source": caption.events,
        "runs": runs_in_words(result.runs),
        "luminosity": caption.luminosity,
        "energy": caption.energy,
    }
    return {
        "analysis": result.config.title,
        "config": result.config.hash,
        "code": result.code,
        "events": str(result.totals["events"]),
        **{key: text for key, text in known.items() if text},
    }


def about(result: Result, measurement: str) -> dict[str, str]:
    """Return what was measured and how, by key.

    Args:
        result: What was measured.
        measurement: Its name; with 'extra/' before it, of what the processor has counted.

    Returns:
        `measurement`, `title`, what `about_all` tells, and of an efficiency `interval`.
    """
    titles = {entry.name: entry.title for entry in result.histograms}
    found = {"measurement": measurement, "title": titles[measurement], **about_all(result)}
    if is_efficiency(result.counts_of(measurement)):
        found["interval"] = f"Clopper-Pearson, coverage {ONE_SIGMA:.6f}"
    return found


def source_of(result: Result) -> str:
    """Return in one line whose events they are, of which runs, analysis, config and code."""
    caption = caption_of(result)
    events = f"{result.totals['events']:,} {caption.events or 'events'}"
    if caption.is_data and caption.events:
        events = f"{counted(result.totals['events'], 'event')} of data"
    parts = [
        " of ".join(filter(None, (events, runs_in_words(result.runs)))),
        caption.conditions,
        f"analysis '{result.config.title}'",
        f"config {result.config.hash}",
        f"dtperf {result.code}",
    ]
    return ", ".join(filter(None, parts))


def selection_of(result: Result) -> dict[str, str]:
    """Return the keys of the config that decide what is counted, and their values; no nulls."""
    values = flat_values(result.config)
    return {
        key: shorten(value)
        for key, value in values.items()
        if key.startswith(DECISIVE) and value not in (None, [], {})
    }
