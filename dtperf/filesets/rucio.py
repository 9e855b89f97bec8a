"""List files of datasets and their replicas, from Rucio through coffea."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from typing import Any

from dtperf.errors import DtperfError, InputError

__all__ = ["list_rucio"]

URL = re.compile(r"x?roots?d?://[A-Za-z0-9_.:@-]+/[A-Za-z0-9_.+=/?&%:@-]+")
DATASET = re.compile(r"(/[A-Za-z0-9_.-]+){3}")


def list_rucio(dataset: str, sites: str | None) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return datasets, and of each file the addresses at which it is on disk, in Rucio's order.

    In the name of the dataset * stands for any text; `sites` is a regular expression for names
    of sites.

    Raises:
        InputError: There is no client, no such dataset, or a file that is on disk nowhere.
    """
    try:
        from coffea.dataset_tools import rucio_utils
    except ImportError as error:
        raise InputError(
            f"rucio: needs the Rucio client ({error}): pip install rucio-clients"
        ) from None
    with _readable_errors(dataset), _in_empty_directory():
        client = rucio_utils.get_rucio_client()
        named = [dataset]
        if "*" in dataset:
            named = sorted(rucio_utils.query_dataset(dataset, client))
        if not named:
            raise InputError(f"rucio:{dataset}: Rucio knows no such dataset", "missing")
        return [
            (_checked(each, DATASET), _files(rucio_utils, client, each, sites)) for each in named
        ]


def _files(utils: Any, client: Any, dataset: str, sites: str | None) -> list[tuple[str, ...]]:
    # with partial_allowed a file that is nowhere would go without a name, and be lost
    files, _, _ = utils.get_dataset_files_replicas(
        dataset, regex_sites=sites, mode="full", client=client, partial_allowed=False
    )
    return [tuple(dict.fromkeys(_checked(url, URL) for url in urls)) for urls in files]


def _checked(value: Any, form: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise InputError(f"rucio: {str(value)[:300]!r}: is no name that can be", "unusable")
    return value


@contextmanager
def _readable_errors(dataset: str) -> Iterator[None]:
    try:
        yield
    except DtperfError:
        raise
    except Exception as error:  # coffea raises just this, and Rucio has a hundred
        lines = str(error).splitlines()
        message = f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"[:300]
        hint = ""
        if "SITE" in message:
            hint = f"; name other sites, or das:{dataset}, which goes through a redirector"
        raise InputError(f"rucio:{dataset}: {ascii(message)[1:-1]}{hint}", "unreachable") from error


@contextmanager
def _in_empty_directory() -> Iterator[None]:
    """Work in an empty directory, without a table of sites of coffea's; print to stderr."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder), redirect_stdout(sys.stderr):
        yield
