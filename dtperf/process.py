"""This process: Ctrl-C that cannot get lost, and memory that is kept, measured and bounded."""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import psutil  # type: ignore[import-untyped]

from dtperf.errors import Stopped

__all__ = [
    "can_be_copied",
    "collect_rarely",
    "cores",
    "follow",
    "give_back",
    "is_interrupt",
    "keep_freed",
    "memory_of_machine",
    "peak_memory_bytes",
    "raise_if_interrupted",
    "signals_as_interrupt",
    "stoppable",
    "uninterrupted",
]

NUMBERS = (signal.SIGINT, signal.SIGTERM)
AGAIN_S = 0.02
"""After so long a Ctrl-C that got lost comes again: a destructor has ended by then."""
REPEATER = "dtperf Ctrl-C"
"""Thread that does nothing but that."""


class _Interrupts:
    """What has become of the Ctrl-C of this process."""

    asked = False
    """One has come."""
    lost = False
    """It was raised where Python can only print it, and has not come through since."""
    again = False
    """The next signal is a lost one that comes again."""
    held = False
    """What must not be done by half is being done."""
    waiting = False
    """One has come meanwhile."""


_interrupts = _Interrupts()


@contextmanager
def signals_as_interrupt(*numbers: signal.Signals) -> Iterator[None]:
    """Make signals a Ctrl-C that comes through: at once, or a moment later.

    What is raised in a destructor is only printed by Python ("Exception ignored in …"), and the
    work would go on; such a Ctrl-C is raised again, and `raise_if_interrupted` raises what got lost
    otherwise. Signals for which somebody has set a handler are left to it, and so are all in other
    threads than the main one.

    Args:
        numbers: SIGINT or SIGTERM; none: both.
    """
    is_main = threading.current_thread() is threading.main_thread()
    chosen = numbers or NUMBERS if is_main else ()
    before = {n: h for n in chosen if _is_nobodys(h := signal.getsignal(n))}
    if not before:
        yield
        return
    state = _interrupts
    state.asked = state.lost = state.again = False

    def interrupt(_number: int, _frame: object) -> None:
        is_lost_one, state.again = state.again, False
        if is_lost_one and not state.lost:
            return  # it has come through in the meantime
        state.asked, state.lost = True, False
        if state.held:
            state.waiting = True
            return
        raise KeyboardInterrupt

    lost: SimpleQueue[bool] = SimpleQueue()  # may be used within a destructor, unlike a lock
    main_thread = threading.get_ident()

    def repeat() -> None:
        while lost.get():
            time.sleep(AGAIN_S)
            if state.lost:
                state.again = True
                signal.pthread_kill(main_thread, min(before))

    hook_before = sys.unraisablehook

    def hook(ignored: sys.UnraisableHookArgs) -> None:
        if state.asked and ignored.exc_type is KeyboardInterrupt:
            state.lost = True
            lost.put(True)
        else:
            hook_before(ignored)

    repeater = threading.Thread(target=repeat, name=REPEATER, daemon=True)
    repeater.start()
    sys.unraisablehook = hook
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        state.lost = False
        lost.put(False)
        try:
            repeater.join()
        finally:
            sys.unraisablehook = hook_before
            for number, handler in before.items():
                signal.signal(number, handler)
            state.asked = False


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let the Ctrl-C of `signals_as_interrupt` wait until what is inside has been done.

    Raises:
        KeyboardInterrupt: One came meanwhile.
    """
    state = _interrupts
    if state.held or threading.current_thread() is not threading.main_thread():
        yield
        return
    state.held = True
    try:
        yield
    finally:
        state.held = False
        if state.waiting:
            state.waiting = False
            raise KeyboardInterrupt


def _is_nobodys(handler: Any) -> bool:
    """Return whether a handler of signals is Python's, or one that a library has set unasked."""
    # what a shell script starts in its background ignores SIGINT: whoever sends it one means it
    usual = (signal.default_int_handler, signal.SIG_DFL, signal.SIG_IGN)
    # importing dask_jobqueue makes Ctrl-C end the program with exit code 0, and without a word
    return handler in usual or getattr(handler, "__module__", "") == "dask_jobqueue.runner"


def raise_if_interrupted() -> None:
    """Raise KeyboardInterrupt if one came and got lost."""
    if _interrupts.asked:
        _interrupts.lost = False
        raise KeyboardInterrupt


@contextmanager
def stoppable(when: str) -> Iterator[None]:
    """Let Ctrl-C, or a notebook's stop button, end what is inside with one line.

    Args:
        when: What the line says after "Stopped", unless what is inside says it better.

    Raises:
        Stopped: It came.
    """
    try:
        with signals_as_interrupt(signal.SIGINT):
            yield
    except Stopped:
        raise
    except BaseException as error:
        if is_interrupt(error):
            raise Stopped(f"Stopped {when}") from None
        raise


def is_interrupt(error: BaseException) -> bool:
    """Return whether an error is Ctrl-C, or what a library has made of one: pydantic does."""
    return isinstance(error, KeyboardInterrupt) or (
        error.__cause__ is not None and is_interrupt(error.__cause__)
    )


