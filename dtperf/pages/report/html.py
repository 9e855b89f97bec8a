"""From templates to one HTML file that asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dtperf.errors import ConfigError
from dtperf.files import write_atomic
from dtperf.pages.assets import asset, embedded_json
from dtperf.pages.report import aged, changed, words
from dtperf.statistics import probability

__all__ = ["fill", "save"]

MARK = '<meta name="generator" content="dtperf'
"""By this a page of ours is known: only these are replaced."""
HEAD_BYTES = 2000


def fill(template: str, data: Mapping[str, Any], *, on_demand: bool = False, **context: Any) -> str:
    """Make a page.

    Args:
        template: Name of the template.
        data: What the page's script works on.
        on_demand: The page draws pictures of `data["pictures"]`, see `groups.js`.
        context: What the template shows; texts are escaped.

    Returns:
        The page as HTML.
    """
    script = _script(on_demand=on_demand)
    style = asset("style.css") + asset("map.css") + _text("report.css")
    if on_demand:
        style += asset("explore/curve.css") + _text("groups.css")
    return (
        _environment()
        .get_template(template)
        .render(
            policy=_policy(script),
            version=version("dtperf"),
            style=Markup(style),
            script=Markup(script),
            data=Markup(embedded_json(data)),  # cannot end its element
            **context,
        )
    )


def save(page: str, path: Path) -> Path:
    """Write a page, in place of an older one if there is one.

    Args:
        page: HTML.
        path: The file.

    Returns:
        The file.

    Raises:
        ConfigError: The file is something else, or cannot be written.
    """
    try:
        if path.exists() and not _is_ours(path):
            raise ConfigError(f"{path}: is there already, and no page of dtperf: choose another")
        write_atomic(path, page)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return MARK.encode() in file.read(HEAD_BYTES)


def _text(name: str) -> str:
    return (files(__package__) / "templates" / name).read_text(encoding="utf-8")


@cache
def _script(*, on_demand: bool) -> str:
    parts = [asset("map.js"), _text("table.js"), _text("page.js")]
    if on_demand:
        parts += [asset("explore/curve.js"), _text("groups.js")]
    return "\n".join(parts)


def _policy(script: str) -> str:
    """Allow this one script, inline style and inline images, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("dtperf.pages.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "capital": words.capital,
        "allowance": changed.allowance,
        "assumptions": aged.assumptions,
        "changed_name": changed.name,
        "count": words.count,
        "description": aged.description,
        "expected": aged.expected,
        "exposed": aged.exposed,
        "guarantee": changed.guarantee,
        "interval": words.interval,
        "left_out": aged.left_out,
        "percent": words.percent,
        "plus_minus": words.plus_minus,
        "points": changed.points,
        "probability": probability,
        "signed": words.signed,
        "slope": aged.slope,
        "slope_guarantee": aged.slope_guarantee,
        "some_names": aged.some_names,
        "variation": changed.variation,
        "what_aged": aged.what_aged,
        "what_changed": changed.what_changed,
    }
    return environment
