"""Where a cluster's workers can be seen at work: ``dashboard_of(client)``.

A scheduler of our own loads its pages when somebody asks for one: `no_pages`. They take longer to
import than Dask itself, which workers would wait for, and most runs are looked at by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPException
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["LATER", "dashboard_of", "no_pages"]

ANSWER_S = 3
PAGE, SCRIPT = "/status", "/static/js/bokeh.min.js"
"""The page takes its scheduler a second to draw; without pages there is no script for them."""
LATER = {"dashboard": False}
"""Options of a scheduler that starts within `no_pages`."""
ROUTES = "distributed.scheduler.http.routes"
MISSING = "distributed.http.scheduler.missing_bokeh"
"""Says which bokeh is needed."""


@contextmanager
def no_pages() -> Iterator[Callable[[Any], None]]:
    """Let a scheduler start without what it serves by HTTP.

    Yields:
        What adds that to the scheduler, of this process, for whoever will look at it.
    """
    import dask

    modules = [*dask.config.get(ROUTES)]
    with dask.config.set({ROUTES: []}):
        yield partial(_add_pages, modules)


def _add_pages(modules: Sequence[str], scheduler: Any) -> None:
    from tornado.web import Application, RequestHandler

    class IsThere(RequestHandler):
        def head(self) -> None:
            """Answer `dashboard_of`."""

    class Later(Application):
        are_loaded = False

        def find_handler(self, request: Any, **more: Any) -> Any:
            """Have the pages loaded; they are served by what comes after this."""
            if request.method == "HEAD":
                return super().find_handler(request, **more)
            if not self.are_loaded:
                self.are_loaded = True
                _load(modules, scheduler)
            return None

    pages = [(SCRIPT, IsThere)] if find_spec("bokeh") else []
    scheduler.http_application.add_application(Later(pages))


def _load(modules: Sequence[str], scheduler: Any) -> None:
    from distributed.http.utils import get_handlers
    from tornado.web import Application

    application, server = scheduler.http_application, scheduler.http_server
    try:
        from distributed.dashboard.scheduler import connect

        connect(application, server, scheduler, prefix="/")
    except ImportError:  # no bokeh, or another version than Dask needs
        modules = [*modules, MISSING]
    application.add_application(Application(get_handlers(scheduler, [*modules], prefix="/")))


def dashboard_of(client: Client) -> str:
    """Return the address of Dask's dashboard; empty if it cannot be seen from here.

    Dask names one for every scheduler, also where it serves none, or nobody can reach it.
    """
    link = client.dashboard_link if find_spec("bokeh") else None
    if not link or not link.startswith(("http://", "https://")):
        return link or ""  # a notebook's server knows the way
    # without its content: a server that is still sending when a short run ends leaves a socket
    asked = Request(link.removesuffix(PAGE) + SCRIPT, method="HEAD")
    with (
        suppress(OSError, ValueError, HTTPException),
        urlopen(asked, timeout=ANSWER_S) as answer,
    ):
        return link if answer.status == 200 else ""
    return ""
