"""Which files a run reads: names to files, and filesets in coffea's form.

files = filesets.build("root://server.example//store/")
filesets.write(Path("files.json.gz"), files)
"""

from __future__ import annotations

from dtperf.filesets.build import build
from dtperf.filesets.diff import Diff, diff
from dtperf.filesets.io import is_fileset, read, write
from dtperf.filesets.join import join
from dtperf.filesets.missing import missing, skipped_files
from dtperf.filesets.model import Files, InputFile
from dtperf.filesets.resolve import Inputs, resolve
from dtperf.filesets.split import sample, split
from dtperf.lazy_import import listed

__all__ = [
    "Diff",
    "Files",
    "InputFile",
    "Inputs",
    "build",
    "diff",
    "is_fileset",
    "join",
    "missing",
    "read",
    "resolve",
    "sample",
    "skipped_files",
    "split",
    "write",
]
__dir__ = listed(__name__)
