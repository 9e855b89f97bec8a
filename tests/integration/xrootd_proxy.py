"""A connection to an XRootD server that is slow, or on which one file falls silent."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import Self

__all__ = ["Proxy"]

# XProtocol.hh
OPEN, READ, READV = 3010, 3013, 3025
OK, STATUS = 0, 4007
HANDSHAKE_BYTES = 20


class Proxy:
    """Passes on what a client and a server say to one another."""

    def __init__(self, port: int, delay_s: float = 0.0) -> None:
        """Listen, and talk to a server.

        Args:
            port: Where the server listens.
            delay_s: How long each answer is held back.
        """
        self.delay_s = delay_s
        self.silent: set[str] = set()
        """Files, by the end of their names, whose reads get no answer from the second open on."""
        self.answers = 0
        self.swallowed = 0
        self.opened: Counter[str] = Counter()
        self.queries: Counter[str] = Counter()
        """What was behind the '?' of the files that were opened."""
        self._server = port
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, name: str = "") -> str:
        return f"root://{self.address}//data/{name}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._server))
                except OSError:
                    client.close()
                    continue
                self._ends += [client, server]
                _Connection(self, client, server)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class _Connection:
    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, server
        self.opening: dict[bytes, str] = {}
        """Names of files, by the number of the request."""
        self.mute: set[bytes] = set()
        """Handles of files that are silent."""
        for target in (self._requests, self._answers):
            threading.Thread(target=self._until_closed, args=(target,), daemon=True).start()

    def _until_closed(self, pump: object) -> None:
        with suppress(OSError, EOFError):
            pump()  # type: ignore[operator]
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _requests(self) -> None:
        self.server.sendall(_take(self.client, HANDSHAKE_BYTES))
        while True:
            head = _take(self.client, 24)
            number, kind, said, size = struct.unpack(">2sH16si", head)
            body = _take(self.client, size)
            if kind == OPEN:
                name, _, query = body.rstrip(b"\0").decode().partition("?")
                self.opening[number] = name
                self.proxy.queries[query] += 1
            handles = {said[:4]} if kind == READ else set()
            if kind == READV:
                handles = {body[at : at + 4] for at in range(0, size, 16)}
            if handles & self.mute:
                self.proxy.swallowed += 1
            else:
                self.server.sendall(head + body)

    def _answers(self) -> None:
        while True:
            head = _take(self.server, 8)
            number, status, size = struct.unpack(">2sHi", head)
            body = _take(self.server, size)
            if status == STATUS:
                body += _take(self.server, int.from_bytes(body[12:16], "big"))
            name = self.opening.pop(number, None)
            if name is not None and status == OK:
                # the first time it is opened to be checked
                self.proxy.opened[name] += 1
                self.mute.discard(body[:4])
                if name.endswith((*self.proxy.silent,)) and self.proxy.opened[name] > 1:
                    self.mute.add(body[:4])
            time.sleep(self.proxy.delay_s)
            self.client.sendall(head + body)
            self.proxy.answers += 1


def _take(end: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        piece = end.recv(size - len(content))
        if not piece:
            raise EOFError
        content += piece
    return bytes(content)
