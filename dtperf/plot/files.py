"""From a result to figures, and to files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dtperf.errors import ConfigError, InputError
from dtperf.measurements.declaration import Histogram
from dtperf.plot.catalogue import PLOTS, Plot
from dtperf.plot.group_catalogue import GROUP_PLOTS
from dtperf.plot.names import OWN, check_names, chosen
from dtperf.plot.plain import plain_picture
from dtperf.plot.style import Size, StyledFigure, style
from dtperf.plot.workers import each_done
from dtperf.progress import Progress, progress_bar
from dtperf.results.caption import caption_of
from dtperf.results.result import Result, ResultSource

__all__ = ["FORMATS", "draw", "figure", "save"]

OPTIONS: dict[str, dict[str, Any]] = {
    "png": {"pil_kwargs": {"compress_level": 3}},  # a sixth more bytes, in half the time
    "pdf": {"metadata": {"CreationDate": None}},
    "svg": {"metadata": {"Date": None}},
}
"""How to save in a format: without the time, so that the same result gives the same file."""
FORMATS = tuple(OPTIONS)


def figure(
    result: ResultSource,
    name: str,
    reference: ResultSource | None = None,
    *,
    label: str | None = None,
    luminosity: float | str | Path | None = None,
    energy: float | None = None,
    figsize: Size | None = None,
) -> StyledFigure:
    """Draw one plot, and return it as a matplotlib figure.

    Args:
        result: What was measured, or its directory.
        name: Of the plot, see `PLOTS` and `GROUP_PLOTS`; of a measurement, which is drawn as its
            axes and its `picture` ask for; or of one of `Result.extra_histograms`.
        reference: Another result, drawn in grey; left out where it lacks the measurement.
        label: Status in the header, such as 'Preliminary'; None: as the config of the result says,
            or else what is known of its files.
        luminosity: In the header, 1/fb; or a CSV file of brilcalc; None: as for the label.
        energy: In the header, TeV; None: as for the label.
        figsize: Width and height in inches; None: what suits the plot.

    Raises:
        ConfigError: There is no such plot.
        InputError: What it shows was not measured.
    """
    result = Result.load(result).labelled(label, luminosity, energy)
    reference = None if reference is None else Result.load(reference)
    check_names([name], result, with_groups=False)
    caption = caption_of(result)
    if name in (own := result.extra_histograms):
        before = None if reference is None else reference.extra_histograms.get(name)
        with style(figsize, caption=caption):
            return plain_picture(own[name], before, result.config.title)
    plot = PLOTS.get(name) or GROUP_PLOTS.get(name) or _plain(name, result)
    if plot.measurement not in result.counts:
        raise InputError(f"plot '{name}': the result lacks the measurement '{plot.measurement}'")
    other = None if reference is None else reference.counts.get(plot.measurement)
    with style(figsize, caption=caption):
        return plot.draw(result.counts[plot.measurement], other, result.config.title)


def _plain(name: str, result: Result) -> Plot:
    """Make the plot of a measurement that has none in `PLOTS`, or is not to be drawn like that."""
    measured = name.removeprefix(OWN)
    measurement = result.config.measurements.active()[measured]

    def draw(counts: Histogram, reference: Histogram | None, title: str) -> StyledFigure:
        titles = "; ".join(filter(None, (measurement.title, title)))
        return plain_picture(counts, reference, titles, measurement)

    return Plot(name, measured, draw)


def draw(
    result: ResultSource,
    reference: ResultSource | None = None,
    only: Iterable[str] = (),
    *,
    label: str | None = None,
    luminosity: float | str | Path | None = None,
    energy: float | None = None,
) -> Iterator[tuple[str, StyledFigure]]:
    """Draw plot after plot, each when it is asked for, of all that was measured.

    Args:
        result: What was measured.
        reference: Another result, drawn in grey.
        only: Names of plots, of measurements or of groups of measurements; none: all but those
            that a group has beside its few in `GROUP_PLOTS`.
        label: In the header, as the rest, see `figure`.
        luminosity: The same.
        energy: The same.

    Yields:
        Name and figure.

    Raises:
        ConfigError: There is no plot of a name.
        InputError: What a plot of `only` shows was not measured.
    """
    result = Result.load(result).labelled(label, luminosity, energy)
    reference = None if reference is None else Result.load(reference)
    for name in chosen(result, only):
        yield name, figure(result, name, reference)


def save(
    result: ResultSource,
    directory: str | Path,
    formats: str | Sequence[str] = ("png",),
    reference: ResultSource | None = None,
    only: Iterable[str] = (),
    *,
    label: str | None = None,
    luminosity: float | str | Path | None = None,
    energy: float | None = None,
    progress: bool = True,
) -> list[Path]:
    """Write plots as files, named after the plots with _ for /; those of that name are replaced.

    Args:
        result: What was measured.
        directory: Made if it is not there.
        formats: One or several of 'png', 'pdf', 'svg'.
        reference: Another result, drawn in grey.
        only: Names of plots, of measurements or of groups of measurements; none: all that were
            measured, of groups the few in `GROUP_PLOTS`.
        label: In the header, as the rest, see `figure`.
        luminosity: The same.
        energy: The same.
        progress: Show a bar, where somebody looks: in a notebook, or at a terminal.

    Returns:
        The files.

    Raises:
        ConfigError: A format or name is not known, or a file cannot be written.
        InputError: What a plot of `only` shows was not measured.
    """
    formats = [formats] if isinstance(formats, str) else formats
    for each in formats:
        if each not in FORMATS:
            raise ConfigError(f"unknown format '{each}': it is one of {', '.join(FORMATS)}")
    out = Path(directory)
    result = Result.load(result).labelled(label, luminosity, energy)
    reference = None if reference is None else Result.load(reference)
    names = chosen(result, only)
    draw_one = partial(_save_one, result, reference, out, tuple(dict.fromkeys(formats)))
    written: dict[str, list[Path]] = {}
    try:
        # held all the time, as it takes as long to set as a curve to draw
        with progress_bar(progress) as show, style():
            for name, paths in each_done(draw_one, names):
                written[name] = paths
                show(Progress("drawing", len(written), len(names)))
    except OSError as error:
        raise ConfigError(f"{out}: cannot be written: {error.strerror}") from error
    return [path for name in names for path in written[name]]


def _save_one(
    result: Result, reference: Result | None, out: Path, formats: Sequence[str], name: str
) -> list[Path]:
    """Write one plot in all formats."""
    written = []
    with style():
        sheet = figure(result, name, reference)
        out.mkdir(parents=True, exist_ok=True)  # if there is anything to write
        for each in formats:
            path = out / f"{name.replace('/', '_')}.{each}"
            sheet.savefig(path, format=each, **OPTIONS[each])
            written.append(path)
    return written
