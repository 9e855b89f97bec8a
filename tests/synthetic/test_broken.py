from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

import dtperf
from dtperf.errors import InputError
from dtperf.nanoaod import branch_table, column_types, inspect_file, open_tree
from dtperf.synthetic import Generated, read_truth
from dtperf.synthetic.broken import BREAKAGES, MISSING_BRANCH, MISTYPED_BRANCH
from dtperf.synthetic.settings import Fault
from tests.synthetic.samples import make

FAULTS: tuple[Fault, ...] = get_args(Fault)

REFUSED = {
    "truncated": "is truncated: its header promises",
    "header-only": "is truncated: its header promises .* there are 100",
    "empty": r"is empty \(0 bytes\)",
    "not-root": "is not a ROOT file: it begins with b'<!DO'",
    "wrong-tree": "holds no tree 'Events', but Runs",
    "no-events": "no events",
    "missing-branch": f"1 not there: {MISSING_BRANCH}",
    "wrong-type": f"{MISTYPED_BRANCH} should be a list of int16, but is a list of float32",
    "garbled-basket": "events 0 to 20 cannot be read",
}
OPENED = {"no-events", "missing-branch", "garbled-basket", "wrong-type", "bad-range"}


def break_files(directory: Path, kind: str, faults: tuple[Fault, ...]) -> Generated:
    counts = (f"files={len(faults) + 2}", f"events={20 * (len(faults) + 2)}")
    return make(directory, f"format={kind}", *counts, f"broken=[{','.join(faults)}]")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return break_files(tmp_path_factory.mktemp("rntuple"), "rntuple", FAULTS)


def broken_file(sample: Generated, fault: str) -> str:
    return next(str(sample.directory / file.name) for file in sample.files if file.broken == fault)


def refuse(sample: Generated, fault: str) -> None:
    path = broken_file(sample, fault)
    with pytest.raises(InputError, match=REFUSED[fault]) as error:
        dtperf.run(dtperf.load_config("reference_2023"), path)
    assert path in str(error.value)


def test_there_is_a_way_to_break_for_each_fault() -> None:
    assert set(BREAKAGES) == set(FAULTS)
    assert set(REFUSED) | {"bad-range"} == set(FAULTS)


def test_the_last_files_are_broken_one_each(sample: Generated) -> None:
    assert [file.broken for file in sample.files] == [None, None, *FAULTS]


def test_the_other_files_are_whole(sample: Generated) -> None:
    for file in sample.files[:2]:
        summary = inspect_file(str(sample.directory / file.name))
        assert (summary.entries, summary.missing, summary.unknown) == (20, (), ())


@pytest.mark.parametrize("fault", REFUSED)
def test_a_run_refuses_the_file_and_says_why(sample: Generated, fault: str) -> None:
    refuse(sample, fault)


def test_ttrees_break_as_well(tmp_path: Path) -> None:
    refuse(break_files(tmp_path, "ttree", ("garbled-basket",)), "garbled-basket")


@pytest.mark.parametrize("fault", FAULTS)
def test_only_what_can_be_opened_is_inspected(sample: Generated, fault: str) -> None:
    path = broken_file(sample, fault)
    if fault not in OPENED:
        with pytest.raises(InputError):
            inspect_file(path)
        return
    summary = inspect_file(path)
    assert summary.entries == (0 if fault == "no-events" else 20)
    assert summary.missing == ((MISSING_BRANCH,) if fault == "missing-branch" else ())


def test_a_number_has_the_wrong_type(sample: Generated) -> None:
    with open_tree(broken_file(sample, "wrong-type")) as tree:
        types = column_types(tree)
    wrong = {n: t for n, t in types.items() if t != branch_table("B")[n].dtype}
    assert wrong == {MISTYPED_BRANCH: "float32"}


def test_ranges_leave_their_event(sample: Generated) -> None:
    result = dtperf.run(dtperf.load_config("reference_2023"), broken_file(sample, "bad-range"))
    assert result.anomalies["muon_matches_range_outside_event"] > 0


def test_the_truth_leaves_out_what_is_broken(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    make(whole, "events=60", "files=3", "truth_events=true")
    make(broken, "events=60", "files=3", "truth_events=true", "broken=[empty]")
    crossings = [sorted(p.name for p in (d / "truth_crossings").iterdir()) for d in (whole, broken)]
    assert crossings[0] == [*crossings[1], "nano_0002.parquet"]
    truths = [read_truth(directory) for directory in (whole, broken)]
    written = [file["broken"] for file in truths[1][1]["settings"]["written"]]
    assert written == [None, None, "empty"]
    counts = [truth.probes.sum() for truth, _ in truths]
    assert 0 < counts[1] < counts[0]


def test_breaking_is_the_same_again(sample: Generated, tmp_path: Path) -> None:
    make(tmp_path, "files=3", "events=60", "broken=[not-root,empty]")
    for name, fault in (("nano_0001.root", "not-root"), ("nano_0002.root", "empty")):
        assert (tmp_path / name).read_bytes() == Path(broken_file(sample, fault)).read_bytes()
