"""What a job or a pod runs: ``python -m dtperf.execution.clusters.worker [DASK WORKER'S OPTIONS]``.

Everything is told by the environment, because neither virtual nodes nor batch systems agree on how
to write a command line:

==========================  ========================================================================
DASK_SCHEDULER_ADDRESS      where to dial, such as tls://dask.example:8786
DASK_WORKER_NAME            name of the worker
DTPERF_TLS                  folder with ca.crt, tls.crt, tls.key; PEM, or base64 of it
DTPERF_PROXY                X.509 proxy or token, copied again whenever it changes
DTPERF_SCRATCH              where to make the worker's private folder; else TMPDIR
DTPERF_CORES                threads
DTPERF_MEMORY               what the job or pod may take in all, such as 2GiB
DTPERF_LIFETIME_S           end after so many seconds, and hand the work back
DTPERF_DEATH_TIMEOUT_S      end if there is no scheduler for so many seconds
==========================  ========================================================================

SIGTERM ends it cleanly: what it was at goes back to the scheduler.
"""

from __future__ import annotations

import base64
import binascii
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from dtperf.errors import ConfigError
from dtperf.execution.clusters.watchdog import keep_up
from dtperf.execution.clusters.worker_process import be_worker
from dtperf.files import write_atomic
from dtperf.memory import share_among_threads

__all__ = ["LentCredential", "main"]

REFRESH_S = 30.0
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def main(given: Sequence[str]) -> int:
    """Prepare the environment, and keep a Dask worker up until the end.

    Args:
        given: Further options of ``dask worker``; the environment wins over them.

    Returns:
        The exit code.

    Raises:
        ConfigError: The environment names what is not there.
    """
    with _private_folder(os.environ.get("DTPERF_SCRATCH")) as folder:
        os.environ.update(dict.fromkeys(THREADS, "1"))
        share_among_threads()  # before there are any
        credential = None
        if source := os.environ.get("DTPERF_PROXY"):
            credential = LentCredential(Path(source), folder)
            os.environ |= credential.variable
        renew = credential.renew if credential else lambda: None
        return keep_up(partial(be_worker, folder, given), renew)


class LentCredential:
    """A private copy of a proxy or token, which is renewed as long as the worker lives."""

    def __init__(self, source: Path, folder: Path) -> None:
        """Copy it.

        Args:
            source: As it is mounted or transferred; it need not have a mode that grid tools accept.
            folder: Private folder of the worker.

        Raises:
            ConfigError: There is no such file.
        """
        self._source, self._copy = source, folder / "credential"
        self._seen = b""
        self._copy_new()
        if not self._seen:
            raise ConfigError(f"DTPERF_PROXY: {source}: cannot be read")
        name = "X509_USER_PROXY" if b"-----BEGIN" in self._seen else "BEARER_TOKEN_FILE"
        self.variable = {name: str(self._copy)}
        """The variable of the environment that tells grid tools where the copy is."""

    def renew(self) -> None:
        """Copy it again if it has changed; looks every now and then."""
        if time.monotonic() - self._looked > REFRESH_S:
            # no room, or the folder goes: what is there stays, and the next turn tries again
            with suppress(OSError):
                self._copy_new()

    def _copy_new(self) -> None:
        self._looked = time.monotonic()
        try:
            content = _plain(self._source.read_bytes())
        except OSError:
            return  # one that is gone for a while stays
        if content and content != self._seen:
            write_atomic(self._copy, content, mode=0o600)
            self._seen = content


def _plain(content: bytes) -> bytes:
    """Undo base64, in which some batch systems leave a Secret, of a proxy or a token."""
    with suppress(binascii.Error):
        inside = base64.b64decode(b"".join(content.split()), validate=True)
        if b"-----BEGIN" in inside or inside.startswith(b"eyJ"):
            return inside
    return content


@contextmanager
def _private_folder(parent: str | None) -> Iterator[Path]:
    expanded = os.path.expandvars(parent) if parent else None
    try:
        folder = tempfile.TemporaryDirectory(
            prefix="dtperf-", dir=expanded, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise ConfigError(f"DTPERF_SCRATCH: {expanded}: {error.strerror}") from None
    with folder as name:
        yield Path(name)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ConfigError as error:
        sys.exit(f"dtperf worker: {error}")
