"""A plot's labels where no mathematics can be drawn."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["as_text"]

SIGNS = {"times": "×", "pm": "±", "leq": "≤", "geq": "≥", "to": "→", "circ": "°"}


def as_text(label: str) -> str:
    r"""Write a label in plain text.

    Args:
        label: With mathematics between dollar signs, such as ``probe $\eta$`` or ``$p_T$ [GeV]``.

    Returns:
        The label without marks, such as ``probe η`` or ``pT [GeV]``.
    """
    parts = label.split("$")
    # the parts of odd number lie between dollar signs; without a partner a dollar is a dollar
    if len(parts) % 2 == 0:
        return label
    return "".join(_math(part) if i % 2 else part for i, part in enumerate(parts))


def _math(text: str) -> str:
    return re.sub(r"[_^{}]", "", re.sub(r"\\([a-zA-Z]+) ?", _sign, text))


def _sign(command: re.Match[str]) -> str:
    name = command[1]
    size = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return SIGNS.get(name) or unicodedata.lookup(f"GREEK {size} LETTER {name.upper()}")
    except KeyError:
        return name
