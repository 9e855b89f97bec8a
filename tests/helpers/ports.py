"""Ports for the servers that tests start."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

__all__ = ["free_port"]

BELOW_EPHEMERAL = range(20_000, 32_000)
"""Linux gives the ports from 32768 on to whoever asks for any: one might be gone when a server that
was told of it starts."""


def free_port() -> int:
    """Find a port of this machine at which nobody listens, and which nobody is given unasked."""
    own = random.SystemRandom()
    for port in own.choices(BELOW_EPHEMERAL, k=100):
        with suppress(OSError), socket.socket() as tried:
            tried.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port")
