"""Build filesets with all that can be known of each file: ``filesets.build("root://server//store/")``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from dtperf.filesets.catalogs import REDIRECTOR
from dtperf.filesets.model import Files
from dtperf.filesets.resolve import Inputs, resolve

if TYPE_CHECKING:
    from dtperf.filesets.check import RetryPolicy, UnreadableFile

__all__ = ["build"]


def build(
    inputs: Inputs,
    tree: str = "Events",
    *,
    dataset: str | None = None,
    on_error: Literal["stop", "skip"] = "stop",
    policy: RetryPolicy | None = None,
    threads: int = 8,
    sites: str | None = None,
    redirector: str = REDIRECTOR,
    on_checked: Callable[[int, int], None] = lambda *_: None,
    on_problem: Callable[[UnreadableFile], None] = lambda _: None,
    on_remark: Callable[[str, str], None] = lambda *_: None,
) -> Files:
    """Return the files that the inputs name, with their UUID, entries, size and generation.

    Args:
        inputs: What `dtperf.filesets.resolve` takes. Files of a fileset of which all is known are
            not opened again.
        tree: Tree to read where a fileset does not name one.
        dataset: Name for all of them; None: that of the fileset or of the catalog, or 'events'.
        on_error: What to do if a file cannot be used: raise, or return it as it was named.
        policy: How often, how long and where to try to open each.
        threads: How many files to open at once.
        sites: As for `dtperf.filesets.resolve`.
        redirector: As for `dtperf.filesets.resolve`.
        on_checked: Called with the number of files checked so far, and of all.
        on_problem: Called with each file that cannot be used, if `on_error` is 'skip'.
        on_remark: Called with the path of a file and what a user should know of it, such as that it
            was never closed.

    Returns:
        The files, in the order of naming; those without events, too. `dtperf.run` takes them.

    Raises:
        ConfigError: The inputs cannot be.
        InputError: A file cannot be used and `on_error` is 'stop', or none can be; none has
            events; two are copies of one another.
    """
    from dtperf.filesets.check import RetryPolicy, check_files, refusal

    policy = policy or RetryPolicy()
    files = resolve(inputs, tree, policy.timeout_s, sites=sites, redirector=redirector)
    if dataset is not None:
        files = Files(file._replace(dataset=dataset) for file in files)
    checked = check_files(
        files,
        policy=policy,
        threads=threads,
        on_checked=lambda number: on_checked(number, len(files)),
    )
    if checked.problems and (on_error == "stop" or not checked.files):
        raise refusal(checked.problems, len(files))
    for problem in checked.problems:
        on_problem(problem)
    for each in checked.files:
        if each.remark:
            on_remark(each.file.path, each.remark)
    known = {each.file.path: each.file for each in checked.files}
    return Files(known.get(file.path, file) for file in files)
