"""Mistakes of a processor's author: told at once, and never blamed on a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boost_histogram as bh
import hist
import numpy as np
import pytest

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError, DtperfError, InputError
from dtperf.execution.outputs import added, checked
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import with_run
from tests.processors.written import write_processor

BEGIN = """\
import sys
import threading
import dtperf

class Mine:
    columns = {"event"}
    def __init__(self, config):
        pass
    def process(self, events):
        return {"n": len(events)}
"""
NOT_FOUND = {
    "no_file": ("other.py:Mine", r"other\.py: no such file"),
    "no_class": ("mine.py:Min", r"has no class 'Min'; did you mean 'Mine'"),
    "no_colon": ("mine.py", "neither FILE.py:CLASS nor MODULE:CLASS"),
    "no_module": ("no_such_module:Mine", "no_such_module: cannot be imported: ModuleNotFound"),
    "no_type": ("mine.py:sys", "is no class, but module"),
    "syntax": ("syntax.py:Mine", r"syntax\.py:2: "),
    "raises": ("raises.py:Mine", r"raises\.py:3: cannot be imported: ZeroDivisionError"),
    "sibling": ("sibling.py:Mine", r"sibling\.py:1: .*a file stands alone"),
    "no_process": ("lacking.py:NoProcess", r"lacks a method process\(events\)"),
    "no_columns": ("lacking.py:NoColumns", "lacks an attribute or property 'columns'"),
    "one_column": ("lacking.py:OneColumn", r"OneColumn.columns: 'event' is no set of names"),
    "no_config": ("lacking.py:NoConfig", r"cannot be made as NoConfig\(config\)"),
    "fails": ("lacking.py:Fails", r"made as Fails\(config\), at .*lacking\.py:26: KeyError"),
    "not_sent": ("lacking.py:Locked", "Locked cannot be sent to workers: cannot pickle"),
}
LACKING = (
    BEGIN
    + """\

class NoProcess:
    columns = {"event"}
class NoColumns:
    def __init__(self, config):
        pass
    def process(self, events):
        return {}
class OneColumn(Mine):
    columns = "event"
class NoConfig(Mine):
    def __init__(self):
        pass
class Fails(Mine):
    def __init__(self, config):
        {}["x"]
class Locked(Mine):
    def __init__(self, config):
        self.lock = threading.Lock()
"""
)


@pytest.mark.parametrize("case", NOT_FOUND)
def test_what_is_no_processor_is_refused_before_any_file_is_opened(
    case: str, reference_config: AnalysisConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_processor(tmp_path, BEGIN)
    write_processor(tmp_path, LACKING, "lacking.py")
    write_processor(tmp_path, "x = 1\nclass Mine(:\n", "syntax.py")
    write_processor(tmp_path, "import sys\n\nx = 1 / 0\n", "raises.py")
    write_processor(tmp_path, "import mine_too\n", "sibling.py")
    monkeypatch.chdir(tmp_path)
    name, told = NOT_FOUND[case]
    with pytest.raises(ConfigError, match=told):
        dtperf.run(reference_config, "no-such-file.root", processor=name)


FAILING = (
    BEGIN
    + """\

def helper(events):
    return len(events) / 0

class Divides(Mine):
    def process(self, events):
        return helper(events)
class Exits(Mine):
    def process(self, events):
        sys.exit("enough")
class Blames(Mine):
    def process(self, events):
        raise dtperf.InputError("this file is bad", "corrupt")
class Undeclared(Mine):
    def process(self, events):
        return {"n": events.muon.pt}
class Selects(Mine):
    def __init__(self, config):
        self.config = config
    def process(self, events):
        return {"n": len(dtperf.tag_and_probe(events, self.config).pairs)}
class NoCorrections(Mine):
    def process(self, events):
        open("/no/such/corrections.json")
