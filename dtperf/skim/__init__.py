"""A skim: what any tighter selection can need of files, for a second pass.

    dtperf.skim.skim(config, "data/*.root", out="skim")
    dtperf.Analysis("skim").with_cuts({"selection.probe.min_pt": 25})

A skim is a result directory, of the loosest cuts, with more in it:

| `events/*.arrow` | run, luminosityBlock, and muon, muon_matches, dtSegment, … as lists |
| `blocks/*.arrow` | for each of these, how many events and anomalies each luminosity block had |
| `blocks.parquet` | the sum of those |
| `skim.json`      | checksums; without it the skim is not finished |

Arrow IPC that is not compressed, because its numbers are used where they are in the file. Measured
by `python -m benchmarks.second_pass`, for an event that was kept: 276 bytes, and 39 ns of a core
until all columns are numpy arrays; with ZSTD 150 bytes and 276 ns; Parquet with ZSTD 198 bytes and
748 ns; RNTuple with ZSTD 168 bytes and 1,208 ns. Full synthetic events have 6,800 bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtperf.lazy_import import attach

if TYPE_CHECKING:
    from dtperf.skim.make import skim
    from dtperf.skim.stored import Skim, is_skim, load_skim

__all__ = ["Skim", "is_skim", "load_skim", "skim"]
# Whether inputs are a skim is asked before workers are; what makes one takes a second to import.
# What measures a skim needs nothing of it.
__getattr__, __dir__ = attach(__name__, __file__)
