"""Servers on this machine that do not give what they are asked for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Addresses", "serving"]

PAGE = b"<!DOCTYPE html><html><body>down for maintenance</body></html>\n" * 20
HALF = b"root" + bytes.fromhex("0000f6bc") + (100).to_bytes(4, "big") + (10**6).to_bytes(4, "big")
"""Begins as a ROOT file of a million bytes."""


class Addresses:
    """Where to ask for what."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        """Take the ports by what is behind them: 'http', 'silent' or 'nobody'."""
        self._ports = ports

    def url(self, name: str, file: str) -> str:
        """Name a file on the server that does something, such as 'http:403'."""
        scheme, what = name.split(":")
        port = self._ports.get(what, self._ports["http"])
        return f"{scheme}://127.0.0.1:{port}//{what}/{file}"


class _Handler(BaseHTTPRequestHandler):
    """Does what the first part of the path says."""

    done: threading.Event

    def do_GET(self) -> None:
        what = self.path.strip("/").split("/")[0]
        if what.isdecimal():
            self.send_error(int(what))
            return
        body = {"page": PAGE, "empty": b"", "half": HALF + bytes(50_000)}.get(what, PAGE)
        self._head(len(body) if what not in ("stalls", "breaks") else 100_000)
        if self.command == "GET":
            self.wfile.write(body)
            if what == "stalls":
                self.wfile.flush()
                self.done.wait()

    do_HEAD = do_GET

    def _head(self, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextmanager
def serving() -> Iterator[Addresses]:
    """Run the servers."""
    done = threading.Event()
    handler = type("Handler", (_Handler,), {"done": done})
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as http,
        socket.create_server(("127.0.0.1", 0), backlog=128) as silent,
        # bound, so that nobody else is there, and not listening
        socket.socket() as nobody,
    ):
        http.daemon_threads = True
        nobody.bind(("127.0.0.1", 0))
        threading.Thread(target=http.serve_forever, daemon=True).start()
        threading.Thread(target=_keep_silent, args=(silent,), daemon=True).start()
        places = {"silent": silent, "nobody": nobody}
        ports = {name: int(each.getsockname()[1]) for name, each in places.items()}
        try:
            yield Addresses({"http": int(http.server_port), **ports})
        finally:
            done.set()
            http.shutdown()
            silent.shutdown(socket.SHUT_RDWR)


def _keep_silent(listening: socket.socket) -> None:
    """Take every connection and say nothing."""
    with ExitStack() as taken, suppress(OSError):
        while True:
            taken.enter_context(listening.accept()[0])
