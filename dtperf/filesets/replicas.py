"""Choose the address at which to read a file, and the next one when that fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit

from dtperf.errors import TRANSIENT, Cause

__all__ = ["Replicas", "XCache", "server_of", "sources"]

LOCAL = "local"
LONGEST_BACKOFF_S = 300.0
ROOT = "root://"
REST_S = 60.0


def sources(path: str, replicas: Iterable[str], redirectors: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses of a file, each once, in the order of trying, `path` first.

    Redirectors, such as ``root://xrootd.example/``, may know a file with a URL under the same
    path.
    """
    # with its two slashes, of which the second begins the path on the server; a '#' is part of it
    path_on_server = urlsplit(path, allow_fragments=False).path if "://" in path else None
    elsewhere = (
        [f"{url.rstrip('/')}{path_on_server}" for url in redirectors] if path_on_server else []
    )
    return tuple(dict.fromkeys([path, *replicas, *elsewhere]))


def server_of(address: str) -> str:
    """Return the server of an address; 'local' for a path."""
    return urlsplit(address).netloc or LOCAL if "://" in address else LOCAL


class XCache:
    """An XCache in front of all servers; it is not used for a minute after it did not answer.

    It forwards: root://cache//root://server//path is the file of that server (XRootD, Proxy Storage
    Services, "Forwarding Mode Proxies").
    """

    def __init__(self, url: str) -> None:
        """Set up a cache by its address, such as root://xcache.example:1094."""
        self._prefix = f"{url.rstrip('/')}//"
        self._rests_until = 0.0

    def before(self, addresses: Iterable[str]) -> Iterator[str]:
        """Yield each address after that through the cache."""
        rests = time.monotonic() < self._rests_until
        for address in addresses:
            is_behind = address.startswith(self._prefix) or f"//{ROOT}" in address
            if address.startswith(ROOT) and not rests and not is_behind:
                yield f"{self._prefix}{address}"
            yield address

    def note(self, address: str, cause: Cause) -> None:
        """Note that an address has failed."""
        if cause in TRANSIENT and address.startswith(self._prefix):
            self._rests_until = time.monotonic() + REST_S


class Replicas:
    """Addresses that are tried in turn until one works, or the retries are used up.

    One that did not answer is asked again later; one that gave something bad is not.
    """

    def __init__(
        self,
        addresses: Iterable[str],
        retries: int,
        backoff_s: float,
        on_failed: Callable[[str, Cause], None] = lambda *_: None,
    ) -> None:
        """Set up the addresses, of which there is at least one, in the order of trying.

        There are `retries` in all; the wait before the first, in seconds, doubles with each
        further one. `on_failed` is called with each address that has failed, and the cause.
        """
        self._on_failed = on_failed
        self._addresses = [*addresses]
        self._number = len(self._addresses)
        self._retries = retries
        self._backoff_s = backoff_s
        self.attempts = 0

    @property
    def address(self) -> str:
        """The address to try now; after the end, the one tried last."""
        return self._addresses[0]

    def failed(self, cause: Cause) -> float | None:
        """Note that the address has failed.

        Returns:
            Seconds to wait before the next attempt; None if there is to be none.
        """
        self._on_failed(self.address, cause)
        self.attempts += 1
        is_last = self.attempts == self._retries + self._number
        if is_last or cause == "failed" or (cause not in TRANSIENT and len(self._addresses) == 1):
            return None
        failed = self._addresses.pop(0)
        if cause in TRANSIENT:
            self._addresses.append(failed)
        if self.attempts < self._number:
            return 0.0  # the next address was not asked yet
        doublings = self.attempts - self._number
        return min(self._backoff_s * 2.0**doublings, LONGEST_BACKOFF_S)
