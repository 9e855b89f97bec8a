"""Why a file of an HTTP server cannot be read, and how long the server is waited for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.books.servers import Addresses, serving
from dtperf.errors import Cause, InputError
from dtperf.nanoaod.open import open_tree

ANSWERS: dict[str, Cause] = {
    # RFC 9110: who may, what is there, and whether the server is able to
    "401": "refused",
    "403": "refused",
    "407": "refused",
    "404": "missing",
    "410": "missing",
    "408": "timeout",
    "504": "timeout",
    "429": "unreachable",
    "500": "unreachable",
    "502": "unreachable",
    "503": "unreachable",
    "400": "unusable",
    # and those that say something else, less than they promise, or nothing
    "page": "not-root",
    "empty": "empty",
    "half": "truncated",
    "breaks": "unreachable",
    "nobody": "unreachable",
    "silent": "timeout",
    "stalls": "timeout",
}


@pytest.fixture(scope="module")
def addresses() -> Iterator[Addresses]:
    with serving() as found:
        yield found


@pytest.mark.parametrize(("what", "cause"), ANSWERS.items())
def test_cause(what: str, cause: Cause, addresses: Addresses) -> None:
    url = addresses.url(f"http:{what}", "f.root")
    # without a limit of ours, an answer would be waited for for five minutes
    with pytest.raises(InputError) as caught, open_tree(url, timeout_s=1):
        pass
    assert caught.value.cause == cause, str(caught.value)
    assert str(caught.value).startswith(f"{url}: ")


def test_a_server_without_a_name() -> None:
    with pytest.raises(InputError) as caught, open_tree("http://no.such.server.invalid/f.root"):
        pass
    assert caught.value.cause == "unreachable"
