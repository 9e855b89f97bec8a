"""A column has the name of the TTree's branch, whatever the layout of an RNTuple."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st

from dtperf.errors import InputError
from dtperf.nanoaod import (
    ColumnFilter,
    column_types,
    generation_of,
    inspect_file,
    open_tree,
    require_columns,
)
from dtperf.nanoaod.rntuple import NTupleReader
from tests.helpers.golden import GOLDEN, GOLDEN_CMSSW
from tests.nanoaod.files import CODECS, read_arrays
from tests.nanoaod.layouts import LAYOUTS, WRITTEN, arrays_with_lumi, grouped, layout, write
from tests.nanoaod.modes import MODES, compute, load

LUMI = {"lumi_instLumi", "lumi_avgPileUp"}
COUNTERS = {"nmuon", "nmuon_matches", "ndtSegment"}
EVENTS = 4000


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """All columns with their counters, and the luminosity."""
    arrays = arrays_with_lumi()
    first = {"nmuon": "muon_pt", "nmuon_matches": "muon_matches_x", "ndtSegment": "dtSegment_wheel"}
    return arrays | {name: ak.num(arrays[column], axis=1) for name, column in first.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    arrays, folder = arrays_with_lumi(), tmp_path_factory.mktemp("layouts")
    return {name: layout(name, folder, arrays) for name in LAYOUTS}


@contextmanager
def reader(path: Path) -> Iterator[NTupleReader]:
    with open_tree(str(path)) as tree:
        yield NTupleReader(tree, ColumnFilter.of(column_types(tree)))


def differing(found: dict[str, Any], expected: dict[str, Any], start: int, stop: int) -> list[str]:
    def same(name: str, array: Any) -> bool:
        equal: bool = ak.array_equal(array, expected[name][start:stop], dtype_exact=False)
        return equal

    return [name for name, array in found.items() if not same(name, array)]


@pytest.mark.parametrize("name", LAYOUTS)
def test_names_and_types_are_those_of_the_ttree(files: dict[str, Path], name: str) -> None:
    with open_tree(str(GOLDEN)) as tree, open_tree(str(files[name])) as ntuple:
        theirs, mine = column_types(tree), column_types(ntuple)
        assert mine.keys() == theirs.keys() | (LUMI if name in WRITTEN else set())
        assert {n: mine[n] for n in theirs.keys() - COUNTERS} == {
            n: dtype for n, dtype in theirs.items() if n not in COUNTERS
        }
        assert generation_of(ntuple) == "B"


@given(
    name=st.sampled_from(LAYOUTS),
    edges=st.tuples(st.integers(0, EVENTS), st.integers(0, EVENTS)).map(sorted),
    threads=st.integers(1, 2),
)
def test_any_events_are_those_of_the_ttree(
    files: dict[str, Path], expected: dict[str, Any], name: str, edges: list[int], threads: int
) -> None:
    with reader(files[name]) as opened:
        found = opened.read(*edges, threads)
        assert found.keys() >= expected.keys() - LUMI
        assert differing(found, expected, *edges) == []


def test_events_that_were_asked_for_ahead(files: dict[str, Path], expected: dict[str, Any]) -> None:
    with reader(files["lumi as record"]) as opened:
        for asked, read in (((0, 1500), (0, 1500)), ((100, 200), (100, 200)), ((0, 9), (7, 3900))):
            opened.prefetch(*asked)
            assert differing(opened.read(*read), expected, *read) == []


@pytest.mark.parametrize("name", LAYOUTS)
def test_uproot_reads_each_column_once(
    files: dict[str, Path], expected: dict[str, Any], name: str
) -> None:
    wanted = {"muon_pt", "nmuon", "run", "lumi_instLumi"} & expected.keys()
    with open_tree(str(files[name])) as tree:
        found = tree.arrays(
            filter_branch=ColumnFilter.of(wanted), how=dict, entry_start=1400, entry_stop=1700
        )
    assert found.keys() == wanted - (set() if name in WRITTEN else LUMI)
    assert differing(found, expected, 1400, 1700) == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["cmssw", "cmssw, projected", *WRITTEN])
def test_coffea_has_the_events_of_the_ttree(
    files: dict[str, Path], expected: dict[str, Any], name: str, mode: str
) -> None:
    events, like = load(files[name], mode), load(GOLDEN, mode)
    assert set(events.fields) - LUMI == set(like.fields)
    for collection in ("muon", "muon_matches", "dtSegment"):
        assert set(events[collection].fields) == set(like[collection].fields)
    assert ak.all(compute(events.muon.pt) == expected["muon_pt"], axis=None)
    assert ak.all(compute(events.nmuon) == expected["nmuon"], axis=None)
    x = compute(events.muon.matches.x)
    assert ak.all(x == compute(like.muon.matches.x), axis=None)
    if name in WRITTEN:
        lumi = compute(events.lumi_instLumi)
        np.testing.assert_array_equal(ak.to_numpy(lumi), ak.to_numpy(expected["lumi_instLumi"]))


def test_the_schema_alone_is_enough() -> None:
    program = f"""
