"""A processor whose source has changed does not go on where another one has stopped."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError, InputError
from dtperf.execution.instance_state import code_of, described
from dtperf.execution.processor import portable
from dtperf.execution.processor_class import packaged_class
from dtperf.execution.provenance import code_version
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import with_run
from tests.processors.written import STATIONS, write_processor


def test_a_changed_source_is_refused_by_name(
    reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    path = write_processor(tmp_path)
    config = with_run(reference_config, chunksize=1000)
    how: dict[str, Any] = {"processor": f"{path}:Stations", "out": tmp_path / "out"}
    part = dtperf.run(config, GOLDEN, limit_chunks=1, **how)
    assert part.extra["seen"] == part.totals["events"] < 4000
    path.write_text(STATIONS.replace("HEAVY = 0.25", "HEAVY = 0.50"))
    with pytest.raises(ConfigError, match=r"another processor.* \(Stations@\w+, this is Stations@"):
        dtperf.run(config, GOLDEN, resume=True, **how)
    with pytest.raises(ConfigError, match=r"another processor.*this is SegmentEfficiency@"):
        dtperf.run(config, GOLDEN, resume=True, out=tmp_path / "out")
    path.write_text(STATIONS)
    whole = dtperf.run(config, GOLDEN, resume=True, **how)
    assert whole.extra == dtperf.run(config, GOLDEN, processor=f"{path}:Stations").extra
    assert whole.extra["seen"] == 4000


def test_a_file_counts_wherever_it_lies_and_a_change_of_a_base_too(
    reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    def label(folder: str, text: str, name: str = "Stations") -> str:
        path = write_processor(tmp_path / folder, text)
        return portable(f"{path}:{name}", reference_config).label

    assert label("a", STATIONS) == label("b", STATIONS)
    package = tmp_path / "base_of_others"
    write_processor(package, "", "__init__.py")
    write_processor(package, STATIONS)
    assert label("a", STATIONS) != label("c", STATIONS + "# better now\n")


def test_results_of_different_processors_do_not_merge(
    reference_config: AnalysisConfig, tmp_path: Path, golden_result: dtperf.Result
) -> None:
    path = write_processor(tmp_path)
    own = dtperf.run(reference_config, GOLDEN, processor=f"{path}:Stations")
    with pytest.raises(InputError, match="come from different code"):
        own + golden_result


def test_the_packaged_one_is_told_by_its_source_as_any_other(
    reference_config: AnalysisConfig,
) -> None:
    ours = portable(None, reference_config)
    assert code_version() == code_version(ours.label)
    assert portable(packaged_class(), reference_config).label == ours.label
    source = Path(packaged_class().process.__code__.co_filename)
    assert source.name == "segment_efficiency.py"


CELL = """\
STEP = 3

def helper(values):
    return [STEP * value for value in values if value in {"a", "b"}]

class Mine:
    columns = {"event"}
    def process(self, events):
        return {"n": sum(map(len, helper(events)))}
"""


def in_a_notebook(text: str) -> Any:
    """Run cells, which have no source file."""
    module = ModuleType("__main__")
    exec(text, vars(module))
    return module.Mine  # type: ignore[attr-defined]


def test_a_class_of_a_notebook_is_told_by_all_that_it_uses() -> None:
    state = code_of(in_a_notebook(CELL))
    assert code_of(in_a_notebook(CELL)) == state
    assert code_of(in_a_notebook(f"# a comment\n\n{CELL}other = 5\n")) == state
    for old, new in (
        ("STEP = 3", "STEP = 4"),
        ("STEP * value", "STEP + value"),
        ('"a", "b"', '"a", "c"'),
        ("sum(", "max("),
        ('"event"', '"run"'),
    ):
        assert code_of(in_a_notebook(CELL.replace(old, new))) != state


def test_what_an_instance_holds_is_told_alike_in_every_process(
    reference_config: AnalysisConfig,
) -> None:
    import subprocess
    import sys

    text = (
        "import dtperf; from dtperf.execution.instance_state import described;"
        "c = dtperf.load_config('reference_2023');"
        "print(repr(described({'c': c, 's': {'a', 'b', 'c'}, 'm': c.filled_measurements()})))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", text],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(dtperf.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(told) == 1
    assert described({"x": 1.0}) != described({"x": 1})
    # what cannot be compared is taken for different
    assert described(object()) != described(object())
