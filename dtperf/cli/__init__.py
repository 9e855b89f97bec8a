"""The command line: `dtperf …`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dtperf.lazy_import import listed

__all__ = ["main"]
__dir__ = listed(__name__)


INTERRUPTED = 130
"""Exit code after Ctrl-C, as of a shell."""


def main() -> None:
    """Run the command line; a user's mistake ends in one message and an exit code of its own."""
    from dtperf.cli.ending import QuickEnd

    end = QuickEnd()
    try:
        end.code = _prepare_and_run()
    except BaseException as error:
        if not _was_interrupted(error):
            raise
        end.code = INTERRUPTED
    if end.code == INTERRUPTED:
        print("dtperf: interrupted", file=sys.stderr)
    sys.exit(end.code)


def _was_interrupted(error: BaseException | None) -> bool:
    """Return whether an error came of Ctrl-C: a module of C++ that is imported makes another."""
    from dtperf.process import is_interrupt

    return error is not None and (is_interrupt(error) or _was_interrupted(error.__context__))


def _prepare_and_run() -> int:
    from dtperf.cli.streams import exit_code, prepare
    from dtperf.memory import collect_rarely

    collect_rarely()
    prepare()
    _set_home()
    _set_libraries()
    return exit_code(_run())


def _run() -> int:
    """Run the command, and print what was wrong."""
    from dtperf.cli.app import app
    from dtperf.cli.options import as_options
    from dtperf.errors import DtperfError

    # a shell completes a command, and `python -m dtperf` is none
    to_complete = {"--install-completion", "--show-completion"} & {*sys.argv}
    try:
        app(prog_name="dtperf" if to_complete else None)
    except DtperfError as error:
        print(f"dtperf: {as_options(str(error))}", file=sys.stderr)
        if os.environ.get("DTPERF_TRACEBACK"):
            print(*getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return error.exit_code
    except SystemExit as end:  # as all commands end
        return end.code if isinstance(end.code, int) else 0
    return 0


def _set_libraries() -> None:
    """Tell libraries what a command can do without, unless somebody has told them otherwise.

    Linear algebra has one thread: its matrices are small here, and others would wait for work, and
    take a tenth of the CPU time of a short command with it; what is large is divided among
    processes. pydantic does not look through all packages for plugins.
    """
    for library in ("OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _set_home() -> None:
    """Set HOME for a user whom nobody knows, as in a container, where nothing can be written.

    Libraries would end with an error, or make a folder `~`.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/"
