"""The command line: `dtperf …`."""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; a user's mistake ends in one message and an exit code of its own."""
    from dtperf.memory import collect_rarely

    collect_rarely()
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
