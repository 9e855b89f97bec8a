"""What has changed between results: ``changes(before, after)``.

Every part of the detector is compared with itself, from the whole barrel to each chamber, and the
parts that tell what has happened are named.
"""

from __future__ import annotations

from dtperf.diagnostics.comparison.changes import Change, Changes, changes, shared_files
from dtperf.diagnostics.comparison.spread import Spread
from dtperf.lazy_import import listed

__all__ = ["Change", "Changes", "Spread", "changes", "shared_files"]
__dir__ = listed(__name__)
