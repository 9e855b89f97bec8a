"""The result of an analysis: histograms, ledger and provenance, in memory and on disk."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import hist
import uhi.io.json as uhi_json

from dtperf.config import AnalysisConfig
from dtperf.errors import InputError
from dtperf.ledger import Ledger
from dtperf.measurements.declaration import Histogram
from dtperf.measurements.histograms import presented, sort_categories
from dtperf.summary import Chamber, Station, by_chamber, by_station

__all__ = ["SCHEMA_VERSION", "Result"]

SCHEMA_VERSION = 1
RESULT, HISTOGRAMS, LEDGER = "result.json", "histograms.json.gz", "ledger.parquet"


@dataclass(frozen=True)
class Result(Mapping[str, "Histogram"]):
    """Everything that one run measured; `result["by_chamber"]` is a histogram."""

    config: AnalysisConfig
    counts: Mapping[str, Histogram]
    """Histograms of integers by the measurement's name, as they add up."""
    totals: Mapping[str, int]
    """events, pairs, crossings, files, bytes."""
    anomalies: Mapping[str, int]
    """How often something was found that no detector writes, by name."""
    ledger: Ledger
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Versions, host, times: nothing here is a number of the measurement."""

    def __getitem__(self, name: str) -> Histogram:
        """Give one histogram: counts, an efficiency with an axis 'passed', or a profile."""
        return presented(self.counts[name])

    def __iter__(self) -> Iterator[str]:
        """List the names of the measurements."""
        return iter(self.counts)

    def __len__(self) -> int:
        """Count the measurements."""
        return len(self.counts)

    def __add__(self, other: Result) -> Result:
        """Merge the results of two jobs of the same analysis.

        Raises:
            InputError: The configs differ, or a chunk is in both.
        """
        if not isinstance(other, Result):
            return NotImplemented
        if self.config.hash != other.config.hash:
            raise InputError(
                "these results come from different configs "
                f"({self.config.hash[:12]} and {other.config.hash[:12]}): they do not add up"
            )
        _refuse_overlap(self.ledger, other.ledger)
        return replace(
            self,
            counts=_sum_histograms(self.counts, other.counts),
            totals=_sum_numbers(self.totals, other.totals),
            anomalies=_sum_numbers(self.anomalies, other.anomalies),
            ledger=Ledger((*self.ledger, *other.ledger)),
        )

    def by_station(self) -> tuple[Station, ...]:
        """Summarise fiducial efficiency and efficiency x acceptance of MB1 to MB4."""
        return by_station(self.counts)

    def by_chamber(self) -> tuple[Chamber, ...]:
        """List the fiducial efficiency of the 250 chambers."""
        return by_chamber(self.counts)

    @property
    def skipped_events(self) -> int:
        """Events of chunks that could not be read."""
        return self.ledger.events("skipped")

    @property
    def left_out(self) -> tuple[str, ...]:
        """Measurements of the config that no file had the branches for."""
        return tuple(name for name in self.config.measurements.active() if name not in self.counts)

    def save(self, directory: str | Path) -> Path:
        """Write the result directory.

        Args:
            directory: Made if it is not there; files of an older result in it are replaced.

        Returns:
            The directory.
        """
        out = Path(directory)
        out.mkdir(parents=True, exist_ok=True)
        content = {
            "schema_version": SCHEMA_VERSION,
            "config": self.config.model_dump(mode="json"),
            "config_hash": self.config.hash,
            "totals": dict(self.totals),
            "anomalies": dict(self.anomalies),
            "provenance": dict(self.provenance),
        }
        # mtime=0: equal counts give equal bytes
        text = json.dumps(dict(self.counts), default=uhi_json.default)
        (out / HISTOGRAMS).write_bytes(gzip.compress(text.encode(), mtime=0))
        self.ledger.write(out / LEDGER)
        # last: a directory with this file is complete
        (out / RESULT).write_text(json.dumps(content, indent=2) + "\n")
        return out

    @classmethod
    def load(cls, directory: str | Path) -> Result:
        """Read a result directory; runs none of its content.

        Raises:
            InputError: It is not a result directory, or one of a newer dtperf.
        """
        out = Path(directory)
        for name in (RESULT, HISTOGRAMS, LEDGER):
            if not (out / name).is_file():
                raise InputError(f"{out}: is not a result directory: it has no {name}")
        try:
            content = json.loads((out / RESULT).read_text())
            if content["schema_version"] > SCHEMA_VERSION:
                raise InputError(f"{out}: was written by a newer dtperf: upgrade to read it")
            text = gzip.decompress((out / HISTOGRAMS).read_bytes())
            counts = json.loads(text, object_hook=uhi_json.object_hook)
            return cls(
                config=AnalysisConfig.model_validate(content["config"]),
                counts={name: hist.Hist(value) for name, value in counts.items()},
                totals=content["totals"],
                anomalies=content["anomalies"],
                ledger=Ledger.read(out / LEDGER),
                provenance=content["provenance"],
            )
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{out}: the result cannot be read: {error}") from error


def _refuse_overlap(a: Ledger, b: Ledger) -> None:
    """Refuse two ledgers that both count the same events of a file."""
    rows = sorted((row.uuid, row.start, row.stop, row.file) for row in (*a, *b) if row.events)
    for first, second in pairwise(rows):
        if first[0] == second[0] and second[1] < first[2]:
            raise InputError(
                f"{second[3]}: events {second[1]} to {min(first[2], second[2])} "
                "are in both results: they would count twice"
            )


def _sum_histograms(a: Mapping[str, Histogram], b: Mapping[str, Histogram]) -> dict[str, Histogram]:
    both = {name: sort_categories(a[name] + b[name]) for name in a if name in b}
    return {**a, **b, **both}


def _sum_numbers(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {name: a.get(name, 0) + b.get(name, 0) for name in [*a, *b]}
