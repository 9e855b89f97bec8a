"""Make a sample: ``generate(Settings(events=100_000, files=4), Path("sample"))``."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from dtperf.errors import ConfigError, DtperfError
from dtperf.process import stoppable
from dtperf.progress import Progress, progress_bar
from dtperf.synthetic.content import content_truth
from dtperf.synthetic.files import PATTERN, TRUTH_CROSSINGS, SampleFile, plan, write_file
from dtperf.synthetic.luminosity_table import LUMINOSITY_FILE, write_luminosity
from dtperf.synthetic.settings import Settings, SettingsSource, load_settings
from dtperf.synthetic.truth import CHAMBERS_FILE, HEADER_FILE, ChamberTruth, write_truth
from dtperf.synthetic.write import UNFINISHED

__all__ = ["Generated", "generate"]


class Generated(NamedTuple):
    """What was written."""

    directory: Path
    files: tuple[SampleFile, ...]
    truth: ChamberTruth
    """Of the events in files that are not broken."""
    bytes: int
    """Size of all files, without the truth."""
    seconds: float

    @property
    def truth_files(self) -> tuple[Path, ...]:
        """Where the truth is: header, chambers, the folder of crossings if wanted, luminosity."""
        return tuple(path for path in _truth_in(self.directory) if path.exists())


def _truth_in(directory: Path) -> list[Path]:
    names = (HEADER_FILE, CHAMBERS_FILE, TRUTH_CROSSINGS, LUMINOSITY_FILE)
    return [directory / name for name in names]


@stoppable("while the sample was written: it is not whole; force=True writes it anew")
def generate(
    settings: SettingsSource,
    directory: str | Path,
    *,
    workers: int = 1,
    force: bool = False,
    progress: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
) -> Generated:
    """Write a sample, and the truth and a table of its luminosity beside it.

    The events depend on the settings alone: not on the number of files or workers.

    Args:
        settings: What to make, as `load_settings` takes it.
        directory: Where; it is made if it does not exist.
        workers: Processes, each of which writes whole files; 1: this process.
        force: Replace an older sample.
        progress: Show a bar, where somebody looks: in a notebook, or at a terminal.
        on_progress: Called instead as events are written, by file if there are more workers.

    Raises:
        ConfigError: The directory cannot be written, or holds a sample already.
        DtperfError: Writing failed, as on a full disk.
    """
    settings, directory = load_settings(settings), Path(directory)
    with progress_bar(progress, on_progress) as show:
        return _generate(settings, directory, workers, force, show)


def _generate(
    settings: Settings,
    directory: Path,
    workers: int,
    force: bool,
    show: Callable[[Progress], None],
) -> Generated:
    start = time.perf_counter()
    _clear_directory(directory, force)
    files = plan(settings)
    done, truth = 0, ChamberTruth.empty()
    show(Progress("generating", 0, settings.events))

    def count(events: int) -> None:
        nonlocal done
        done += events
        show(Progress("generating", done, settings.events))

    try:
        for part in _write_all(settings, files, directory, workers, count):
            truth += part
        _write_truth(settings, files, directory, truth)
        write_luminosity(directory / LUMINOSITY_FILE, settings)
    except OSError as error:
        raise DtperfError(f"{directory}: writing failed: {error}") from error
    finally:
        # workers that were stopped in the middle could not clean up
        for unfinished in directory.glob(UNFINISHED):
            unfinished.unlink()
    size = sum((directory / file.name).stat().st_size for file in files)
    return Generated(directory, files, truth, size, time.perf_counter() - start)


def _write_all(
    settings: Settings,
    files: Iterable[SampleFile],
    directory: Path,
    workers: int,
    count: Callable[[int], None],
) -> Iterator[ChamberTruth]:
    if workers == 1:
        for file in files:
            yield write_file(settings, file, directory, count)
        return
    from concurrent.futures import as_completed

    from loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(max_workers=workers)
    try:
        write = partial(pool.submit, write_file, settings, directory=directory)
        pending = {write(file): file for file in files}
        for future in as_completed(pending):
            yield future.result()
            count(pending[future].events)
    finally:
        pool.shutdown(kill_workers=True)


def _clear_directory(directory: Path, force: bool) -> None:
    if directory.exists() and not directory.is_dir():
        raise ConfigError(f"{directory}: is a file; name a directory for the sample")
    truths = (path for path in _truth_in(directory) if path.exists())
    old = [*sorted(directory.glob(PATTERN)), *truths]
    if old and not force:
        raise ConfigError(
            f"{directory}: holds {old[0].name} already: force=True replaces the sample; or name "
            "another directory"
        )
    nearest = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise ConfigError(f"{directory}: cannot be made or written in {nearest}")
    for path in old:
        # an older sample may have more files; what is left of it would be taken for this one's
        for inner in path.glob("*.parquet"):
            inner.unlink()
        path.rmdir() if path.is_dir() else path.unlink()
    directory.mkdir(parents=True, exist_ok=True)


def _write_truth(
    settings: Settings, files: Iterable[SampleFile], directory: Path, truth: ChamberTruth
) -> None:
    written: list[dict[str, Any]] = [
        {"name": file.name, "events": file.events, "broken": file.broken} for file in files
    ]
    content = {**settings.model_dump(mode="json"), "written": written}
    filled = content_truth(settings.readout) if settings.content == "full" else None
    write_truth(directory, truth, seed=settings.seed, settings=content, content=filled)
