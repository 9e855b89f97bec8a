"""Numbers of things, as all messages, tables and pages write them."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, what: str) -> str:
    """Return a number and what it is of, such as '1 file' and '2,000 files'.

    Args:
        number: Of things, 0 or more.
        what: One of them.
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"
