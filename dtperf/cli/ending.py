"""How the process of a command ends: without taking apart what it has imported."""

from __future__ import annotations

import atexit
import os
import sys

__all__ = ["QuickEnd"]


class QuickEnd:
    """End this process as soon as all that shall be done at its end has been done.

    Python then takes apart, one by one, a million objects and all compiled code that the process
    leaves behind anyway, which took a fifth of the time of a short command. Threads have ended by
    then, and whatever is registered with `atexit` has been called: what is registered first comes
    last. Where something is registered already, as what measures the coverage of tests is, Python
    ends the process in its own way.
    """

    def __init__(self) -> None:
        self.code: int | None = None
        """How the command has ended; None, as long as it has not."""
        if not atexit._ncallbacks():
            atexit.register(self._end)

    def _end(self) -> None:
        if self.code is None:  # an error of ours, which Python reports
            return
        for stream in sys.stdout, sys.stderr:
            stream.flush()
        os._exit(self.code)
