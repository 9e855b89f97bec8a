"""Whose fault it is that a processor fails: its own, dtperf's, or that of the machine."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtperf.errors import DtperfError
from dtperf.nanoaod.faults import own_fault

if TYPE_CHECKING:
    from dtperf.execution.processor import PortableProcessor

__all__ = ["blamed", "place_in"]

SHOWN = 3
"""How many of the last calls a message shows."""


def blamed(processor: PortableProcessor, events: Any, error: BaseException) -> DtperfError:
    """Make the error of a chunk that a processor could not measure.

    The file was read before, so it is not to blame; but for what dtperf, called by the processor,
    finds wrong with its content.

    Args:
        processor: That was at work.
        events: Its chunk.
        error: What was raised.

    Returns:
        An error that ends the run, with file, line and last calls of the processor.
    """
    if isinstance(error, DtperfError) and not _is_of_processor(processor, error):
        return error
    about = events.metadata
    doing = f"{about['filename']}: events {about['entrystart']} to {about['entrystop']}: "
    doing += f"the processor {processor.name} failed"
    if processor.is_packaged:
        return own_fault(doing, error)
    if isinstance(error, ImportError) and place_in(processor.sources, error) is None:
        doing = doing.removesuffix("failed") + "cannot be opened here"
    where = place_in(processor.sources, error)
    fault = own_fault(
        f"{doing}{f' at {where}' if where else ''}",
        error,
        "this is a fault of the processor, and not of the file" + _hint(error),
    )
    return DtperfError("\n".join((str(fault), *_last_calls(processor, error))), fault.cause)


def _is_of_processor(processor: PortableProcessor, error: DtperfError) -> bool:
    """Return whether it raised the error itself, or has not declared what it asked dtperf for."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    undeclared = error.cause == "missing-branch" and not processor.is_packaged
    return undeclared or (last in processor.sources and not processor.is_packaged)


def _hint(error: BaseException) -> str:
    """Return what may lack, where a branch was asked for that was not read."""
    is_field = isinstance(error, AttributeError | KeyError | DtperfError | ValueError)
    text = str(error).lower()
    if is_field and ("no field" in text or "does not exist" in text or "events have no" in text):
        return "; are all branches that it reads among its 'columns'?"
    return ""


def _last_calls(processor: PortableProcessor, error: BaseException) -> list[str]:
    calls = traceback.extract_tb(error.__traceback__)
    first = next((n for n, call in enumerate(calls) if call.filename in processor.sources), None)
    if first is None:
        return []
    mine = [n for n, call in enumerate(calls) if call.filename in processor.sources]
    shown = calls[max(first, mine[-1] - SHOWN + 1) : mine[-1] + SHOWN]
    return "".join(traceback.format_list(shown)).rstrip().splitlines()


def place_in(files: Iterable[str], error: BaseException) -> str | None:
    """Return where in some files an error came from: ``/home/me/mine.py:12``, or None."""
    names = {*files}
    calls = [c for c in traceback.extract_tb(error.__traceback__) if c.filename in names]
    return f"{Path(calls[-1].filename)}:{calls[-1].lineno}" if calls else None
