"""Write the luminosity of a sample as brilcalc does, by luminosity block."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from dtperf.synthetic.luminosity import (
    PILE_UP_PER_LUMINOSITY,
    instantaneous_luminosity,
    run_numbers,
)
from dtperf.synthetic.settings import Settings

__all__ = ["LUMINOSITY_FILE", "write_luminosity"]

LUMINOSITY_FILE = "luminosity.csv"
FILL = 8746
BEGIN = datetime(2023, 5, 12, 2, 0, tzinfo=UTC)
BEAM_GEV = 6800
BLOCK_SECONDS = 2**18 / 11_245.4996
"""2**18 turns of the LHC."""
HEADS = "#run:fill,ls,time,beamstatus,E(GeV),delivered(/ub),recorded(/ub),avgpu,source"


def write_luminosity(path: Path, settings: Settings) -> None:
    """Write what `brilcalc lumi --byls --output-style csv` would, all of it recorded.

    Args:
        path: The file.
        settings: Of the sample: which runs and blocks there are.
    """
    block = np.arange(1, settings.lumi_blocks_per_run + 1)
    rate = instantaneous_luminosity(block, settings.lumi_blocks_per_run)
    columns = [each.tolist() for each in (block, rate * BLOCK_SECONDS, rate)]
    lines, begin = [f"#Data tag : synthetic, seed {settings.seed}", HEADS], BEGIN
    for run in run_numbers(settings.runs, settings.first_run).tolist():
        for number, delivered, hz_per_ub in zip(*columns, strict=True):
            # brilcalc writes no more digits
            amount = f"{delivered:.9f},{delivered:.9f},{PILE_UP_PER_LUMINOSITY * hz_per_ub:.1f}"
            when = f"{begin:%m/%d/%y %H:%M:%S}"
            place = f"{run}:{FILL},{number}:{number},{when},STABLE BEAMS,{BEAM_GEV}"
            lines.append(f"{place},{amount},SYNTHETIC")
            begin += timedelta(seconds=BLOCK_SECONDS)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
