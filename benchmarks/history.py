"""Ratios of earlier benchmarks: `python -m benchmarks.history` prints how they went.

Times differ from machine to machine and from hour to hour; ratios of one run less so.
"""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["append", "entries", "trend"]

FILE = Path(__file__).parent / "history.jsonl"


def append(kind: str, ratios: Mapping[str, float], file: Path = FILE) -> None:
    """Add the ratios of a benchmark.

    Args:
        kind: Which benchmark.
        ratios: By name of what was timed.
        file: One JSON object a line.
    """
    entry = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "python": platform.python_version(),
        "kind": kind,
        "ratios": {name: round(ratio, 4) for name, ratio in ratios.items()},
    }
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(entry) + "\n")


def entries(file: Path = FILE) -> list[dict[str, Any]]:
    """Read what was appended, the oldest first."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def trend(file: Path = FILE) -> str:
    """Write a table: one row for each ratio, with its value in each entry and the last change."""
    found: dict[tuple[str, str], list[float]] = {}
    for entry in entries(file):
        for name, ratio in entry["ratios"].items():
            found.setdefault((entry["kind"], name), []).append(ratio)
    lines = ["| benchmark | ratio | so far | last change |", "|---|---|---|---:|"]
    for (kind, name), ratios in found.items():
        change = f"{ratios[-1] / ratios[-2] - 1:+.0%}" if len(ratios) > 1 else ""
        values = " ".join(f"{ratio:.3g}" for ratio in ratios)
        lines.append(f"| {kind} | {name} | {values} | {change} |")
    return "\n".join(lines)


def _commit() -> str:
    asked = ["git", "-C", str(FILE.parent), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    print(trend())
