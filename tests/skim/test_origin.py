"""What events are goes with a skim to what is measured on it, whole or in part."""

from __future__ import annotations

from pathlib import Path

import dtperf
from dtperf.skim.make import skim
from dtperf.synthetic import generate
from tests.skim.samples import loose


def test_a_skim_keeps_it(tmp_path: Path) -> None:
    generate({"events": 400, "files": 2, "runs": 2}, tmp_path / "files", progress=False)
    made = skim(loose(), tmp_path / "files", out=tmp_path / "skim", progress=False)
    assert made.origin.events == {"synthetic": 400}
    again = dtperf.run(loose(), tmp_path / "skim", progress=False)
    assert again.origin == made.origin
    part = dtperf.Analysis(tmp_path / "skim", limit_events=200, progress=False).with_cuts()
    assert part.origin.events == {"synthetic": 200}
    assert part.runs == made.runs[:1]
    of_files = dtperf.Analysis(tmp_path / "files", loose(), progress=False)
    assert "all 400 synthetic events" in of_files.loaded
    assert of_files.with_cuts().origin == made.origin
