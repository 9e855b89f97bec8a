"""Draw synthetic events over CMS data: `python -m benchmarks.overlay RESULT CMS.json.gz -o PNG`.

CMS.json.gz holds the reference program's histograms of CMS data: by name the axes and, with
underflow and overflow, counts, passed and total, or mean and entries.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

import dtperf
from dtperf.results.export.naming import reference_objects

BLUE = "#3f90da"
RANGES = {"pairMass": (81, 101), "probePtMB1": (15, 100), "probeEtaMB1": (-1.2, 1.2)}
HISTOGRAMS = {
    "pairMass": "mass of tag and probe [GeV]",
    "probePtMB1": "$p_T$ of the probe, MB1 [GeV]",
    "probeEtaMB1": r"$\eta$ of the probe, MB1",
}
ACCEPTANCE = ("effAccVsEtaMB1", "effAccVsEtaMB4")
STATIONS = ("MB1", "MB2", "MB3", "MB4")


def main() -> None:
    """Read both, draw, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path, help="result directory of a synthetic sample")
    parser.add_argument("cms", type=Path, help="histograms of CMS data")
    parser.add_argument("-o", "--out", type=Path, required=True, help="picture to write")
    options = parser.parse_args()
    counts = dtperf.Result.load(options.result).counts
    ours = {name: vars(found) for name, found in reference_objects(counts).items()}
    with gzip.open(options.cms) as file:
        cms = json.load(file)
    draw(ours, cms).savefig(options.out, dpi=110)


def draw(ours: dict[str, Any], cms: dict[str, Any]) -> plt.Figure:
    """Draw twelve panels: shapes, acceptance, hits, t0."""
    figure, panels = plt.subplots(3, 4, figsize=(17, 11), layout="constrained")
    row = iter(panels.flat)
    for name, label in HISTOGRAMS.items():
        shape(next(row), edges(cms[name]), *(h[name]["counts"] for h in (ours, cms)), label)
    rate(next(row), "effVsPtMB1", ours, cms, "$p_T$ of the probe [GeV]", "efficiency, MB1")
    for name in ACCEPTANCE:
        title = f"efficiency × acceptance, {name[-3:]}"
        rate(next(row), name, ours, cms, r"$\eta$ of the probe", title)
    for name in ("effVsNHitsPhiMB1", "effVsNHitsPhiMB4"):
        title = f"efficiency with so many φ hits, {name[-3:]}"
        rate(next(row), name, ours, cms, "least number of φ hits", title)
    for station in STATIONS:
        times(next(row), f"t0{station}", ours, cms)
    panels[0, 0].legend(loc="upper left", frameon=False)
    return figure


def edges(entry: dict[str, Any]) -> np.ndarray:
    """Return the bin edges of the last axis."""
    return np.asarray(entry["axes"][-1])


def shape(panel: Any, x: np.ndarray, ours: Any, cms: Any, label: str) -> None:
    """Draw two histograms of the same area within the range shown."""
    low, high = RANGES.get(name_of(label), (x[0], x[-1]))
    kept = (x[:-1] >= low - 1e-9) & (x[1:] <= high + 1e-9)
    inner = [np.asarray(counts, dtype=float)[1:-1] * kept for counts in (ours, cms)]
    panel.stairs(
        inner[0] / inner[0].sum(), x, fill=True, color=BLUE, alpha=0.45, label="dtperf, synthetic"
    )
    centres, fractions = (x[:-1] + x[1:]) / 2, inner[1] / inner[1].sum()
    errors = np.sqrt(inner[1]) / inner[1].sum()
    panel.errorbar(centres[kept], fractions[kept], errors[kept], fmt="k.", ms=3, label="CMS data")
    panel.set(xlim=(low, high), xlabel=label, ylabel="fraction of entries")


def name_of(label: str) -> str:
    """Find the histogram that has this label."""
    return next((name for name, text in HISTOGRAMS.items() if text == label), "")


def rate(panel: Any, name: str, ours: Any, cms: Any, label: str, title: str) -> None:
    """Draw two efficiencies."""
    x = edges(cms[name])
    for entry, look in ((ours[name], "line"), (cms[name], "points")):
        passed, total = (np.asarray(entry[key], dtype=float)[1:-1] for key in ("passed", "total"))
        value = np.where(total > 20, passed / np.maximum(total, 1), np.nan)
        if look == "line":
            panel.stairs(value, x, color=BLUE, lw=2, baseline=None)
        else:
            error = np.sqrt(value * (1 - value) / np.maximum(total, 1))
            panel.errorbar((x[:-1] + x[1:]) / 2, value, error, fmt="k.", ms=3)
    panel.set(xlabel=label, ylabel=title, xlim=(x[0], x[-1]))
    if name.startswith("effVsPt"):
        panel.set(xlim=(20, 130), ylim=(0.97, 1.002))


def times(panel: Any, name: str, ours: Any, cms: Any) -> None:
    """Draw the t0 of all chambers of a station."""
    x = edges(cms[name])
    both = [np.asarray(entry[name]["counts"], dtype=float) for entry in (ours, cms)]
    shape(
        panel,
        x,
        *(counts.sum(axis=0) for counts in both),
        f"$t_0$ of the segments, {name[2:]} [ns]",
    )
    panel.set(yscale="log", ylim=(1e-6, 1))


if __name__ == "__main__":
    main()