from coffea.nanoevents import NanoEventsFactory
from dtperf.nanoaod import MuonDPGSchema
file = {{{str(GOLDEN_CMSSW)!r}: "Events"}}
print(len(NanoEventsFactory.from_root(file, schemaclass=MuonDPGSchema).events().muon.pt[0]))
"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert done.stdout.split() == [str(len(read_arrays(GOLDEN, 1)["muon_pt"][0]))], done.stderr


@pytest.mark.parametrize("name", LAYOUTS)
def test_inspect_tells_the_same(files: dict[str, Path], name: str) -> None:
    found, like = inspect_file(str(files[name])), inspect_file(str(GOLDEN))
    lumi = LUMI if name in WRITTEN else set()
    assert set(found.columns) == set(like.columns) | lumi
    assert set(found.missing) == set(like.missing) - lumi
    assert (found.generation, found.content) == (like.generation, like.content)
    assert (found.entries, found.runs) == (like.entries, like.runs)
    assert (found.unknown, found.kind) == ((), "RNTuple")
    assert found.collections.keys() == like.collections.keys()
    assert next(iter(found.collections)) == "dtSegment"
    assert 0.8 * found.size_bytes < sum(found.collections.values()) < found.size_bytes


@pytest.mark.parametrize("lumi", ["collection", "record"])
def test_what_is_missing_or_wrong_is_told_by_its_name(tmp_path: Path, lumi: str) -> None:
    arrays = arrays_with_lumi(20)
    del arrays["muon_pt"]
    arrays["muon_eta"] = ak.values_astype(arrays["muon_eta"], np.int32)
    arrays["lumi_instLumi"] = ak.values_astype(arrays["lumi_instLumi"], np.int64)
    path = write(tmp_path / "x.root", grouped(arrays, lumi=lumi))
    with open_tree(str(path)) as tree:
        with pytest.raises(InputError, match="Of 2 branches needed, 1 not there: muon_pt") as error:
            require_columns(tree, str(path), ["muon_pt", "nmuon"])
        assert error.value.cause == "missing-branch"
        with pytest.raises(InputError, match="2 of the branches cannot be used") as error:
            require_columns(tree, str(path), ["muon_eta"], ["lumi_instLumi"])
    assert "muon_eta should be a list of float32, but is a list of int32" in str(error.value)
    assert "lumi_instLumi should be one float64 an event, but is one int64" in str(error.value)


def test_lists_of_a_flat_layout_must_be_equally_long(tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN, 30)
    arrays["muon_eta"] = arrays["muon_eta"][::-1]
    with (
        reader(write(tmp_path / "x.root", arrays)) as opened,
        pytest.raises(InputError, match=r"the lists of muon_\w+ and muon_\w+ differ in length"),
    ):
        opened.read(0, 30)


def test_a_table_of_one_row_an_event_must_have_one(tmp_path: Path) -> None:
    arrays = grouped(arrays_with_lumi(4), lumi="record")
    for counts, told in (([1, 0, 2, 1], "not one number an event"), ([1, 1, 1, 2], "do not hold")):
        lumi = ak.unflatten(ak.Array([{"instLumi": float(n)} for n in range(sum(counts))]), counts)
        path = write(tmp_path / f"{sum(counts)}.root", arrays | {"lumi": lumi})
        with pytest.raises(InputError, match=told), reader(path) as opened:
            opened.read(0, 4)


def test_a_projection_of_a_table_of_one_row_is_no_list(tmp_path: Path) -> None:
    # as cms-sw/cmssw#51832 has it: a vector of length one, onto lumi._0.instLumi
    path = write(tmp_path / "x.root", grouped(arrays_with_lumi(9), lumi="collection"))
    with uproot.open(path) as file:
        stored = file["Events"].header.field_records
        table = next(n for n, record in enumerate(stored) if record.field_name == "lumi")
        item = next(n for n, record in enumerate(stored) if record.field_name == "instLumi")
        roles = uproot.const.RNTupleFieldRole
        for name, kind, role, source in (
            ("lumi_instLumi", "std::vector<double>", roles.COLLECTION, table),
            ("_0", "double", roles.LEAF, item),
        ):
            fields = vars(stored[item])["_fields"]
            record = uproot.models.RNTuple.MetaData("FieldRecordFrame", **fields)
            record.field_name, record.type_name = name, kind
            record.struct_role, record.source_field_id = role, source
            record.parent_field_id = len(stored) - (name == "_0")
            stored.append(record)
        ntuple = file["Events"]
        assert column_types(ntuple)["lumi_instLumi"] == "float64"
        found = NTupleReader(ntuple, ColumnFilter.of(["lumi_instLumi"])).read(2, 7)
    assert ak.array_equal(found["lumi_instLumi"], arrays_with_lumi(9)["lumi_instLumi"][2:7])


