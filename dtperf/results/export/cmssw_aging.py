"""Efficiencies of chambers as CMSSW takes them for scenarios of ageing: `dtRegEx`, CHAMBER:EFF.

Read by `ProduceAgingObject` (cms-sw/cmssw, pull request 18199), which writes a `MuonSystemAging`
for the conditions; applied by `SimMuon/DTDigitizer/plugins/DTChamberMasker.cc`. From their sources:
a chamber is named WH<wheel>_ST<station>_SEC<sector>, and found by a regular expression, so that $
tells sector 1 from 10; a number has a point and no exponent; what is not listed, or not below 1,
stays as it is. The masker draws once for each layer of an event that has digis: the number is the
probability that a layer's digis are kept, not that of a segment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dtperf.detector import Chamber, chambers, of_chambers
from dtperf.errors import ConfigError, InputError
from dtperf.results.bin_columns import is_efficiency
from dtperf.results.export.about import about, source_of
from dtperf.results.index import UnknownHistogram
from dtperf.statistics import efficiency, efficiency_ratio
from dtperf.typing import AnyArray

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["LAYERS", "aging_file"]

LAYERS = "layer_efficiency"
"""What is written unless another one is asked for."""
DIGITS = 4
AXES = ("station", "wheel", "sector")


def aging_file(result: Result, measurement: str = LAYERS, reference: Result | None = None) -> bytes:
    """Write the chambers that keep less than all.

    Args:
        result: What was measured.
        measurement: An efficiency by station, wheel and sector; other axes are summed over. That
            of layers is what CMSSW applies.
        reference: Another result, of the chambers as the simulation has them already: the numbers
            are then ratios to it.

    Returns:
        Python for a CMSSW configuration, with `dtRegEx`. Chambers without entries, which CMSSW
        leaves as they are, are named in a comment.

    Raises:
        UnknownHistogram: It was not measured.
        InputError: It is no efficiency of chambers, or nothing was counted.
    """
    passed, total = _counts(result, measurement)
    if reference is None:
        kept = efficiency(passed, total)
    else:
        kept, _, _ = efficiency_ratio(passed, total, *_counts(reference, measurement))
    if np.isnan(kept).all():
        raise InputError(f"measurement '{measurement}': nothing was counted")
    rows = dict(zip(chambers(), np.round(kept, DIGITS).tolist(), strict=True))
    lines = [
        f'    "{_tag(chamber)}$:{value:.{DIGITS}f}",'
        for chamber, value in rows.items()
        if value < 1
    ]
    unknown = [_tag(chamber) for chamber, value in rows.items() if np.isnan(value)]
    notes = [
        f"{about(result, measurement)['title']} ({measurement})",
        source_of(result),
        *(() if reference is None else (f"as a ratio to that of: {source_of(reference)}",)),
        f"{len(lines)} chambers below 1",
        f"{len(unknown)} of which nothing is known: {', '.join(unknown) or 'none'}",
        "process.produceAgingObject.dtRegEx = dtRegEx",
    ]
    comments = [f"# {line}" for note in notes for line in note.splitlines()]
    head = ["import FWCore.ParameterSet.Config as cms", "", *comments, "dtRegEx = cms.vstring(["]
    return ("\n".join([*head, *lines, "])"]) + "\n").encode()


def _tag(chamber: Chamber) -> str:
    return f"WH{chamber.wheel}_ST{chamber.station}_SEC{chamber.sector}"


def _counts(result: Result, measurement: str) -> tuple[AnyArray, AnyArray]:
    """Return passed and total of the 250 chambers."""
    try:
        counts = result.counts_of(measurement)
    except UnknownHistogram as error:
        if measurement != LAYERS:
            raise
        raise ConfigError(
            f"{error}: what CMSSW applies is the efficiency of layers: measure it with "
            "measurements.groups=[cells], or name another measurement"
        ) from None
    if not is_efficiency(counts) or not {*AXES} <= {*counts.axes.name}:
        raise InputError(
            f"measurement '{measurement}': is no efficiency by {', '.join(AXES)}, as '{LAYERS}' is"
        )
    view = np.asarray(counts.project(*AXES, "passed").view(flow=True))
    cells = of_chambers(view)
    return cells[:, 1], cells.sum(axis=1)
