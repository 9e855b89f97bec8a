"""Generated files beside the table of conventions, branch by branch."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from dtperf.nanoaod import branch_table, convention_table
from dtperf.nanoaod.branches import Generation
from tests.synthetic.samples import make, read

Written = tuple[Generation, Path, dict[str, ak.Array]]

CASES: list[tuple[Generation, str, int]] = [
    ("A", "ttree", 1),
    ("B", "ttree", 2),
    ("B", "rntuple", 3),
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(map(str, case)))
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    generation, kind, seed = request.param
    directory = tmp_path_factory.mktemp("full")
    options = (f"generation={generation}", f"format={kind}", f"seed={seed}")
    files = make(directory, "content=full", "events=400", "cluster_events=400", *options).files
    return generation, directory / files[0].name, read(directory)


def violations(generation: Generation, columns: dict[str, ak.Array]) -> list[str]:
    """Name what breaks the table: types, limits, sentinels, values that are no numbers."""
    found = []
    table = branch_table(generation)
    for name, rule in convention_table().items():
        if name not in table:
            continue
        values = ak.to_numpy(ak.flatten(columns[name]))
        if values.dtype != table[name].dtype:
            found.append(f"{name} is {values.dtype}")
        if not len(values):
            found.append(f"{name} is empty")
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            found.append(f"{name} is not finite")
        there = values if rule.sentinel is None else values[values != rule.sentinel]
        if rule.least is not None and (there < np.float32(rule.least)).any():
            found.append(f"{name} has {there.min()}, less than {rule.least}")
        if rule.most is not None and (there > np.float32(rule.most)).any():
            found.append(f"{name} has {there.max()}, more than {rule.most}")
    return found


def test_every_branch_is_as_the_table_says(written: Written) -> None:
    generation, _, columns = written
    assert violations(generation, columns) == []


def test_root_reads_the_same_lengths_and_limits(written: Written) -> None:
    ROOT = pytest.importorskip("ROOT")
    _, path, columns = written
    frame = ROOT.RDataFrame("Events", str(path))
    results = []
    for name in convention_table():
        if name in columns:
            # as numbers: RDataFrame would take int8 for letters
            values = frame.Define("values", f"ROOT::RVecD({name}.begin(), {name}.end())")
            most = values.Define("most", "values.empty() ? -1e9 : Max(values)").Max("most")
            results.append((name, most, values.Define("length", "values.size()").Sum("length")))
    for name, most, length in results:
        values = ak.flatten(columns[name])
        assert length.GetValue() == len(values), name
        assert most.GetValue() == float(ak.max(values)), name


def test_every_sentinel_and_every_small_number_occurs(written: Written) -> None:
    """A limit that nothing reaches would say nothing."""
    generation, _, columns = written
    # endcaps, hits of more chambers than are made, and what needs a correction that is not made
    rare = ("rpc", "dtToRpc", "cscToRpc")
    for name, rule in convention_table().items():
        if name not in branch_table(generation):
            continue
        values = ak.to_numpy(ak.flatten(columns[name]))
        if rule.sentinel is not None:
            assert (values == rule.sentinel).any(), name
        few = rule.most is not None and rule.least is not None and rule.most - rule.least < 14
        if few and values.dtype.kind in "ib" and not name.startswith(rare) and "_bx" not in name:
            least_hits = {"dtSegment_seg2D_phi_nHits", "dtSegment_seg2D_z_nHits"}
            expected = set(range(int(rule.least), int(rule.most) + 1))
            if name in least_hits:
                expected -= {1, 2}
            assert set(values.astype(int)) == expected, name


def test_the_check_finds_what_is_wrong(written: Written) -> None:
    generation, _, columns = written
    wrong = dict(columns)
    wrong["dtSegment_hits_side"] = columns["dtSegment_hits_side"] * 0
    wrong["ltBmtfIn_sector"] = columns["ltTwinMuxOut_sector"]
    wrong["dtSegment_hits_posErr"] = columns["dtSegment_hits_posErr"] * np.float32(1000)
    wrong["ltTwinMuxIn_dirLoc_phi"] = np.float32(57.3) * columns["ltTwinMuxIn_dirLoc_phi"]
    wrong["dtSegment_seg2D_z_normChi2"] = columns["dtSegment_seg2D_z_t0"]
    named = {text.split()[0] for text in violations(generation, wrong)}
    assert named == set(wrong) & {
        "dtSegment_hits_side",
        "ltBmtfIn_sector",
        "dtSegment_hits_posErr",
        "ltTwinMuxIn_dirLoc_phi",
        "dtSegment_seg2D_z_normChi2",
    }