@pytest.mark.parametrize("codec", CODECS)
def test_any_compression_and_any_type(codec: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 4, 900)
    kinds = ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")
    columns = {n: rng.integers(0, 100, lengths.sum()).astype(n) for n in kinds}
    muon = ak.zip({f"c{n}": ak.unflatten(a, lengths) for n, a in enumerate(columns.values())})
    content = {"muon": muon, "run": np.arange(900, dtype="u4")}
    with uproot.recreate(tmp_path / "x.root", compression=CODECS[codec]) as file:
        ntuple = file.mkrntuple(
            "Events", {n: ak.type(ak.Array(a)).content for n, a in content.items()}
        )
        for part in (slice(0, 400), slice(400, 401), slice(401, 900)):
            ntuple.extend({n: a[part] for n, a in content.items()})
    with reader(tmp_path / "x.root") as opened:
        for start, stop in ((0, 900), (17, 18), (399, 402), (500, 500), (400, 401), (0, 401)):
            for threads in (1, 3):
                found = opened.read(start, stop, threads)
                assert found["run"].to_list() == [*range(start, stop)]
                for number, kind in enumerate(kinds):
                    mine = found[f"muon_c{number}"]
                    assert ak.array_equal(mine, muon[f"c{number}"][start:stop]), kind


def test_what_is_stored_in_another_way_uproot_reads(tmp_path: Path) -> None:
    odd = ak.Array([[[1.0], []], [], [[2.0, 3.0]]])
    muons = {"muon": ak.zip({"pt": ak.Array([[1.0], [2.0, 3.0], []])}), "odd_x": odd}
    with reader(write(tmp_path / "x.root", muons, cluster=2)) as opened:
        found = opened.read(1, 3)
    assert found["odd_x"].to_list() == odd[1:].to_list()
    assert found["muon_pt"].to_list() == [[2.0, 3.0], []]
    assert found["nmuon"].to_list() == [2, 0]


def test_no_events(tmp_path: Path) -> None:
    empty = {name: array[:0] for name, array in grouped(arrays_with_lumi(2), lumi="record").items()}
    path = tmp_path / "x.root"
    with uproot.recreate(path) as file:
        file.mkrntuple("Events", {name: ak.type(array).content for name, array in empty.items()})
    with reader(path) as opened:
        assert {len(array) for array in opened.read(0, 0).values()} == {0}


def test_luminosity_blocks_beside_the_events_do_not_disturb(tmp_path: Path) -> None:
    path = tmp_path / "x.root"
    arrays = grouped(read_arrays(GOLDEN, 50), lumi="record")
    with uproot.recreate(path) as file:
        file["LuminosityBlocks"] = {"run": np.arange(3), "luminosityBlock": np.arange(3)}
        file["Events"] = arrays
    found = inspect_file(str(path))
    assert (found.entries, found.generation) == (50, "B")
    with pytest.raises(InputError, match="no tree 'Other', but LuminosityBlocks, Events"):
        inspect_file(str(path), "Other")


def test_a_column_that_nobody_knows_is_one_too(tmp_path: Path) -> None:
    new = {"newTable": ak.zip({"a": [[1.0, 2.0], []], "b": [[1, 2], []]})}
    muons = {"muon": ak.zip({"pt": ak.Array([[1.0], [2.0, 3.0]])})}
    with open_tree(str(write(tmp_path / "x.root", muons | new))) as tree:
        names = {"muon_pt", "nmuon", "newTable_a", "newTable_b", "nnewTable"}
        assert column_types(tree).keys() == names
        found = NTupleReader(tree, ColumnFilter.of(names)).read(0, 2)
    assert found["nnewTable"].to_list() == [2, 0]
    assert found["newTable_b"].to_list() == [[1, 2], []]


def test_ntuples_of_others_stay_as_uproot_has_them(tmp_path: Path) -> None:
    jets = {"jet": ak.zip({"pt": ak.Array([[1.0], [2.0, 3.0]])}), "run": np.arange(2)}
    with uproot.open(write(tmp_path / "x.root", jets)) as file:
        assert {*file["Events"].keys(recursive=False)} == {"jet", "run"}


def test_the_golden_file_of_cmssw_is_what_it_is_said_to_be() -> None:
    with uproot.open(GOLDEN_CMSSW) as file:
        stored = file["Events"].header.field_records
    top = {each.field_name for number, each in enumerate(stored) if each.parent_field_id == number}
    assert top == {
        *("run", "luminosityBlock", "event", "bunchCrossing"),
        *("muon", "muon_matches", "dtSegment"),
    }
