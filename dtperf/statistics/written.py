"""How a p-value is written."""

from __future__ import annotations

__all__ = ["probability"]

LEAST = 1e-300
"""Smaller ones lose their digits, and then become 0, which they are not."""


def probability(p_value: float) -> str:
    """Write a p-value, or a part of false alarms."""
    if p_value < LEAST:
        return f"below {LEAST:g}"
    return f"{p_value:.3f}" if p_value >= 0.001 else f"{p_value:.0e}".replace("e-0", "e-")
