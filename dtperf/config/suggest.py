"""What a misspelt name may have meant."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

__all__ = ["nearest_keys", "shorten", "suggest"]

LONGEST_NAME = 60
SIBLING_BONUS = 0.1
NEAR = 0.65
MOST_KNOWN = 35
"""Names that are listed: the standard measurements are fewer."""


def shorten(value: object) -> str:
    """Write a value as YAML would, at most about a line of it."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the nearest known name, or the first ones of all if none is near.

    Args:
        name: What was given.
        known: What is allowed.

    Returns:
        Text that continues a message, such as ``; did you mean 'min_pt'?``.
    """
    known = sorted(known)
    spelled = {each.lower(): each for each in known}
    near = get_close_matches(name[:LONGEST_NAME].lower(), spelled, n=1, cutoff=0.5)
    if near:
        return f"; did you mean '{spelled[near[0]]}'?"
    if len(known) > MOST_KNOWN:
        return f"; known are {', '.join(known[:MOST_KNOWN])} and {len(known) - MOST_KNOWN} more"
    return f"; known are {', '.join(known)}" if known else ""


def nearest_keys(key: str, siblings: Iterable[str], others: Iterable[str]) -> list[str]:
    """Find the keys that a misspelt or misplaced one may have meant.

    Args:
        key: Dotted key that is not known.
        siblings: Dotted keys of the same section, preferred when they are as near.
        others: Dotted keys of the other sections.

    Returns:
        The nearest key; several if they are equally near, none if none is near.
    """
    scores = {other: _likeness(key, other) for other in others}
    scores |= {sibling: _likeness(key, sibling) + SIBLING_BONUS for sibling in siblings}
    best = max(scores.values(), default=0.0)
    return sorted(other for other, score in scores.items() if score == best >= NEAR)


def _likeness(key: str, other: str) -> float:
    name, known = key.rpartition(".")[2], other.rpartition(".")[2]
    return SequenceMatcher(None, name[:LONGEST_NAME].lower(), known.lower()).ratio()
