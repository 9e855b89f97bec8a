"""The end of what was started for a run: ``with taken_down() as stack: …``."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from dtperf.errors import DtperfWarning

__all__ = ["TakeDownWarning", "taken_down"]


class TakeDownWarning(DtperfWarning):
    """Workers, or what belongs to them, may not have ended; the message says what to look for."""


@contextmanager
def taken_down() -> Iterator[ExitStack]:
    """Leave, at the end, all contexts that were entered; what fails in that is a warning.

    What was measured must not be lost because a worker cannot be ended, and the reason why a run
    has failed must not be hidden by that of a failure after it.

    Yields:
        Where to enter them.
    """
    stack = ExitStack()
    try:
        yield stack
    finally:
        try:
            stack.close()
        except Exception as error:  # noqa: BLE001  # whatever it is, the work is done
            why = str(error) or type(error).__name__
            warnings.warn(f"the workers were not taken down: {why}", TakeDownWarning, stacklevel=2)
