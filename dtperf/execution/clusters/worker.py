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
import multiprocessing
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from dtperf.errors import ConfigError
from dtperf.execution.clusters.tls import CA, CERTIFICATE, KEY, Credentials
from dtperf.execution.clusters.watchdog import watch
from dtperf.files import write_atomic

__all__ = ["arguments", "decoded", "main", "use_proxy"]

REFRESH_S = 30.0
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
DEATH_TIMEOUT_S = "300"
NANNY_BYTES = 200_000_000


def main(given: Sequence[str]) -> None:
    """Prepare the environment, and be a Dask worker until the end.

    Args:
        given: Further options of ``dask worker``; the environment wins over them.

    Raises:
        ConfigError: The environment does not say what is needed, or lets no process start.
    """
    from distributed.cli.dask_worker import main as dask_worker

    _check_processes()
    with _private_folder(os.environ.get("DTPERF_SCRATCH")) as folder:
        options = [*arguments(os.environ, folder, given), *_preloads()]
        watch(folder, _death_timeout([*given, *options]))
        os.environ.update(dict.fromkeys(THREADS, "1"))
        if source := os.environ.get("DTPERF_PROXY"):
            os.environ |= use_proxy(Path(source), folder)
        dask_worker.main([*given, *options], prog_name="dask worker")


def _check_processes() -> None:
    """Refuse, in one line, what Dask would wait for without a word."""
    import dask

    method = dask.config.get("distributed.worker.multiprocessing-method")
    try:
        multiprocessing.get_context(method).Queue().close()
    except (OSError, ImportError) as error:
        raise ConfigError(
            f"no process can be started here, since no semaphore can be made ({error}): "
            "is there a /dev/shm that the user of this job may write to?"
        ) from None


def _preloads() -> list[str]:
    """Add our own to what the site's configuration loads, which an option would displace."""
    import dask

    options = []
    for option, key, own in (
        ("--preload", "distributed.worker.preload", "dtperf.execution.clusters.preload_site"),
        ("--preload-nanny", "distributed.nanny.preload", "dtperf.execution.clusters.watchdog"),
    ):
        given = dask.config.get(key)
        modules = [given] if isinstance(given, str) else given
        options += [text for name in (*modules, own) for text in (option, name)]
    return options


def _death_timeout(options: Sequence[str]) -> float:
    from dask.utils import parse_timedelta

    return float(parse_timedelta(options[options.index("--death-timeout") + 1]))


def arguments(environ: Mapping[str, str], folder: Path, given: Sequence[str] = ()) -> list[str]:
    """Make the options of ``dask worker`` of an environment.

    Args:
        environ: Variables as above.
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

    return str(parse_bytes(whole) - NANNY_BYTES) if whole else None


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


def use_proxy(source: Path, folder: Path) -> dict[str, str]:
    """Keep a private copy of a proxy or token, which is renewed as long as the worker lives.

    Args:
        source: As it is mounted or transferred; it need not have a mode that grid tools accept.
        folder: Private folder of the worker.

    Returns:
        The variable of the environment that tells grid tools where the copy is.

    Raises:
        ConfigError: There is no such file.
    """
    copy = folder / "credential"
    seen = _copy_proxy(source, copy, b"")
    if not seen:
        raise ConfigError(f"DTPERF_PROXY: {source}: cannot be read")

    def renew(last: bytes) -> None:
        while not _stop.wait(REFRESH_S):
            # no room, or the folder goes: what is there stays, and the next turn tries again
            with suppress(OSError):
                last = _copy_proxy(source, copy, last)

    threading.Thread(target=renew, args=(seen,), daemon=True).start()
    is_proxy = b"-----BEGIN" in seen
    return {"X509_USER_PROXY" if is_proxy else "BEARER_TOKEN_FILE": str(copy)}


_stop = threading.Event()


def _copy_proxy(source: Path, copy: Path, last: bytes) -> bytes:
    """Copy a file if it has other content than the last time; give its content."""
    try:
        content = source.read_bytes()
    except OSError:
        return last
    content = _plain(content)
    if content and content != last:
        write_atomic(copy, content, mode=0o600)
        return content
    return last


def _plain(content: bytes) -> bytes:
    """Undo base64, in which some batch systems leave a Secret, of a proxy or a token."""
    with suppress(binascii.Error):
        inside = base64.b64decode(b"".join(content.split()), validate=True)
        if b"-----BEGIN" in inside or inside.startswith(b"eyJ"):
            return inside
    return content


def _credentials(source: Path, folder: Path) -> Credentials:
    private = folder / "tls"
    private.mkdir(mode=0o700)
    for name in (CA, CERTIFICATE, KEY):
        try:
            content = (source / name).read_bytes()
        except OSError as error:
            raise ConfigError(
                f"DTPERF_TLS: {source / name}: cannot be read: {error.strerror}"
            ) from None
        write_atomic(private / name, decoded(content, str(source / name)), mode=0o600)
    return Credentials.in_folder(private)


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
        main(sys.argv[1:])
    except ConfigError as error:
        sys.exit(f"dtperf worker: {error}")