"""
)
FAILS = {
    "Divides": (r"mine\.py:13: ZeroDivisionError\(.*fault of the processor, and not of the file"),
    "Exits": r"mine\.py:20: SystemExit\('enough'\)",
    "Blames": r"mine\.py:23: InputError\('this file is bad'\)",
    "Undeclared": r"mine\.py:26: .*are all branches that it reads among its 'columns'\?",
    "Selects": r"mine\.py:31: .*are all branches that it reads among its 'columns'\?",
    "NoCorrections": r"mine\.py:34: No such file or directory|mine\.py:34: .*corrections\.json",
}


@pytest.mark.parametrize("name", FAILS)
def test_an_error_in_it_is_never_skipped_and_names_file_and_line(
    name: str, reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    path = write_processor(tmp_path, FAILING)
    config = with_run(reference_config, on_error="skip", retries=0)
    with pytest.raises(DtperfError, match=FAILS[name]) as ended:
        dtperf.run(config, GOLDEN, processor=f"{path}:{name}")
    assert not isinstance(ended.value, InputError)
    assert str(ended.value).startswith(f"{GOLDEN}: events 0 to 4000: the processor {name} failed")
    assert "please report" not in str(ended.value)


def test_its_last_calls_are_shown_where_its_file_is_not(
    reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    path = write_processor(tmp_path, FAILING)
    config = with_run(reference_config, executor="futures", workers=1)
    with pytest.raises(DtperfError) as ended:
        dtperf.run(
            config,
            GOLDEN,
            processor=f"{path}:Divides",
            on_progress=lambda _: path.unlink(missing_ok=True),
        )
    shown = str(ended.value).splitlines()[1:]
    assert f'  File "{path}", line 17, in process' in shown
    assert "    return helper(events)" in shown
    assert f'  File "{path}", line 13, in helper' in shown
    assert "    return len(events) / 0" in shown


def test_an_error_of_dtperf_itself_is_still_to_be_reported(
    reference_config: AnalysisConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("dtperf.selection.tagging.flatten", fails)
    with pytest.raises(DtperfError, match=r"events 0 to 4000: .*oops.*please report"):
        dtperf.run(reference_config, GOLDEN)


def axis(name: str = "x") -> Any:
    return hist.axis.Regular(3, 0, 1, name=name)


REFUSED: dict[str, tuple[Any, str]] = {
    "a list": ([], r"returned its output: a list; allowed are histograms, numbers"),
    "text": ({"x": "much"}, "returned x: a str; allowed are"),
    "an array": ({"x": np.zeros(3)}, "returned x: a ndarray"),
    "a truth": ({"x": True}, "returned x: a bool"),
    "not a number": ({"x": float("nan")}, "returned x: nan, which does not add up"),
    "a list inside": ({"a": {"b": [1]}}, "returned a/b: a list"),
    "no text as name": ({"a": {1: 2}}, "the name 1, in a"),
    "a path as name": ({"a/b": 2}, "the name 'a/b'"),
    "a mean": (
        {"h": hist.Hist(axis(), storage=hist.storage.Mean())},
        "h: a histogram of storage Mean; allowed: Int64, Double, Weight",
    ),
    "axes without names": ({"h": bh.Histogram(bh.axis.Regular(3, 0, 1))}, "no names of their own"),
    "a transformed axis": (
        {"h": hist.Hist(hist.axis.Regular(3, 1, 9, name="x", transform=hist.axis.transform.log))},
        "the axis 'x' is of a kind that cannot be kept",
    ),
    "an axis that grows": (
        {"h": hist.Hist(hist.axis.Regular(3, 0, 1, name="x", growth=True))},
        "categories alone may grow",
    ),
    "too many bins": (
        {"h": hist.Hist(hist.axis.Regular(1 << 20, 0, 1, name="x"))},
        "1,048,578 bins in all; at most",
    ),
    "a measurement of none": (
        {"histograms": {"mine": hist.Hist(axis())}},
        "return 'mine' beside it, under a name of its own",
    ),
    "a measurement of others": (
        {"histograms": {"known": hist.Hist(axis("y"), storage=hist.storage.Int64())}},
        "histograms.known: not the integers on the axes",
    ),
    "other totals": ({"totals": {"segments": 3}}, "return others beside it"),
    "fewer events": ({"totals": {"events": 3}}, "totals.events: 3 for a chunk of 4 events"),
    "a negative count": ({"anomalies": {"x": -1}}, "anomalies.x: -1, which is no count"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_kept_is_refused_with_its_name(case: str) -> None:
    output, told = REFUSED[case]
    with pytest.raises(DtperfError, match=told) as refused:
        checked("Mine", output, 4, {"known": (axis(),)})
    assert str(refused.value).startswith("the processor Mine returned ")
    assert refused.value.cause == "failed"


def test_a_bin_that_is_not_finite_is_refused() -> None:
    histogram = hist.Hist(axis(), storage=hist.storage.Weight())
    histogram.fill([0.5], weight=[float("inf")])
    with pytest.raises(DtperfError, match="h: a histogram with bins that are not finite"):
        checked("Mine", {"h": histogram}, 4, {})


def test_chunks_that_do_not_add_up_are_the_processors_fault() -> None:
    first, second = (checked("Mine", {"h": hist.Hist(axis(n))}, 1, {}) for n in "xy")
    with pytest.raises(DtperfError, match="has each histogram the same axes"):
        added([second], added([first]))
    number = checked("Mine", {"h": 3}, 1, {})
    with pytest.raises(DtperfError, match="each name the same kind of content"):
        added([first, number])


def test_an_output_is_refused_at_the_first_chunk(
    reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    text = BEGIN.replace('{"n": len(events)}', '{"n": [len(events)]}')
    path = write_processor(tmp_path, text)
    config = with_run(reference_config, on_error="skip", chunksize=1000)
    with pytest.raises(DtperfError, match="the processor Mine returned n: a list") as ended:
        dtperf.run(config, GOLDEN, processor=f"{path}:Mine", out=tmp_path / "out")
    assert not isinstance(ended.value, InputError)
    assert not (tmp_path / "out").exists()
