"""Ratios of earlier benchmarks: `python -m benchmarks.history` prints how they went.

Times differ from machine to machine and from hour to hour; ratios of one run less so. Beside each
stands how fast the machine decompressed in that run: where that differs much, ratios may, too.
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


def append(kind: str, ratios: Mapping[str, float], decompression: float, file: Path = FILE) -> None:
    """Add the ratios of a benchmark.

    Args:
        kind: Which benchmark.
        ratios: By name of what was timed.
        decompression: Events that the machine decompressed in a second of CPU time in that run.
        file: One JSON object a line.
    """
    entry = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "python": platform.python_version(),
        "kind": kind,
        "decompression": round(decompression),
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
    """Write a table: one row for each ratio, with its value in each entry and the last change.

    Each value has beside it how many million events a second the machine decompressed, which was
    not kept at first.
    """
    found: dict[tuple[str, str], list[float]] = {}
    told: dict[tuple[str, str], list[str]] = {}
    for entry in entries(file):
        rate = f"{entry['decompression'] / 1e6:.2f}" if "decompression" in entry else "?"
        for name, ratio in entry["ratios"].items():
            found.setdefault((entry["kind"], name), []).append(ratio)
            told.setdefault((entry["kind"], name), []).append(f"{ratio:.3g} ({rate})")
    columns = "| benchmark | ratio | so far (decompression alone, million events/s) | last change |"
    lines = [columns, "|---|---|---|---:|"]
    for (kind, name), ratios in found.items():
        change = f"{ratios[-1] / ratios[-2] - 1:+.0%}" if len(ratios) > 1 else ""
        lines.append(f"| {kind} | {name} | {' '.join(told[kind, name])} | {change} |")
    return "\n".join(lines)


def _commit() -> str:
    asked = ["git", "-C", str(FILE.parent), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    print(trend())
