"""Processes of a run."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from distributed import Client


def pids(client: Client) -> list[int]:
    """Wait until both workers answer: one may just have been killed."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        client.wait_for_workers(2, timeout=240)
        with suppress(OSError):
            found = client.run(os.getpid)
            if len(found) == 2:
                return sorted(found.values())
        time.sleep(0.2)
    raise TimeoutError("the workers do not come back")