M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Of the GNU C library's mallopt."""
TOP_PAD_BYTES = 1 << 17
"""What it asks the system for beyond what it needs, unless told otherwise."""
LARGEST_BYTES = 32 << 20
"""The largest pieces that it takes from its own memory."""
KEPT_BYTES = 1 << 30
IN_LARGE_PAGES_BYTES = KEPT_BYTES // 2
"""So much of it lies in large pages: a chunk's arrays do, and what nobody uses takes no memory."""
LARGE_PAGE_BYTES = 2 << 20


@cache
def keep_freed() -> bool:
    """Make the C library keep up to 1 GB of what is freed, for as long as the process lives.

    A chunk's arrays are freed together. Given back, their pages have to be mapped and zeroed anew
    for the next chunk, which took a fifth of the time of a run. On Linux much of them lies in pages
    of 2 MB: of those of 4 kB so many are needed that looking up where they are takes its time.

    Returns:
        Whether it does; False with another C library than GNU's, which is left alone.
    """
    try:
        library = ctypes.CDLL(None)
        keeps = bool(
            library.mallopt(M_MMAP_THRESHOLD, LARGEST_BYTES)
            and library.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        )
        if keeps:
            _take_large_pages(library)
    except (AttributeError, OSError, TypeError):
        return False
    return keeps


def _take_large_pages(library: ctypes.CDLL) -> None:
    """Let the C library's memory grow, and ask for large pages in what has been added.

    Other threads than the main one have memory of their own, which cannot grow so far. Where the
    address space is limited (``ulimit -v``) it is left to those who need it.
    """
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    is_limited = resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    if advice is None or is_limited or threading.current_thread() is not threading.main_thread():
        return
    library.sbrk.argtypes, library.sbrk.restype = [ctypes.c_ssize_t], ctypes.c_void_p
    library.malloc.argtypes, library.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    library.free.argtypes, library.free.restype = [ctypes.c_void_p], None
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    begin = library.sbrk(0)  # where it ends
    library.mallopt(M_TOP_PAD, IN_LARGE_PAGES_BYTES)
    # it grows when more is wanted than it has; this is not used, and so takes no memory
    library.free(library.malloc(LARGEST_BYTES - LARGE_PAGE_BYTES))
    library.mallopt(M_TOP_PAD, TOP_PAD_BYTES)
    begin += -begin % LARGE_PAGE_BYTES
    size = library.sbrk(0) - begin
    if size > 0:
        library.madvise(begin, size, advice)  # where the system has none, nothing has changed


def give_back() -> bool:
    """Give back what is freed and kept, and begin anew with the most bytes that this process has.

    So what is next shows what it takes, whatever the process has done before.

    Returns:
        Whether `peak_memory_bytes` begins anew: on Linux, with GNU's C library.
    """
    try:
        library = ctypes.CDLL(None)
        library.malloc_trim(0)
        _take_large_pages(library)
        # source: proc_pid_clear_refs(5) of the Linux manual
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except (AttributeError, OSError, TypeError):
        return False
    return True


def collect_rarely() -> None:
    """Make Python look for rings of objects 600 times less often; for processes that are our own.

    Imports and open files are hundreds of thousands of objects that stay: looking through them took
    a fifth of a short command. A hundred chunks take as much memory as with the usual number, 700.
    """
    gc.set_threshold(400_000)


def cores() -> int:
    """Return on how many cores this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def can_be_copied() -> bool:
    """Return whether this process may be forked: a lock that a thread holds is never freed then.

    Only on Linux, where libraries are used to it, and with no thread but those that wait for a lost
    Ctrl-C.
    """
    others = {each.name for each in threading.enumerate()} - {
        threading.main_thread().name,
        REPEATER,
    }
    is_main = threading.current_thread() is threading.main_thread()
    return sys.platform == "linux" and is_main and not others


def follow(parent: int) -> None:
    """Make this process one that works for another: Ctrl-C is left to that, and both end together.

    Args:
        parent: Number of the other process.
    """
    collect_rarely()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a copy of the other one has its handlers

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def peak_memory_bytes() -> int:
    """Return the most bytes that this process has had so far, or since `give_back`.

    On Linux not what getrusage says: that includes what the process had been before it became this
    program, as large as its parent.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return 1024 * int(line.split()[1])


CGROUPS, OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def memory_of_machine() -> int:
    """Return the bytes that this process and those that it starts may take together.

    Not `distributed.system.MEMORY_LIMIT`: importing it takes as long as a short run, and it looks
    at no cgroup below the root, in which a batch system puts its jobs.
    """
    return min((int(psutil.virtual_memory().total), *_limits()))


def _limits() -> Iterator[int]:
    """Find the limits of all cgroups that this process is in, of version 1 or 2.

    Source: cgroups(7) of the Linux manual, and Documentation/admin-guide/cgroup-v2.rst.
    """
    try:
        lines = OWN_CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, name = CGROUPS, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = CGROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        own = root / path.lstrip("/")
        for folder in (own, *own.parents):
            with suppress(OSError):  # a container sees only its own part
                limit = (folder / name).read_text(encoding="ascii").strip()
                if limit.isdecimal():
                    yield int(limit)
            if folder == root:
                break
