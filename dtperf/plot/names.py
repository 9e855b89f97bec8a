"""Which plots a result has, by their names and by the names of groups of measurements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dtperf.config.suggest import suggest
from dtperf.errors import ConfigError, InputError
from dtperf.measurements import BY_GROUP
from dtperf.measurements.declaration import Measurement
from dtperf.plot.catalogue import PLOTS
from dtperf.plot.group_catalogue import GROUP_PLOTS
from dtperf.results.result import Result

__all__ = ["OWN", "check_names", "chosen", "not_measured", "own_plots", "plot_names", "plots_of"]

OWN = "own/"
"""Begins the name of a measurement's plot where another plot has its name."""


def chosen(result: Result, only: Iterable[str]) -> list[str]:
    """List the plots to draw, each once.

    Args:
        result: What was measured.
        only: Names of plots, measurements or groups; none: all of `PLOTS`, `GROUP_PLOTS` and one's
            own that were measured.

    Raises:
        ConfigError: There is no plot and no group of a name.
        InputError: Nothing of a group was measured.
    """
    wanted = [*dict.fromkeys(only)]
    check_names(wanted, result)
    if wanted:
        known = plot_names(result)
        parts = ([name] if name in known else _of_group(name, result) for name in wanted)
        return [*dict.fromkeys(name for part in parts for name in part)]
    missing = not_measured(result)
    drawn = [name for name in _offered(result) if name not in missing]
    return [*drawn, *result.extra_histograms]


def _of_group(group: str, result: Result) -> list[str]:
    names = [name for name, measured in plots_of(group).items() if measured in result.counts]
    if not names:
        switch = "" if group == "tag_and_probe" else f": run with measurements.groups=[{group}]"
        raise InputError(f"the result has nothing of the group '{group}'{switch}")
    return names


def plots_of(group: str) -> dict[str, str]:
    """List the plots of a group: those made for it, then each other measurement by its axes.

    Args:
        group: Of `dtperf.measurements.BY_GROUP`.

    Returns:
        Measurements by the plot's name.
    """
    measurements = BY_GROUP[group]
    made = {
        name: plot.measurement
        for name, plot in {**PLOTS, **GROUP_PLOTS}.items()
        if plot.measurement in measurements
    }
    seen = {*made.values()}
    return made | {name: name for name in measurements if name not in seen}


def _offered(result: Result) -> dict[str, str]:
    """List what is drawn unless something is asked for: measurements by the plot's name."""
    groups = result.config.measurements.groups
    of_groups = {name for group in groups for name in BY_GROUP[group]}
    ours = {**PLOTS, **{n: p for n, p in GROUP_PLOTS.items() if p.measurement in of_groups}}
    own = {name: name.removeprefix(OWN) for name in own_plots(result)}
    return {name: plot.measurement for name, plot in ours.items()} | own


def own_plots(result: Result) -> Mapping[str, Measurement]:
    """List the plots of measurements of one's own, but for those that are not to be drawn.

    Args:
        result: Whose config declares them.

    Returns:
        The measurements by the plot's name, which is theirs, with 'own/' before it where a plot
        of ours is called so.
    """
    own = result.config.measurements.add.items()
    return {
        f"{OWN}{name}" if name in PLOTS or name in GROUP_PLOTS else name: measurement
        for name, measurement in own
        if measurement.picture.kind != "none"
    }


def not_measured(result: Result) -> tuple[str, ...]:
    """List the plots whose measurement the result lacks, of groups those that it asks for."""
    shown = _offered(result).items()
    return tuple(name for name, measured in shown if measured not in result.counts)


def plot_names(result: Result) -> tuple[str, ...]:
    """List all names that `figure` knows, whether they were measured or not."""
    measurements = result.config.measurements.active()
    own = (*own_plots(result), *measurements, *result.extra_histograms)
    return tuple(dict.fromkeys((*PLOTS, *GROUP_PLOTS, *own)))


def check_names(names: Iterable[str], result: Result, *, with_groups: bool = True) -> None:
    """Refuse names that no plot of a result has, and no group of measurements.

    Args:
        names: What was asked for.
        result: What was measured.
        with_groups: A name may be that of a group.

    Raises:
        ConfigError: There is one.
    """
    known = plot_names(result)
    for name in names:
        if name not in known and not (with_groups and name in BY_GROUP):
            groups = f"; groups are {', '.join(BY_GROUP)}" if with_groups else ""
            hint = suggest(name, (*known, *(BY_GROUP if with_groups else ())))
            raise ConfigError(f"unknown plot '{name}'{hint}{groups}")
