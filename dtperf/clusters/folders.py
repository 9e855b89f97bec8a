"""Where clusters keep certificates, logs and what is known of them."""

from __future__ import annotations

import os
from pathlib import Path

from dtperf.errors import ConfigError

__all__ = ["state_folder"]


def state_folder(given: str | None = None) -> Path:
    """Find the folder, and make it if it is not there, for nobody else to read.

    Args:
        given: A folder instead of the default one, XDG_STATE_HOME/dtperf.

    Raises:
        ConfigError: It cannot be made.
    """
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    folder = Path(given).expanduser() if given else Path(home) / "dtperf"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made: {error.strerror}") from None
    return folder
