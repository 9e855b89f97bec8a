"""Which files a run reads: names to files, and filesets in coffea's form.

files = filesets.build("root://server.example//store/")
filesets.write(Path("files.json.gz"), files)
"""

from __future__ import annotations

from dtperf.filesets.build import build
from dtperf.filesets.diff import Diff, diff
from dtperf.filesets.join import join
from dtperf.filesets.missing import missing, missing_in
from dtperf.filesets.model import InputFile
from dtperf.filesets.parts import sample, split
from dtperf.filesets.resolve import Inputs, resolve
from dtperf.filesets.stored import is_fileset, read, write

__all__ = [
    "Diff",
    "InputFile",
    "Inputs",
    "build",
    "diff",
    "is_fileset",
    "join",
    "missing",
    "missing_in",
    "read",
    "resolve",
    "sample",
    "split",
    "write",
]
