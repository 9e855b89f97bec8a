"""The blocks of code in pages of Markdown, and what the page says of them.

`python -m tests.helpers.pages docs/tutorial.md` prints all blocks of a page as one shell script,
for a bare machine: neither dtperf nor pytest is needed for it.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["ROOT", "Block", "as_script", "blocks", "commands", "pages"]

ROOT = Path(__file__).parents[2]
MARK = r"(?:<!-- (?P<mark>not run|file): (?P<text>[^\n]+) -->\n)?"
BLOCK = re.compile(MARK + r"```(?P<language>\w+)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    code: str
    line: int
    file: str | None
    """Name under which the page tells to save it, by a comment `file:` before it."""
    not_run: str | None
    """Why nobody can run it here, by a comment `not run:` before it."""


def pages() -> list[Path]:
    """List the pages that people write, in the documentation and what it includes."""
    made = {"_build", "notebooks", "reference"}
    docs = ROOT / "docs"
    found = [path for path in docs.rglob("*.md") if path.relative_to(docs).parts[0] not in made]
    return [ROOT / "README.md", *sorted(found), ROOT / "configs/clusters/README.md"]


def blocks(page: Path) -> list[Block]:
    """List the blocks of a page that have a language, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for each in BLOCK.finditer(text):
        mark = {each["mark"]: each["text"]}
        line = text.count("\n", 0, each.start("language")) + 1
        found.append(
            Block(each["language"], each["code"], line, mark.get("file"), mark.get("not run"))
        )
    return found


def commands(code: str) -> Iterator[list[str]]:
    """Split the lines of a shell's block that call dtperf into words, without its own name."""
    for line in re.split(r"\n|&&", code.replace("\\\n", " ")):
        words = shlex.split(line, comments=True)
        if words[:1] == ["dtperf"]:
            yield words[1:]


def as_script(page: Path) -> str:
    """Return what a page tells to type, also where the tests do not run it."""
    lines = ["set -euxo pipefail"]
    for block in blocks(page):
        if block.file is not None:
            lines.append(f"cat > {shlex.quote(block.file)} <<'END'\n{block.code}END")
        elif block.language == "python":
            lines.append(f"python - <<'END'\n{block.code}END")
        elif block.language == "bash":
            lines.append(block.code)
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(as_script(Path(sys.argv[1])))
