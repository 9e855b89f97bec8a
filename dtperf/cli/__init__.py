"""The command line: `dtperf …`."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Run the command line; a user's mistake ends in one message and an exit code of its own."""
    from dtperf.memory import collect_rarely

    collect_rarely()
    warnings.showwarning = _told_in_one_line(warnings.showwarning)
    from dtperf.cli.app import app
    from dtperf.errors import DtperfError

    try:
        app()
    except DtperfError as error:
        print(f"dtperf: {error}", file=sys.stderr)
        if os.environ.get("DTPERF_TRACEBACK"):
            print(*getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("dtperf: interrupted", file=sys.stderr)
        sys.exit(130)


def _told_in_one_line(show: Any) -> Any:
    """Show what was left behind without the line of code that says so."""
    from dtperf.takedown import LeftBehind

    def told(message: Warning | str, category: type[Warning], *place: Any) -> None:
        if issubclass(category, LeftBehind):
            print(f"dtperf: warning: {message}", file=sys.stderr)
        else:
            show(message, category, *place)

    return told
