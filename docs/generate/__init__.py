"""What the documentation takes from the code: a Sphinx extension, run before pages are read.

Its pages, pictures and copies of the notebooks are not committed: they cannot grow old.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["pages", "setup"]

ROOT = Path(__file__).parents[2]


def pages() -> Mapping[str, str]:
    """Return the pages made from the code, by their path below docs/reference."""
    from . import api, commands, keys, tables

    return {**keys.pages(), **tables.pages(), "commands.md": commands.page(), **api.pages()}


def write(docs: Path) -> None:
    """Write reference, pictures and notebooks into the documentation's folder.

    Files that are as they should be keep their time, so that Sphinx does not read them again.
    """
    from . import pictures

    made: dict[Path, bytes] = {
        docs / "reference" / name: text.encode() for name, text in pages().items()
    }
    made |= {
        docs / folder / each.name: each.read_bytes()
        for folder, found in {
            "notebooks": (ROOT / "notebooks").glob("*.ipynb"),
            "pictures": (ROOT / "benchmarks").glob("*.png"),  # those of the README
        }.items()
        for each in found
    }
    made |= {docs / "pictures" / f"{name}.svg": draw() for name, draw in pictures.PICTURES.items()}
    for folder in ("reference", "notebooks", "pictures"):
        for path in (docs / folder).rglob("*.*"):
            if path not in made and path.is_file():
                path.unlink()
    for path, content in made.items():
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


SECTIONS = re.compile(r"^(Args|Returns|Yields|Raises):$", re.MULTILINE)


def _keep_texts_of_fields(app: Sphinx) -> None:
    """Keep napoleon from reading "None: files" below a field as its type and its meaning."""
    texts: dict[str, list[str]] = {}

    def before(_app: Sphinx, what: str, name: str, _: Any, __: Any, lines: list[str]) -> None:
        if what in ("attribute", "data", "property") and not SECTIONS.search("\n".join(lines)):
            texts[name] = [*lines]

    def after(_app: Sphinx, _what: str, name: str, _: Any, __: Any, lines: list[str]) -> None:
        lines[:] = texts.pop(name, lines)

    app.setup_extension("sphinx.ext.autodoc")  # which knows the event
    app.connect("autodoc-process-docstring", before, priority=100)
    app.connect("autodoc-process-docstring", after, priority=900)


ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe)\b[^>]*\bsrc=["']?(https?:[^"'> ]+)"""
    r"""|<link\b(?=[^>]*\brel=["']?stylesheet)[^>]*\bhref=["']?(https?:[^"'> ]+)"""
)


def _refuse_what_needs_network(app: Sphinx, error: Exception | None) -> None:
    """End the build if a page loads something from another place: the site works without."""
    from sphinx.errors import ExtensionError

    pages = [] if error else sorted(Path(app.outdir).rglob("*.html"))
    for page in pages:
        if found := ELSEWHERE.search(page.read_text(encoding="utf-8")):
            raise ExtensionError(f"{page}: loads {found[1] or found[2]}")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write what is generated as soon as Sphinx knows its folders, before it lists the pages."""
    app.connect("config-inited", lambda app, _: write(Path(app.srcdir)))
    app.connect("build-finished", _refuse_what_needs_network)
    _keep_texts_of_fields(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
