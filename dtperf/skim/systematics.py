"""Count a declared list of variations on the same events: ``dtperf.systematics("skim", …)``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dtperf.config import ConfigSource, load_config
from dtperf.diagnostics.systematics.declaration import (
    Change,
    Variations,
    changes_of,
    load_variations,
)
from dtperf.diagnostics.systematics.model import Systematics, Varied
from dtperf.diagnostics.systematics.places import summed
from dtperf.diagnostics.systematics.shifts import least_moved, moved
from dtperf.errors import ConfigError, InputError
from dtperf.execution.provenance import code_version
from dtperf.skim.analysis import Analysis
from dtperf.skim.cuts import only
from dtperf.skim.estimates import Cuts, biases_between, cuts_of, estimated
from dtperf.skim.recut.inputs import Source
from dtperf.typing import I64

__all__ = ["systematics"]

MEASURED = ("by_chamber", "efficiency_vs_mass")
EXTRAPOLATION = "extrapolation"
OTHER = (
    "the events were read for {nominal!r}: this needs another skim of the same events, made with "
    "extrapolation={other} and given as the other one"
)


class _Wanted(NamedTuple):
    """What is to be counted, and what cannot be."""

    changes: list[tuple[str, Change]]
    """With the variation's name before each."""
    estimates: dict[str, list[Cuts]]
    """The cuts that each estimate needs."""
    left_out: dict[str, str]


def systematics(
    source: Source,
    config: ConfigSource | None = None,
    *,
    variations: str | Path | Mapping[str, Any] | Variations = "standard",
    other: Source | None = None,
    progress: bool = True,
) -> Systematics:
    """Count variations of the cuts on the same events, and estimates of what is no Z.

    Args:
        source: What `dtperf.Analysis` takes: the directory of a skim, whose cuts should be those of
            the packaged analysis 'loosest'; or a result, or files.
        config: The analysis, whose cuts are varied; None: the source's own.
        variations: As `dtperf.diagnostics.systematics.load_variations` takes them.
        other: A source of the same events, read for the other extrapolation.
        progress: Show a bar as events are read, where somebody looks.

    Returns:
        Shifts by place, and their totals. What could not be varied is named in `left_out`.

    Raises:
        ConfigError: The analysis is looser than the skim, or the variations cannot be used.
        InputError: The events cannot be read, or the others are not the same.
    """
    declared = load_variations(variations)
    given = None if config is None else load_config(config)
    measured = None if given is None else only(given, MEASURED)
    analysis = Analysis(source, measured, progress=progress)
    nominal = _counts(analysis, {})
    wanted = _wanted(analysis, declared, with_other=other is not None)
    alternatives: list[Cuts] = [change.cuts for _, change in wanted.changes]
    of_estimates = [cuts for each in wanted.estimates.values() for cuts in each]
    joint = [*map(summed, analysis.count_moved([*alternatives, *of_estimates]))]
    found = []
    for (name, change), counts in zip(wanted.changes, joint, strict=False):
        found.append(Varied(name, change, moved(counts), counts.sum(axis=-2)[:, 1:]))
    if other is not None:
        found += _of_other(analysis, declared, other, nominal, progress=progress)
    rest = iter(joint[len(alternatives) :])
    by_mass = cache(partial(biases_between, analysis))  # sidebands and fit are of the same counts
    for name, needed in wanted.estimates.items():
        counts_of = [next(rest).sum(axis=-2)[:, 1:] for _ in needed]
        shift, why = estimated(declared.variations[name], nominal, counts_of, by_mass)
        if shift is None:
            wanted.left_out[name] = why
        else:
            found.append(Varied(name, Change("other", {}), shift, None))
    if not found:
        raise ConfigError("nothing could be varied:\n" + "\n".join(wanted.left_out.values()))
    order = [*declared.variations]
    found.sort(key=lambda each: order.index(each.variation))
    about = {
        "title": analysis.config.title,
        "config_hash": (given or analysis.config).hash,
        "code": code_version(),
        "source": analysis.loaded,
        "events": analysis.events,
        "is_whole": analysis.is_whole,
        "files": len({row.identity for row in analysis.ledger}),
    }
    return Systematics(nominal, tuple(found), declared, wanted.left_out, about)


def _wanted(analysis: Analysis, declared: Variations, *, with_other: bool) -> _Wanted:
    wanted = _Wanted([], {}, {})
    for name, variation in declared.variations.items():
        if variation.estimate is not None:
            needed, lacking = cuts_of(variation), ""
            for cuts in needed:
                lacking = lacking or _why_not(analysis, cuts)
            if lacking:
                wanted.left_out[name] = lacking
            else:
                wanted.estimates[name] = [] if variation.estimate.startswith("mass") else needed
            continue
        changes, why = changes_of(variation, analysis.config)
        if why:
            wanted.left_out[name] = why
        for change in changes:
            if EXTRAPOLATION in change.cuts:
                if not with_other:
                    ends = (analysis.config.extrapolation, change.cuts[EXTRAPOLATION])
                    wanted.left_out[name] = OTHER.format(nominal=ends[0], other=ends[1])
            elif why := _why_not(analysis, change.cuts):
                wanted.left_out[f"{name} {change.direction}".removesuffix(" other")] = why
            else:
                wanted.changes.append((name, change))
    return wanted


def _why_not(analysis: Analysis, cuts: Cuts) -> str:
    """Say why some cuts cannot be counted; '' if they can."""
    try:
        return analysis.lacks(cuts)
    except ConfigError as error:  # such as one hit fewer than none; the keys are known
        return str(error)


def _counts(analysis: Analysis, cuts: Cuts) -> I64:
    """Return failed and passed of all places."""
    result = analysis.with_cuts(cuts, measurements=MEASURED[:1])
    return summed(np.asarray(result.counts[MEASURED[0]].view(flow=True)))


def _of_other(
    analysis: Analysis, declared: Variations, source: Source, nominal: I64, *, progress: bool
) -> list[Varied]:
    """Count the events of another extrapolation."""
    found = []
    for name, variation in declared.variations.items():
        if EXTRAPOLATION not in variation.keys:
            continue
        for change in changes_of(variation, analysis.config)[0]:
            config = load_config(analysis.config, change.cuts)
            others = Analysis(source, config, progress=progress)
            if _events(others) != _events(analysis):
                raise InputError(f"{source}: was not made of the same events: no shift can be told")
            counts = _counts(others, {})
            found.append(Varied(name, change, moved(least_moved(nominal, counts)), counts))
    return found


def _events(analysis: Analysis) -> Counter[str]:
    """Return how many events of each file were read."""
    found = Counter[str]()
    for row in analysis.ledger:
        if row.status == "read":
            found[row.identity] += row.events
    return found
