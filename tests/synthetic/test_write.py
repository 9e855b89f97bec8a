from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from dtperf.nanoaod import branch_table, column_types, generation_of, inspect_file
from dtperf.nanoaod.branches import Generation
from dtperf.synthetic import load_settings
from dtperf.synthetic.rows import EventRows
from dtperf.synthetic.write import open_writer
from tests.synthetic.samples import read

CASES = [(g, f) for g in ("A", "B") for f in ("ttree", "rntuple")]

EVENTS = EventRows(
    {"muon": np.array([0, 2, 2, 3]), "dtSegment": np.array([0, 0, 1, 1])},
    {
        "run": np.array([1, 1, 2], dtype=np.uint32),
        "luminosityBlock": np.array([5, 6, 7], dtype=np.uint32),
        "event": np.array([2**40, 2, 3], dtype=np.uint64),
        "bunchCrossing": np.array([1, 2, 3], dtype=np.uint32),
        "lumi_instLumi": np.array([1.5, 2.5, 3.5]),
        "lumi_avgPileUp": np.array([50.0, 51.0, 52.0]),
    }
    | {
        name: (np.arange(3 if branch.collection == "muon" else 1) % 2).astype(branch.dtype)
        for name, branch in branch_table("B").items()
        if branch.collection in ("muon", "dtSegment") and not branch.is_counter
    },
)


def write(path: Path, generation: Generation, *overrides: str, times: int = 1) -> Path:
    settings = load_settings(None, overrides)
    with open_writer(path, branch_table(generation), settings, baskets=times) as extend:
        for _ in range(times):
            extend(EVENTS)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    directory = tmp_path_factory.mktemp("schema")
    return {
        (generation, kind): write(
            directory / f"nano_{generation}{kind}.root", generation, f"format={kind}", times=2
        )
        for generation, kind in CASES
    }


@pytest.mark.parametrize(("generation", "kind"), CASES)
def test_names_and_types_are_those_of_the_table(
    files: dict[tuple[str, str], Path], generation: Generation, kind: str
) -> None:
    expected = {name: branch.dtype for name, branch in branch_table(generation).items()}
    assert len(expected) == {"A": 382, "B": 410}[generation]
    with uproot.open({str(files[generation, kind]): "Events"}) as tree:
        assert column_types(tree) == expected
        assert generation_of(tree) == generation
        assert tree.num_entries == 6


@pytest.mark.parametrize("generation", ["A", "B"])
def test_branches_of_a_collection_share_its_counter(
    files: dict[tuple[str, str], Path], generation: Generation
) -> None:
    with uproot.open({str(files[generation, "ttree"]): "Events"}) as tree:
        counters = {b.name: getattr(b.count_branch, "name", "") for b in tree.branches}
        assert len({b.name for b in tree.branches}) == len(tree.branches)
    assert counters == {name: b.counter for name, b in branch_table(generation).items()}


@pytest.mark.parametrize(("generation", "kind"), CASES)
def test_values_are_those_written(
    files: dict[tuple[str, str], Path], tmp_path: Path, generation: Generation, kind: str
) -> None:
    (tmp_path / "nano_0.root").hardlink_to(files[generation, kind])
    content = read(tmp_path)
    assert content["event"].to_list() == 2 * [2**40, 2, 3]
    assert content["nmuon"].to_list() == 2 * [2, 0, 1]
    assert content["muon_pt"].to_list() == 2 * [[0, 1], [], [0]]
    assert content["muon_trkMu_stationMask"].to_list() == 2 * [[0, 1], [], [0]]
    assert content["dtSegment_station"].to_list() == 2 * [[], [0], []]
    assert content["ndtDigi"].to_list() == 6 * [0]
    assert ak.num(content["cscTnP_zMass"], axis=1).to_list() == 6 * [0]


@pytest.mark.parametrize(("compression", "kind"), [("zstd", "ttree"), ("lzma", "rntuple")])
def test_compression_and_baskets_are_as_asked(tmp_path: Path, compression: str, kind: str) -> None:
    overrides = (f"format={kind}", f"compression={compression}", "compression_level=2")
    summary = inspect_file(str(write(tmp_path / "x.root", "B", *overrides, times=3)))
    assert summary.compression == (compression.upper(), 2)
    assert (summary.clusters, summary.entries, summary.missing) == (3, 9, ())


def test_a_file_gets_its_name_when_it_is_complete(tmp_path: Path) -> None:
    path, seen = tmp_path / "nano.root", []
    settings = load_settings(None, ["format=rntuple"])

    def look(unfinished: Path) -> None:
        seen.append((path.exists(), unfinished.parent, unfinished.stat().st_size > 0))

    with open_writer(path, branch_table("B"), settings, baskets=1, finish=look) as extend:
        extend(EVENTS)
    assert seen == [(False, tmp_path, True)]
    assert [each.name for each in tmp_path.iterdir()] == ["nano.root"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    settings = load_settings(None, ["format=rntuple"])

    def fail() -> None:
        with open_writer(tmp_path / "x.root", branch_table("B"), settings, baskets=1) as extend:
            extend(EVENTS)
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("generation", ["A", "B"])
def test_root_sees_the_branches_of_the_table(
    files: dict[tuple[str, str], Path], generation: Generation
) -> None:
    ROOT = pytest.importorskip("ROOT")
    types = {"int8": "Char_t", "int16": "Short_t", "int32": "Int_t", "uint8": "UChar_t"}
    types |= {"uint16": "UShort_t", "uint32": "UInt_t", "uint64": "ULong64_t", "bool": "Bool_t"}
    types |= {"float32": "Float_t", "float64": "Double_t"}
    file = ROOT.TFile.Open(str(files[generation, "ttree"]))
    branches = file.Get("Events").GetListOfBranches()
    leaves = [branch.GetListOfLeaves().At(0) for branch in branches]
    found = {
        leaf.GetName(): (
            leaf.GetTypeName(),
            leaf.GetLeafCount().GetName() if leaf.GetLeafCount() else "",
        )
        for leaf in leaves
    }
    expected = {n: (types[b.dtype], b.counter) for n, b in branch_table(generation).items()}
    assert found == expected
    for kind in ("ttree", "rntuple"):
        frame = ROOT.RDataFrame("Events", str(files[generation, kind]))
        assert {str(name) for name in frame.GetColumnNames()} >= expected.keys()
        assert frame.Sum("muon_pt").GetValue() == 2.0
        assert frame.Filter("nmuon == 2").Count().GetValue() == 2
    file.Close()
