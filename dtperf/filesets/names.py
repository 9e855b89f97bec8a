"""Read names of files as people write them: ``parse_name("'file:a.root:Events',")``.

Programs of ROOT and CMSSW name files in ways of their own, and lists of them are copied out of
configurations and spreadsheets, with what stands around them there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dtperf.errors import ConfigError, InputError
from dtperf.filesets.catalogs import DATASET, REDIRECTOR

__all__ = [
    "FileName",
    "names_in_code",
    "names_in_text",
    "parse_name",
    "refuse_foreign_path",
    "split_names",
]

_AROUND = "\ufeff'\"`\u2018\u2019\u201c\u201d"
_BEHIND = ",;"
_SCHEMES = {
    **dict.fromkeys(("root", "xroot", "xrootd"), "root"),
    "dav": "http",
    "davs": "https",
}
"""Other names of what we read."""
_EOS = {
    "/eos/cms": "eoscms",
    "/eos/project": "eosproject",
    **dict.fromkeys(("/eos/user", "/eos/home"), "eosuser"),
}
_TIER = re.compile(r"/(\w*AOD\w*|NANO\w*|RECO|USER)$")
_UNREADABLE = ("srm", "gsiftp", "dcap", "gsidcap", "rfio", "castor", "hpss")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_LOCAL = re.compile(r"file:(?://(?:localhost)?(?=/))?(.+)", re.IGNORECASE | re.DOTALL)
_TREE = re.compile(
    r"(?P<file>[^?]+\.(?:root|rntpl))(?P<mark>:|/|\?#|#)(?P<tree>[\w./;-]*\w)"
    r"|(?P<asked>[^?#]+\?[^#]+)#(?P<tree_asked>[\w./;-]*\w)",
    re.DOTALL,
)
"""As uproot, RDataFrame and TChain write a tree behind its file, perhaps behind a query."""
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_CODE = re.compile(
    r"[\w.\s=()\[\]{}+,;\\:]*[\[\](){}\\][\w.\s=()\[\]{}+,;\\:]*|(import|from) [\w. *,]+"
)
"""What stands around the names in Python: assignments, calls, brackets and imports."""
_BRILCALC = "#run:fill,"
_COMMENT = re.compile(r"(?<!\?)#.*")
_ROOT_FILE = re.compile(r".*\.(root|rntpl)([?:#/].*)?", re.DOTALL)


class FileName(NamedTuple):
    """A file by its plain name."""

    path: str
    """Path or URL."""
    tree: str | None
    """Tree that was named with it."""


def parse_name(text: str, base: Path = Path()) -> FileName:
    """Return path and tree of a file, whatever program's way of naming it is used.

    Args:
        text: A path, a URL, or either in another dialect: in quotes, with a comma behind it, with
            ``file:`` before it, of the scheme ``xroot``, with the name of a tree behind it. What is
            the name of a file on this machine as it stands is taken as it stands.
        base: Directory from which a relative path starts.

    Returns:
        Its plain path or URL, and the tree.

    Raises:
        ConfigError: The scheme is of a protocol that nothing here reads.
    """
    name, tree = _plain(text)
    if (name, tree) != (text, None) and (base / text).exists():
        return FileName(text, None)
    return FileName(name, tree)


def _plain(text: str) -> FileName:
    name = text.strip().strip(_AROUND + _BEHIND).strip()
    if found := _LOCAL.fullmatch(name):
        name = found[1]
    elif found := _URL.fullmatch(name):
        scheme = found[1].lower()
        if scheme in ("roots", "xroots"):
            # as root:// it may go without TLS: that is for the user to say
            raise ConfigError(f"{name}: write root://, which takes to TLS where the server asks so")
        if scheme in _UNREADABLE:
            raise ConfigError(
                f"{name}: {scheme}:// cannot be read here: name the file by root:// or https://, "
                "as the site tells, or by rucio:/A/B/C or das:/A/B/C"
            )
        name = f"{_SCHEMES.get(scheme, scheme)}://{found[2]}"
    found = _TREE.fullmatch(name)
    if found is None:
        return FileName(name, None)
    if found["asked"]:
        return FileName(found["asked"], found["tree_asked"])
    # directories may be called like files
    is_below = found["mark"] == "/" and not Path(found["file"]).is_file()
    if is_below or _ROOT_FILE.fullmatch(found["tree"]):
        return FileName(name, None)
    return FileName(found["file"], found["tree"])


def split_names(text: str) -> list[str]:
    """Return the names in a text that may be a list of them, with commas or semicolons.

    Returns:
        The names, or the text as it is.
    """
    pieces = [*filter(None, (piece.strip(_AROUND) for piece in re.split(r"[,;\s]+", text)))]
    if len(pieces) < 2 or not all(map(_is_name, pieces)) or Path(text).exists():
        return [text]
    return pieces


def refuse_foreign_path(name: str) -> None:
    """Check that a path that does not exist is not meant for another machine.

    Args:
        name: A path that is not there.

    Raises:
        InputError: It is the name of a file or dataset of CMS, or a place in EOS.
    """
    top = "/".join(name.split("/")[: 3 if name.startswith("/eos/") else 2])
    if os.path.exists(top):  # noqa: PTH110  # pathlib's raises for names that are too long
        return  # it is mounted here
    if name.startswith("/store/"):
        raise InputError(
            f"{name}: is a name of CMS, not a path of this machine: write {REDIRECTOR}{name} "
            "(or another redirector before it), or das:/A/B/C for its dataset",
            "missing",
        )
    if server := _EOS.get(top):
        raise InputError(
            f"{name}: EOS is not mounted here: write root://{server}.cern.ch/{name}", "missing"
        )
    dataset = name.removeprefix("cms:")
    if DATASET.fullmatch(dataset) and _TIER.search(dataset):
        raise InputError(
            f"{name}: is the name of a dataset: write das:{dataset} or rucio:{dataset}", "missing"
        )


def names_in_text(text: str) -> Iterator[str]:
    """Yield the names in a text: one a line, or as Python, CMSSW and spreadsheets write them.

    Args:
        text: Lines; what follows a '#' is a comment. Of a line with quotes what is in them counts,
            where it looks like a file; of a table, the cells that look like files.

    Raises:
        ValueError: A line names no file, and is no code around such lines either; or it is a table
            of luminosity.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    if any(line.startswith(_BRILCALC) for line in lines[:5]):
        raise ValueError(
            "is brilcalc's table, not a list of files: give it by input.luminosity_by_block"
        )
    for number, whole in enumerate(lines, 1):
        if line := _COMMENT.sub("", whole).strip():
            yield from _of_line(line, number)


