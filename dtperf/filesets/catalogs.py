"""List the files of datasets in the catalogs of CMS: ``rucio:/A/B/C`` and ``das:/A/B/C``."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator

from dtperf.errors import ConfigError, InputError
from dtperf.filesets.model import InputFile

__all__ = ["REDIRECTOR", "is_catalog", "list_catalog"]

RUCIO, DAS = "rucio:", "das:"
REDIRECTOR = "root://cms-xrd-global.cern.ch/"
"""Knows where any file of CMS is."""

DATASET = re.compile(r"(/[A-Za-z0-9_.*-]+){3}")
FILE = re.compile(r"/store(/[A-Za-z0-9_+=-][A-Za-z0-9_.+=-]*)+\.(root|rntpl)")
PRIVATE = re.compile(r".*/USER")


def is_catalog(name: str) -> bool:
    """Return whether a name is that of a dataset in a catalog."""
    return name.startswith((RUCIO, DAS))


def list_catalog(
    name: str, tree: str, timeout_s: int, sites: str | None, redirector: str
) -> Iterator[InputFile]:
    """Yield the files of datasets.

    Args:
        name: Catalog and dataset, in which * stands for any text.
        tree: Tree to read.
        timeout_s: How long DAS may take for an answer.
        sites: Regular expression; of the replicas that Rucio knows only those at such sites.
        redirector: Server to read the files from that DAS names.

    Yields:
        Files, in datasets of their names.

    Raises:
        ConfigError: The name or an option cannot be.
        InputError: The client is not there, does not answer, or answers nonsense; there is no such
            dataset, or one without files.
    """
    catalog, _, dataset = name.partition(":")
    if not DATASET.fullmatch(dataset):
        raise ConfigError(f"{name!r}: name a dataset as {catalog}:/Primary/Era-Processing/TIER")
    found: Iterable[tuple[str, list[tuple[str, ...]]]]
    if f"{catalog}:" == RUCIO:
        from dtperf.filesets.rucio import list_rucio

        found = list_rucio(dataset, _pattern(sites))
    else:
        found = _list_das(dataset, timeout_s, redirector)
    for each, files in found:
        if not files:
            raise InputError(f"{catalog}:{each}: has no files", "missing")
        for path, *replicas in files:
            yield InputFile(path, tree, each, replicas=tuple(replicas))


def _pattern(sites: str | None) -> str | None:
    try:
        re.compile(sites or "")
    except re.error as error:
        raise ConfigError(f"sites: {sites!r} is no regular expression: {error}") from None
    return sites


def _list_das(
    dataset: str, timeout_s: int, redirector: str
) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    if not re.fullmatch(r"\w+://[\w.:-]+/*", redirector):
        raise ConfigError(f"redirector: {redirector!r}: name a server as {REDIRECTOR}")
    instance = " instance=prod/phys03" if PRIVATE.fullmatch(dataset) else ""
    named = [dataset]
    if "*" in dataset:
        named = _query_das(f"dataset dataset={dataset}{instance}", DATASET, timeout_s)
        if not named:
            raise InputError(f"das:{dataset}: DAS knows no such dataset", "missing")
    for each in named:
        names = _query_das(f"file dataset={each}{instance}", FILE, timeout_s)
        # the second slash begins the path on the server
        yield each, [(f"{redirector.rstrip('/')}/{name}",) for name in names]


def _query_das(query: str, form: re.Pattern[str], timeout_s: int) -> list[str]:
    program = shutil.which("dasgoclient")
    if program is None:
        raise InputError(
            "das: needs dasgoclient on the PATH: it is in a CMS environment "
            "(/cvmfs/cms.cern.ch/common/dasgoclient) and at https://github.com/dmwm/dasgoclient"
        )
    try:
        done = subprocess.run(
            [program, f"-query={query}"],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"das: no answer to '{query}' in {timeout_s} s", "timeout") from None
    except OSError as error:
        raise InputError(f"das: {program} cannot be run: {error.strerror or error}") from None
    lines = done.stdout.decode(errors="replace").split("\n")
    answers = [line.strip() for line in lines if line.strip()]
    bad = next((line for line in answers if not form.fullmatch(line)), None)
    if done.returncode or bad is not None:
        message = bad or done.stderr.decode(errors="replace").strip() or f"exit {done.returncode}"
        raise InputError(f"das: '{query}' was answered by {message[:300]!r}", "unreachable")
    return answers
