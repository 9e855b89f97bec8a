"""Axis labels for matplotlib to labels for ROOT."""

from __future__ import annotations

import re

__all__ = ["to_tlatex"]


def to_tlatex(text: str) -> str:
    r"""Write a label the way ROOT does.

    Args:
        text: A label with mathematics between dollar signs, such as ``$p_T$ [GeV]``.

    Returns:
        The label in TLatex, such as ``p_{T} [GeV]``, without semicolons: ROOT takes what follows
        one for the title of the next axis.
    """
    parts = text.replace(";", ",").split("$")
    # the parts of odd number lie between dollar signs; without a partner a dollar is a dollar
    if len(parts) % 2 == 0:
        return "$".join(parts)
    return "".join(_math(part) if i % 2 else part for i, part in enumerate(parts))


def _math(text: str) -> str:
    return re.sub(r"([_^])(\w)", r"\1{\2}", text).replace("\\", "#")
