"""Where a cluster's workers can be seen at work: ``dashboard_of(client)``."""

from __future__ import annotations

from contextlib import suppress
from http.client import HTTPException
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["dashboard_of"]

ANSWER_S = 3
PAGE, SCRIPT = "/status", "/static/js/bokeh.min.js"
"""The page takes its scheduler a second to draw; without pages there is no script for them."""


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
