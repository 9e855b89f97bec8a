"""Slopes and steps: ``trends("2022", "2023", luminosity="lumi.csv")``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dtperf.diagnostics.ageing.contrasts import SLOPE, Contrasts
from dtperf.diagnostics.ageing.exposure import Against, Exposure, exposure
from dtperf.diagnostics.ageing.model import Aged, Trend
from dtperf.diagnostics.ageing.series import Series, kept_by_run, series
from dtperf.diagnostics.ageing.shapes import course, shape_of, steps_of
from dtperf.diagnostics.ageing.slopes import STEP, slopes_of
from dtperf.diagnostics.comparison.attribution import ChangedPlace, name_changes
from dtperf.errors import ConfigError, InputError
from dtperf.results.caption import Caption, caption_of
from dtperf.results.result import Result, ResultSource
from dtperf.results.table import Table

__all__ = ["HL_LHC", "trends"]

HL_LHC = 3000.0
"""1/fb that the HL-LHC is to deliver."""


def trends(
    *given: ResultSource,
    luminosity: str | Path | Sequence[str | Path],
    against: Against = "luminosity",
    only: Sequence[str] = (),
    false_alarms: float = 0.01,
    target: float | None = HL_LHC,
    before: float = 0.0,
) -> dict[str, Trend]:
    """Return slopes and steps of every efficiency that is kept by run.

    Args:
        given: Results or their directories, of different events; a year or a period each, say.
        luminosity: Tables of brilcalc with all of their runs, see `dtperf trend --help`.
        against: Delivered luminosity, or time.
        only: Names of measurements; none: all that the results keep by run.
        false_alarms: Part of the places named that may be there by chance.
        target: Luminosity at which efficiencies are asked for, 1/fb, counted as the tables do:
            from their first run, after `before`. Only against luminosity; None: nowhere.
        before: Delivered before the tables' first run, 1/fb.

    Returns:
        By the name of the measurement.

    Raises:
        InputError: A table cannot be read or knows too few of the runs; two results have read the
            same files; no efficiency is kept by run.
        ConfigError: One of `only` is not kept by run.
    """
    if before < 0 or (target is not None and target <= 0):
        raise ConfigError("luminosity is not negative")
    results = tuple(map(Result.load, given))
    files = [luminosity] if isinstance(luminosity, str | Path) else [*luminosity]
    if not results or not files:
        raise ConfigError("a trend takes results, and a table of their luminosity")
    found = exposure(files, before)
    names = [*only] or kept_by_run(results)
    if not names:
        raise InputError("the results keep no efficiency by run, such as 'by_chamber_and_run'")
    if against == "time":
        target = None
    return {
        name: _trend(
            series(results, name, found, against),
            (against, target, found, false_alarms, caption_of(*results)),
        )
        for name in names
    }


def _trend(
    counts: Series, settings: tuple[Against, float | None, Exposure, float, Caption]
) -> Trend:
    against, target, _, false_alarms, _ = settings
    contrasts, step = Contrasts(counts), STEP[against]
    named = [
        _aged(contrasts, each, step, false_alarms) for each in name_changes(contrasts, false_alarms)
    ]
    named.sort(key=lambda aged: -aged.sigmas)
    return Trend(
        counts.measurement,
        Table(named, "nothing has changed", Aged),
        slopes_of(contrasts, step, target),
        counts,
        *settings,
    )


def _aged(contrasts: Contrasts, found: ChangedPlace, step: float, false_alarms: float) -> Aged:
    counts, whole = contrasts.counts, contrasts.family
    place, members = np.array([found.place]), found.members[np.newaxis]
    moment = np.array([found.moment])
    sigmas = float(contrasts.test(moment, place, members).sigmas[0])
    looks = float(contrasts.looks(moment)[0])
    p_value = min(float(contrasts.spread.p_values(np.array([sigmas]), place)[0]) * looks, 1.0)
    slope = contrasts.test(np.array([SLOPE]), place, members)
    went = course(counts, found.place, found.members)
    steps = steps_of(counts, went, false_alarms)
    return Aged(
        whole.places[found.place],
        shape_of(counts, went, steps),
        float(slope.value[0]) * step / counts.range,
        float(slope.uncertainty[0]) * step / counts.range,
        steps,
        sigmas,
        p_value,
        tuple(whole.places[other] for other in found.without),
    )
