"""Where clusters keep certificates, logs and what is known of them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from platformdirs import user_state_path

from dtperf.errors import ConfigError

__all__ = ["last_words", "remove", "state_folder"]

GONE_S, LOOK_S = 10.0, 0.2


def state_folder(given: str | None = None) -> Path:
    """Find the folder, and make it if it is not there, for nobody else to read.

    Args:
        given: A folder instead of the user's own, on Linux XDG_STATE_HOME/dtperf.

    Raises:
        ConfigError: It cannot be made.
    """
    folder = Path(given).expanduser() if given else user_state_path("dtperf")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made: {error.strerror}") from None
    return folder


def remove(folder: Path) -> None:
    """Remove a folder, into which a batch system may still write that a job has ended."""
    deadline = time.monotonic() + GONE_S
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists() or time.monotonic() > deadline:
            return
        time.sleep(LOOK_S)


def last_words(folder: Path, lines: int) -> str:
    """Give the end of what a worker said last; empty if none has said anything.

    Args:
        folder: Of the cluster.
        lines: How many.
    """
    written = [path for path in folder.glob("logs/*") if path.stat().st_size]
    # what the worker itself wrote, before what the batch system says of the job
    own = [path for path in written if path.suffix == ".err"]
    own = own or [path for path in written if path.suffix == ".out"] or written
    if not own:
        return ""
    newest = max(own, key=lambda path: path.stat().st_mtime)
    return "\n".join(newest.read_text(errors="replace").splitlines()[-lines:])
