"""What the process of a worker does: ``be_worker(folder, options, told)``; and what it tells.

`dtperf.execution.clusters.watchdog` is beside it, and starts it again when it dies.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import gc
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtperf.errors import ConfigError
from dtperf.execution.clusters.tls import CA, CERTIFICATE, KEY, Credentials
from dtperf.execution.clusters.watchdog import GRACE_S, SIGNALS, Sign
from dtperf.files import write_atomic

if TYPE_CHECKING:
    from distributed import Worker

__all__ = ["WATCH_BYTES", "arguments", "be_worker", "dask_setup", "decoded"]

DEATH_TIMEOUT_S = "300"
WATCH_BYTES = 50_000_000
"""That the process beside this one takes."""
TELL_S = 0.5
OBJECTS = 17_000
"""New ones before Python looks for rings of them; Dask makes it three times as many."""
WELL = frozenset(["running", "paused", "closing_gracefully"])
"""Dask's words for a worker at work; the last one hands its work back, which may take a while."""
_to_watchdog: list[tuple[Connection, float]] = []


def be_worker(folder: Path, given: Sequence[str], told: Connection) -> None:
    """Be a Dask worker until the end.

    Args:
        folder: Private folder of the worker.
        given: Further options of ``dask worker``; the environment wins over them.
        told: Who watches this process takes a `Sign` of it.

    Raises:
        ConfigError: The environment does not say what is needed.
    """
    options = arguments(os.environ, folder, given)
    # imports leave no rings of objects, and looking for some takes a tenth of their time
    gc.set_threshold(OBJECTS)
    from distributed.cli.dask_worker import main as dask_worker

    patience_s = _death_timeout([*given, *options])
    told.send(Sign(patience_s))
    _to_watchdog[:] = [(told, patience_s)]
    dask_worker.main([*given, *options, "--no-nanny", *_preloads()], prog_name="dask worker")


def dask_setup(worker: Worker) -> None:
    """Tell that the worker is well, and hand its work back at SIGTERM (dask calls this)."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        ending.append(loop.create_task(worker.close(timeout=0.8 * GRACE_S, reason="signal")))

    ending = list[asyncio.Task[Any]]()
    for number in SIGNALS:
        loop.add_signal_handler(number, end)
    for told, patience_s in _to_watchdog:
        how = (worker, told, patience_s)
        threading.Thread(target=_tell, args=how, daemon=True).start()


def _tell(worker: Worker, told: Connection, patience_s: float) -> None:
    import dask

    memory = worker.memory_manager.memory_limit or 0
    most = memory * float(dask.config.get("distributed.worker.memory.terminate"))
    with suppress(OSError):  # nobody is there any more
        while True:
            told.send(Sign(patience_s, worker.status.name in WELL, most))
            time.sleep(TELL_S)


def _preloads() -> list[str]:
    """Add our own to what the site's configuration loads, which an option would displace."""
    import dask

    given = dask.config.get("distributed.worker.preload")
    modules = [given] if isinstance(given, str) else given
    own = ("dtperf.execution.clusters.preload_site", __name__)
    return [text for name in (*modules, *own) for text in ("--preload", name)]


def _death_timeout(options: Sequence[str]) -> float:
    from dask.utils import parse_timedelta

    return float(parse_timedelta(options[options.index("--death-timeout") + 1]))


def arguments(environ: Mapping[str, str], folder: Path, given: Sequence[str] = ()) -> list[str]:
    """Make the options of ``dask worker`` of an environment.

    Args:
        environ: Variables as `dtperf.execution.clusters.worker` has them.
        folder: Private folder of the worker.
        given: What is on the command line already.

    Raises:
        ConfigError: A certificate is missing, or is neither PEM nor base64 of it.
    """
    options = ["--no-dashboard", "--local-directory", str(folder)]
    named = {
        "--name": environ.get("DASK_WORKER_NAME"),
        "--nthreads": environ.get("DTPERF_CORES"),
        "--memory-limit": _memory_limit(environ.get("DTPERF_MEMORY")),
        "--lifetime": environ.get("DTPERF_LIFETIME_S"),
        "--death-timeout": environ.get("DTPERF_DEATH_TIMEOUT_S"),
    }
    if not named["--death-timeout"] and "--death-timeout" not in given:
        named["--death-timeout"] = DEATH_TIMEOUT_S
    options += [text for name, value in named.items() if value for text in (name, value)]
    if tls := environ.get("DTPERF_TLS"):
        ca, certificate, key = _credentials(Path(tls), folder)
        options += ["--protocol", "tls", "--tls-ca-file", str(ca)]
        options += ["--tls-cert", str(certificate), "--tls-key", str(key)]
    if address := environ.get("DASK_SCHEDULER_ADDRESS"):
        options.append(address)
    return options


def _memory_limit(whole: str | None) -> str | None:
    """Leave room for the process that watches the worker, in bytes."""
    from dask.utils import parse_bytes

    return str(parse_bytes(whole) - WATCH_BYTES) if whole else None


def decoded(content: bytes, name: str) -> bytes:
    """Return a certificate or key in PEM form; some batch systems leave a Secret in base64.

    Args:
        content: PEM, or base64 of it.
        name: Its name, for the message.

    Raises:
        ConfigError: It is neither.
    """
    with suppress(binascii.Error):
        if b"-----BEGIN" not in content:
            content = base64.b64decode(b"".join(content.split()), validate=True)
    if b"-----BEGIN" not in content:
        raise ConfigError(f"{name}: is neither PEM nor base64 of it")
    return content


def _credentials(source: Path, folder: Path) -> Credentials:
    private = folder / "tls"
    # of a process before this one
    private.mkdir(mode=0o700, exist_ok=True)
    for name in (CA, CERTIFICATE, KEY):
        try:
            content = (source / name).read_bytes()
        except OSError as error:
            raise ConfigError(
                f"DTPERF_TLS: {source / name}: cannot be read: {error.strerror}"
            ) from None
        write_atomic(private / name, decoded(content, str(source / name)), mode=0o600)
    return Credentials.in_folder(private)
