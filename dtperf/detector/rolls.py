"""How the rolls of the barrel's RPCs are called."""

from __future__ import annotations

__all__ = ["SIDES", "roll_name"]

SIDES = ("in", "out")
"""RB1 and RB2 have chambers on both sides of their DT chamber."""


def roll_name(station: int, layer: int, subsector: int, roll: int) -> str:
    """Return chamber and roll without wheel and sector, such as 'RB1in roll 2'.

    Args:
        station: 1 to 4.
        layer: 1 inner, 2 outer chamber of RB1 and RB2; 1 elsewhere.
        subsector: Half chamber of RB3 and RB4, from 1.
        roll: From 1.
    """
    where = SIDES[layer - 1] if station < 3 else f" half {subsector}"
    return f"RB{station}{where} roll {roll}"
