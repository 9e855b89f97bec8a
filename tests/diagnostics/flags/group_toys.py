"""Results with counts of groups of measurements, drawn from known efficiencies, without events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from dtperf import detector
from dtperf.config import load_config
from dtperf.measurements import KNOWN
from dtperf.measurements.moments import SUM_OF_SQUARES_UNIT, SUM_UNIT
from dtperf.results.result import Result
from tests.helpers.ledgers import row
from tests.helpers.made_results import made
from tests.helpers.profiles import moments_of

__all__ = ["EFFICIENCY", "TIMER_NS", "Ill", "group_toy"]

EFFICIENCY = {"trigger": (0.93, 0.96, 0.96), "bx": 0.95, "layers": 0.985, "rolls": 0.94}
SPREAD, SPREAD_SEED = 0.003, 1
"""Of healthy chambers."""
TIMER_NS, TIMER_WIDTH_NS = 387.0, 9.0
SOURCES = ("twinmux_in", "twinmux_out", "bmtf_in")

Ill = Mapping[tuple[str, str], Any]
"""By a chamber's name and what is ill: its efficiency, BX, layer, or factors by superlayer."""


def group_toy(seed: int, ill: Ill | None = None, probes: int = 1000) -> Result:
    """Draw `probes` for each part of each chamber.

    Healthy chambers differ from one another by `SPREAD`, but not from one toy to the next.
    """
    rng, truths, ill = np.random.default_rng(seed), np.random.default_rng(SPREAD_SEED), ill or {}
    names = [f"trigger_{s}_by_chamber" for s in SOURCES] + [f"bx_{s}_by_chamber" for s in SOURCES]
    names += ["layer_efficiency", "rpc_efficiency_by_roll", "mean_timer_by_superlayer_and_run"]
    counts = {name: KNOWN[name].empty({"run": [1]}) for name in names}
    views = {name: np.asarray(counts[name].view()) for name in names}

    def drawn(true: Any) -> np.ndarray:
        varied = np.clip(truths.normal(true, SPREAD), 0, 1)
        passed = rng.binomial(probes, varied)
        return np.stack([probes - passed, passed], axis=-1)

    for chamber in detector.chambers():
        at = chamber.station - 1, chamber.wheel + 2, chamber.sector - 1

        def of(what: str, usual: Any, chamber: detector.Chamber = chamber) -> Any:
            return ill.get((chamber.name, what), usual)

        for number, source in enumerate(SOURCES):
            true = of("trigger", EFFICIENCY["trigger"][number])
            views[f"trigger_{source}_by_chamber"][at] = drawn(true)
            right = int(drawn(EFFICIENCY["bx"])[1])
            bx = np.zeros(11, dtype=np.int64)
            bx[5 + of("bx", 0)] = right
            bx[4 if of("bx", 0) == 0 else 5] += probes - right
            views[f"bx_{source}_by_chamber"][at] = bx
        true = np.full((3, 4), EFFICIENCY["layers"])
        if layer := ill.get((chamber.name, "layer")):
            true[layer[0] - 1, layer[1] - 1] = layer[2]
        layers = drawn(true)
        if chamber.station == 4:
            layers[1] = 0
        views["layer_efficiency"][at] = layers
        if chamber.sector <= 12:
            shape = (2 if chamber.station < 3 else 1, 1 if chamber.station < 3 else 2, 2)
            true = np.full(shape, of("rolls", EFFICIENCY["rolls"]))
            rolls = views["rpc_efficiency_by_roll"][at]
            rolls[: shape[0], : shape[1], : shape[2]] = drawn(true)
        _draw_timers(rng, views["mean_timer_by_superlayer_and_run"][at], of("velocity", {}), probes)
    config = load_config("dt_performance")
    return replace(made([row(f"file{seed}", 0, 10)]), counts=counts, config=config)


def _draw_timers(
    rng: np.random.Generator, view: np.ndarray, factors: Mapping[int, float], probes: int
) -> None:
    for superlayer in range(3):
        mean = TIMER_NS / factors.get(superlayer + 1, 1.0)
        values = rng.normal(mean, TIMER_WIDTH_NS, probes)
        sums = probes, values.sum() / SUM_UNIT, (values**2).sum() / SUM_OF_SQUARES_UNIT
        view[superlayer, 0] = moments_of([round(each) for each in sums])