def names_in_code(text: str) -> Iterator[str]:
    """Yield the strings in Python code that name ROOT files; the code is not run."""
    for line in text.splitlines():
        quoted = _QUOTED.findall(_COMMENT.sub("", line))
        yield from (one or other for one, other in quoted if _ROOT_FILE.fullmatch(one or other))


def _of_line(line: str, number: int) -> Iterator[str]:
    quoted = [one or other for one, other in _QUOTED.findall(line)]
    around = _QUOTED.sub("", line)
    named = [text for text in quoted if _is_name(text)]
    if quoted and not re.search(r"\w", around):
        yield from quoted
    elif named:
        yield from named
    elif not _CODE.fullmatch(around) or _ROOT_FILE.fullmatch(line):
        yield from _of_cells(line, number)


def _of_cells(line: str, number: int) -> Iterator[str]:
    cells = [cell.strip() for cell in re.split(r"[,;\t]", line) if cell.strip()]
    named = [cell for cell in cells if _is_name(cell)]
    if len(cells) == 1 or named:
        yield from named or cells
    elif number > 1:  # the first line of a table says what is in its columns
        raise ValueError(f"line {number}: {line[:100]!r}: names no file")


def _is_name(text: str) -> bool:
    return bool(_ROOT_FILE.fullmatch(text)) or "/" in text or "*" in text
