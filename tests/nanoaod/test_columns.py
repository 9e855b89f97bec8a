from __future__ import annotations

import warnings

import pytest
import uproot

from dtperf.nanoaod.branches import branch_table
from dtperf.nanoaod.columns import ColumnFilter, Numbers, column_types, numbers_in
from tests.nanoaod.files import GOLDEN, read_arrays, write_like


@pytest.mark.parametrize("format", GOLDEN)
def test_columns_have_plain_names_and_known_types(format: str) -> None:
    with uproot.open({str(GOLDEN[format]): "Events"}) as tree:
        types = column_types(tree)
    table = branch_table("B")
    assert len(types) == 63
    lists = {name: dtype for name, dtype in types.items() if not table[name].is_counter}
    assert lists == {name: table[name].dtype for name in lists}


def test_both_golden_formats_have_the_same_columns() -> None:
    names = []
    for path in GOLDEN.values():
        with uproot.open({str(path): "Events"}) as tree:
            names.append(set(column_types(tree)))
    assert names[0] == names[1]


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_int8_is_read_back_as_int8(tmp_path, format) -> None:
    path = write_like(read_arrays(GOLDEN["ttree"], 50), tmp_path / "a.root", "A", format)
    stations = read_arrays(path)["muon_matches_station"]
    assert str(stations.type) == "50 * var * int8"


@pytest.mark.parametrize("format", GOLDEN)
def test_filter_selects_each_column_once(format: str) -> None:
    wanted = ColumnFilter.of(["muon_pt", "run"])
    with uproot.open({str(GOLDEN[format]): "Events"}) as tree, warnings.catch_warnings():
        # uproot calls filter_branch deprecated for an RNTuple; coffea's preload uses it.
        warnings.simplefilter("ignore", DeprecationWarning)
        arrays = tree.arrays(filter_branch=wanted, how=dict, entry_stop=3)
    assert set(arrays) == {"muon_pt", "run"}


@pytest.mark.parametrize(
    ("typename", "numbers"),
    [
        ("float", Numbers("float32", is_list=False)),
        ("std::uint16_t", Numbers("uint16", is_list=False)),
        ("ROOT::RNTupleCardinality<std::uint32_t>", Numbers("uint32", is_list=False)),
        ("double[]", Numbers("float64", is_list=True)),
        ("std::vector<int8_t>", Numbers("int8", is_list=True)),
        ("std::vector<std::int64_t>", Numbers("int64", is_list=True)),
        ("RVec<float>", Numbers("float32", is_list=True)),
        ("vector<uint8_t>", Numbers("uint8", is_list=True)),
        ("VecOps::RVec<int32_t>", Numbers("int32", is_list=True)),
        ("RVec<RVec<float>>", None),
        ("ROOT::VecOps::RVec<bool>", Numbers("bool", is_list=True)),
        ("char", Numbers("int8", is_list=False)),
        ("std::vector<std::vector<float>>", None),
        ("std::map<int32_t, float>", None),
        ("float[][2]", None),
        ("char*", None),
        ("TString", None),
    ],
)
def test_types_of_cpp_are_taken_apart(typename: str, numbers: Numbers | None) -> None:
    assert numbers_in(typename) == numbers
