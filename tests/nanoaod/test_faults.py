"""The cause of a failure, told from the words of those who failed."""

from __future__ import annotations

import errno
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, get_args

import numba
import numpy as np
import pytest
import uproot
from uproot.deserialization import DeserializationError

from dtperf.errors import Cause, InputError
from dtperf.nanoaod.faults import classify, first_line, own_fault
from dtperf.nanoaod.open import open_file

SERVER = "[ERROR] Server responded with an error: "

# as fsspec_xrootd words them, around what XRootD's client and servers say
TOLD = [
    (f"Failed to open file: {SERVER}[3011] Unable to open /f.root; no such file", "missing"),
    (f"Failed to open file: {SERVER}[3011] No servers are available to read the file.", "missing"),
    (f"Failed to open file: {SERVER}[3010] Unable to open /f.root; permission denied", "refused"),
    (f"Failed to open file: {SERVER}[3030] not authorized to see missing files", "refused"),
    (f"Failed to open file: {SERVER}[3016] Unable to open /; is a directory", "not-root"),
    (f"Failed to open file: {SERVER}[3005] Unable to open /f; stale file handle", "missing"),
    (f"Failed to open file: {SERVER}[3012] Internal timeout", "unreachable"),
    (f"Failed to open file: {SERVER}[3024] Server too busy", "unreachable"),
    (f"Failed to open file: {SERVER}[3034] no", "timeout"),
    (f"Failed to open file: {SERVER}[3000] Opaque is wrong", "unusable"),
    ("Failed to open file: [FATAL] Auth failed: No protocols left to try", "refused"),
    ("Failed to open file: [FATAL] Login failed", "refused"),
    ("Failed to open file: [FATAL] Connection error", "unreachable"),
    ("Failed to open file: [FATAL] Invalid address", "unreachable"),
    ("Failed to open file: [FATAL] Hand shake failed", "unreachable"),
    ("Failed to open file: [FATAL] Socket timeout", "timeout"),
    ("Failed to open file: [ERROR] Operation expired", "timeout"),
    ("File did not vector_read properly: [ERROR] Operation expired", "timeout"),
    ("File did not vector_read properly: [ERROR] Stream disconnect", "unreachable"),
    ("Bytes failed to read from open file: [ERROR] Invalid operation", "unreachable"),
    ("File stat request failed: [FATAL] Socket error: connection refused", "unreachable"),
    ("expected Chunk of length 403,\nreceived 100 bytes from LocalSource", "truncated"),
    ("something else", "unusable"),
]


@pytest.mark.parametrize(("message", "cause"), TOLD)
def test_words(message: str, cause: Cause) -> None:
    assert classify(OSError(message)) == cause


NUMBERED = [
    (errno.ENOENT, "missing"),
    (errno.ESTALE, "missing"),
    (errno.EACCES, "refused"),
    (errno.EPERM, "refused"),
    (errno.EISDIR, "not-root"),
    (errno.ETIMEDOUT, "timeout"),
    (errno.ECONNREFUSED, "unreachable"),
    (errno.ECONNRESET, "unreachable"),
    (errno.EHOSTUNREACH, "unreachable"),
    (errno.EIO, "unreachable"),
    (errno.EMFILE, "environment"),
    (errno.ENOSPC, "environment"),
    (errno.EDQUOT, "environment"),
    (errno.ENOMEM, "memory"),
    (errno.EBADF, "unusable"),
]


@pytest.mark.parametrize(("number", "cause"), NUMBERED)
def test_numbers_of_the_operating_system(number: int, cause: Cause) -> None:
    assert classify(OSError(number, "as the system words it")) == cause


