"""Files to make filesets of."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.golden import GOLDEN
from tests.helpers.runs import pieces

__all__ = ["BROKEN", "broken_copy", "golden_pieces"]

BROKEN = "2200.root"


def golden_pieces(folder: Path) -> Path:
    """Write the golden events into four files."""
    pieces(GOLDEN, folder, [0, 1000, 2200, 3000])
    return folder


def broken_copy(whole: Path, folder: Path) -> Path:
    """Copy the four files; the third one ends early."""
    folder.mkdir()
    for path in whole.iterdir():
        content = path.read_bytes()
        (folder / path.name).write_bytes(content[:5000] if path.name == BROKEN else content)
    return folder
