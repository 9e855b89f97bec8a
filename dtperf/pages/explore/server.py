"""A page for this machine's browser alone: on 127.0.0.1, behind a token in its address."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler

from dtperf.errors import ConfigError
from dtperf.pages.assets import asset, embedded_json
from dtperf.pages.explore.session import Session
from dtperf.skim.analysis import Explorer

__all__ = ["ExploreSite", "bind", "serve"]

ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")
MOST_BYTES = 100_000
"""Of a request; cuts take a few hundred."""
LOST = "The server does not answer: does `dtperf explore` still run?"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass
class ExploreSite:
    """What the server gives away, to whoever knows the token."""

    session: Session
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @cached_property
    def parts(self) -> dict[str, tuple[str, str]]:
        """Text and type of each part of the page, by its name."""
        return {
            "": (self._page(), "text/html"),
            "explore.css": (asset("explore/explore.css"), "text/css"),
            "explore.js": (asset("explore/explore.js"), "text/javascript"),
            "page.js": (asset("explore/page.js"), "text/javascript"),
        }

    def _page(self) -> str:
        state = {
            "setup": self.session.setup | {"lost": LOST},
            "cuts": {},
            "answer": self.session.before | {"cuts": {}},
        }
        loader = PackageLoader("dtperf.pages.explore", "")
        environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        page = environment.get_template("page.html")
        return page.render(title=self.session.setup["title"], state=Markup(embedded_json(state)))

    def application(self) -> Application:
        """Make the web application."""
        return Application(
            [(r"/([^/]*)/(.*)", _Page, {"site": self})],
            default_handler_class=_Refused,
            log_function=lambda _: None,  # an address holds the token
        )


class _Refused(RequestHandler):
    def prepare(self) -> None:
        """Answer nothing but to names of this machine: a page elsewhere may have another for it."""
        raise HTTPError(403)

    def set_default_headers(self) -> None:
        """Set what browsers must not do with the page."""
        for name, value in HEADERS.items():
            self.set_header(name, value)


class _Page(_Refused):
    def initialize(self, site: ExploreSite) -> None:
        """Take the site."""
        self.site = site

    def prepare(self) -> None:
        """Refuse whoever does not know the token, or comes from another page."""
        request = self.request
        token, name = self.path_args
        is_known = secrets.compare_digest(token.encode(), self.site.token.encode())
        origin = request.headers.get("Origin")
        is_own = origin is None or origin == f"{request.protocol}://{request.host}"
        if not (is_known and is_own and request.host_name in NAMES):
            raise HTTPError(403)
        if name not in self.site.parts and name != "measure":
            raise HTTPError(404)

    async def get(self, _: str, name: str) -> None:
        """Send a part of the page."""
        if name == "measure":
            raise HTTPError(405)
        text, kind = self.site.parts[name]
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish(text)

    async def post(self, _: str, name: str) -> None:
        """Measure with other cuts."""
        if name != "measure":
            raise HTTPError(405)
        try:
            cuts = json.loads(self.request.body)
        except ValueError:
            cuts = None
        if not isinstance(cuts, dict):
            raise HTTPError(400)
        # the kernels work beside the server, which goes on to answer
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(None, self.site.session.answer, cuts)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(found, allow_nan=False))


def bind(port: int) -> socket.socket:
    """Take a port of this machine that nobody else can reach.

    Args:
        port: Its number; 0: one that is free.

    Raises:
        ConfigError: It cannot be had.
    """
    listener = socket.socket()
    try:
        # else a port rests for a minute after its last use
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind((ADDRESS, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise ConfigError(f"port {port}: cannot be used: {error.strerror or error}") from None
    return listener


def serve(explorer: Explorer, listener: socket.socket, on_ready: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C or SIGTERM.

    Args:
        explorer: The events.
        listener: From `bind`.
        on_ready: Called with the page's address.
    """
    site = ExploreSite(Session(explorer))
    asyncio.run(_serve(site, listener, on_ready))


async def _serve(
    site: ExploreSite, listener: socket.socket, on_ready: Callable[[str], None]
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    server = HTTPServer(site.application(), max_body_size=MOST_BYTES)
    server.add_socket(listener)
    on_ready(f"http://{ADDRESS}:{listener.getsockname()[1]}/{site.token}/")
    await ended.wait()
    server.stop()
    await server.close_all_connections()