KINDS = [
    (ValueError("unrecognized compression algorithm"), "corrupt"),
    (DeserializationError("too short", None, None, {}, "f.root"), "corrupt"),
    (zlib.error("incorrect data check"), "corrupt"),
    (KeyError("muon_pt"), "corrupt"),
    (RecursionError("maximum recursion depth exceeded"), "corrupt"),
    (NotImplementedError("Unknown locator type"), "corrupt"),
    (MemoryError(), "memory"),
    (TimeoutError(), "timeout"),
    (RuntimeError("coroutine raised StopIteration"), "truncated"),
    (RuntimeError("Loop is not running"), "unusable"),
    (ImportError("no module named isal"), "environment"),
    (RuntimeError("can't start new thread"), "environment"),
    (InputError("short", "truncated"), "truncated"),
]


@pytest.mark.parametrize(("error", "cause"), KINDS)
def test_kinds(error: Exception, cause: Cause) -> None:
    assert classify(error) == cause


def raised(raise_: Callable[[], Any]) -> Exception:
    try:
        raise_()
    except Exception as error:  # noqa: BLE001  # each has its own
        return error
    raise AssertionError


def test_more_memory_than_the_machine_has_is_a_claim_of_the_file() -> None:
    assert classify(raised(lambda: np.empty(2**60, np.uint8))) == "oversize"


@numba.njit
def _unable(x: Any) -> Any:
    return x.no_such_thing


def test_what_numba_raises_is_no_fault_of_the_file() -> None:
    error = raised(lambda: _unable(1.0))
    assert classify(error) == "failed"
    # also where something else was raised of it
    assert classify(chained(ValueError("x"), error)) == "failed"


def test_our_own_mistakes_are_no_fault_of_the_file() -> None:
    # our code does not take a number for a path
    mistaken = raised(lambda: open_file(1))  # type: ignore[arg-type]
    assert isinstance(mistaken, TypeError)
    assert classify(mistaken) == "failed"
    # others raise the same of bytes that make no sense
    assert classify(raised(lambda: uproot.reading.ReadOnlyKey(*[None] * 7))) == "corrupt"


@pytest.mark.parametrize(
    ("error", "cause", "remedy"),
    [
        (MemoryError(), "memory", "take fewer workers, or fewer events at once"),
        (OSError(errno.EMFILE, "Too many open files"), "environment", "of this machine"),
        (PermissionError(errno.EACCES, "Permission denied"), "environment", "of this machine"),
        (KeyError("muon_pt"), "failed", "please report it"),
    ],
)
def test_what_is_no_fault_of_a_file_says_what_to_do(
    error: Exception, cause: Cause, remedy: str
) -> None:
    told = own_fault("a.root: measuring failed", error)
    assert told.cause == cause
    assert str(told).startswith("a.root: measuring failed: ")
    assert remedy in str(told)


def test_a_file_that_the_client_has_given_up_can_be_read_again() -> None:
    client: Any = import_module("XRootD.client")
    with pytest.raises(ValueError, match=r"closed file") as of_the_binding:
        client.File().read()
    assert classify(of_the_binding.value) == "unreachable"


def test_words_of_the_file_are_not_those_of_a_server() -> None:
    assert classify(ValueError("branch 'connection error' of [3010]")) == "corrupt"


def chained(outer: Exception, inner: Exception, *, hidden: bool = False) -> Exception:
    outer.__context__, outer.__suppress_context__ = inner, hidden
    return outer


def test_what_led_to_an_error_counts_too() -> None:
    assert classify(chained(ValueError("x"), OSError("Operation expired"))) == "timeout"
    caused = OSError("x")
    caused.__cause__ = InputError("y", "no-tree")
    assert classify(caused) == "no-tree"
    hidden = chained(ValueError("x"), OSError("Operation expired"), hidden=True)
    assert classify(hidden) == "corrupt"


def test_every_cause_is_known() -> None:
    told = {cause for _, cause in (*TOLD, *NUMBERED, *KINDS)}
    assert told <= set(get_args(Cause))


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("[ERROR] Operation expired\n\n", "[ERROR] Operation expired"),
        ("expected 403,\nreceived 5 bytes\nfor f", "expected 403, received 5 bytes"),
        ("while reading:\n\n   TTree version", "while reading"),
        ("", "OSError"),
    ],
)
def test_first_line(message: str, line: str) -> None:
    assert first_line(OSError(message)) == line
