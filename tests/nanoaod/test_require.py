from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from dtperf.errors import InputError
from dtperf.nanoaod.branches import branch_table
from dtperf.nanoaod.open import open_tree
from dtperf.nanoaod.require import require_columns
from tests.nanoaod.files import GOLDEN, read_arrays, write_like, write_tree

EDGES = ["muon_matches_edgeX", "muon_matches_edgeY"]


def refusal(path: Path, columns: list[str], optional: list[str] | None = None) -> str:
    with open_tree(str(path)) as tree, pytest.raises(InputError) as caught:
        require_columns(tree, str(path), columns, optional or [])
    message = str(caught.value)
    assert str(path) in message
    cause = "missing-branch" if " not there: " in message else "wrong-type"
    assert caught.value.cause == cause
    return message


@pytest.mark.parametrize("format", GOLDEN)
def test_columns_that_are_there(format: str) -> None:
    with open_tree(str(GOLDEN[format])) as tree:
        require_columns(tree, "f.root", ["muon_pt", "nmuon", "dtSegment_seg4D_hasPhi", "run"])


@pytest.mark.parametrize("name", ["_collection1", "_collection1.muon_pt"])
def test_internals_of_an_rntuple_are_no_columns(name: str) -> None:
    assert name in refusal(GOLDEN["rntuple"], [name])


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_generation_a_has_no_edge_distances(tmp_path: Path, format) -> None:
    path = tmp_path / "a.root"
    write_like(read_arrays(GOLDEN["ttree"], 20), path, "A", format)
    message = refusal(path, ["muon_pt", *EDGES])
    assert "is a muon DPG NANO of generation A" in message
    assert "Of 3 branches needed, 2 not there: muon_matches_edgeX, muon_matches_edgeY." in message
    assert "Generation A never has them: use files of generation B" in message


def test_slimmed_file(tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 20)
    del arrays["dtSegment_seg4D_hasPhi"]
    path = write_like(arrays, tmp_path / "slim.root", "B")
    message = refusal(path, ["dtSegment_seg4D_hasPhi"])
    assert "generation B" in message
    assert "1 not there: dtSegment_seg4D_hasPhi. Was the file slimmed?" in message


def test_many_missing_branches_are_counted(tmp_path: Path) -> None:
    path = write_like(read_arrays(GOLDEN["ttree"], 20), tmp_path / "f.root", "A")
    columns = [name for name in branch_table("A") if name.startswith("cscTnP_")]
    message = refusal(path, columns)
    assert f", and {len(columns) - 10} more" not in message
    assert f" and {len(columns) - 10} more. " in message
    assert columns[9] in message
    assert columns[10] not in message.split()


def standard_nanoaod(path: Path, format) -> Path:
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 3, 12)
    ids = {
        n: ak.Array(np.ones(12, t))
        for n, t in [("run", np.uint32), ("luminosityBlock", np.uint32), ("event", np.uint64)]
    }
    muons = {
        f"Muon_{name}": ak.unflatten(rng.uniform(0, 9, counts.sum()).astype(np.float32), counts)
        for name in ("pt", "eta", "phi", "mass")
    }
    return write_tree({**ids, **muons}, path, format, collections=frozenset({"Muon"}))


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_standard_nanoaod(tmp_path: Path, format) -> None:
    path = standard_nanoaod(tmp_path / "nano.root", format)
    message = refusal(path, ["run", "muon_pt", "dtSegment_station"])
    assert "is a NanoAOD but not a muon DPG NANO." in message
    assert "Of 3 branches needed, 2 not there: muon_pt, dtSegment_station." in message
    assert "NANO:@MUDPG" in message


def test_a_tree_of_something_else(tmp_path: Path) -> None:
    path = write_tree({"energy": ak.Array(np.ones(3))}, tmp_path / "other.root")
    message = refusal(path, ["muon_pt"])
    assert "is not a muon DPG NANO." in message
    assert "NanoAOD but" not in message


def retyped(path: Path, format, *, generation="B", **dtypes: str) -> Path:
    """Write a file in which some numbers are of other types."""
    arrays = {n: a for n, a in read_arrays(GOLDEN["ttree"], 20).items() if n not in dtypes}
    path = write_like(arrays, path.with_suffix(".tmp"), generation, format)
    arrays = read_arrays(path) | {
        name: ak.values_astype(read_arrays(GOLDEN["ttree"], 20)[name], dtype)
        for name, dtype in dtypes.items()
    }
    return write_tree(arrays, path.with_suffix(".root"), format)


KINDS = [
    ("dtSegment_station", "float32", "a list of int16, but is a list of float32"),
    ("dtSegment_wheel", "uint16", "a list of int16, but is a list of uint16"),
    ("muon_isTight", "float64", "a list of bool, but is a list of float64"),
    ("muon_matches_begin", "float32", "a list of uint32, but is a list of float32"),
    ("muon_pt", "int32", "a list of float32, but is a list of int32"),
    ("muon_pt", "bool", "a list of float32, but is a list of bool"),
    ("run", "float64", "one uint32 an event, but is one float64 an event"),
]


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
@pytest.mark.parametrize(("name", "dtype", "told"), KINDS)
def test_another_kind_of_number(tmp_path: Path, format, name: str, dtype: str, told: str) -> None:
    path = retyped(tmp_path / "f", format, **{name: dtype})
    message = refusal(path, ["muon_eta", name])
    assert "is a muon DPG NANO of generation B. 1 of the branches cannot be used: " in message
    assert f": {name} should be {told}. Use files made by" in message


OTHER_WIDTHS = {
    "dtSegment_station": "int8",
    "dtSegment_wheel": "int64",
    "muon_charge": "int16",
    "muon_isTight": "uint8",
    "muon_isRPC": "int32",
    "muon_matches_begin": "int32",
    "muon_matches_end": "uint64",
    "muon_trkMu_stationMask": "int16",
    "muon_pt": "float64",
    "run": "uint64",
}


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_numbers_may_be_of_other_widths(tmp_path: Path, format) -> None:
    path = retyped(tmp_path / "f", format, **OTHER_WIDTHS)
    with open_tree(str(path)) as tree:
        require_columns(tree, str(path), [*OTHER_WIDTHS, "nmuon"])


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
@pytest.mark.parametrize("generation", ["A", "B"])
def test_the_generation_says_what_is_expected(tmp_path: Path, format, generation) -> None:
    path = retyped(tmp_path / "f", format, generation=generation, dtSegment_station="float32")
    width = {"A": "int8", "B": "int16"}[generation]
    assert f"should be a list of {width}, but" in refusal(path, ["dtSegment_station"])


@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_lists_and_single_numbers_are_told_apart(tmp_path: Path, format) -> None:
    arrays = {
        "muon_pt": ak.values_astype(ak.Array([1, 2]), np.float32),
        "run": ak.values_astype(ak.Array([[1, 2], [3]]), np.uint32),
    }
    path = tmp_path / "f.root"
    with uproot.recreate(path) as file:
        make = file.mktree if format == "ttree" else file.mkrntuple
        make("Events", {name: ak.type(array).content for name, array in arrays.items()})
        file["Events"].extend(arrays)
    message = refusal(path, ["muon_pt", "run"])
    assert "2 of the branches cannot be used: " in message
    assert "muon_pt should be a list of float32, but is one float32 an event; " in message
    assert "run should be one uint32 an event, but is a list of uint32. " in message


@pytest.mark.parametrize(
    "typename",
    ["std::string", "char*", "TLorentzVector", "std::vector<std::vector<float>>", "float[3]"],
)
def test_what_is_no_list_of_numbers(typename: str) -> None:
    class Tree:
        def typenames(self, *, recursive: bool) -> dict[str, str]:
            assert not recursive
            return {"muon_pt": typename}

    with pytest.raises(InputError, match="cannot be used") as error:
        require_columns(Tree(), "f.root", ["muon_pt"])
    assert f"muon_pt should be a list of float32, but is {typename}. " in str(error.value)


def test_text(tmp_path: Path) -> None:
    path = tmp_path / "text.root"
    with uproot.recreate(path) as file:
        file.mktree("Events", {"muon_pt": "var * float32", "run": "string"})
        file["Events"].extend({"muon_pt": [[1.0], []], "run": ["one", "two"]})
    assert "run should be one uint32 an event, but is " in refusal(path, ["muon_pt", "run"])


def test_optional_branches_may_be_missing_but_not_be_something_else(tmp_path: Path) -> None:
    path = retyped(tmp_path / "f", "ttree", muon_matches_edgeX="int32")
    with open_tree(str(path)) as tree:
        require_columns(tree, str(path), ["muon_pt"], ["lumi_instLumi", "muon_matches_edgeY"])
    message = refusal(path, ["muon_pt"], ["muon_matches_edgeX"])
    assert "muon_matches_edgeX should be a list of float32, but is a list of int32." in message


def test_many_wrong_branches_are_counted(tmp_path: Path) -> None:
    floats = [n for n, b in branch_table("B").items() if n.startswith("dtSegment_") and b.counter]
    floats = [n for n in floats if branch_table("B")[n].dtype == "float32"][:14]
    arrays = {name: ak.Array([[1, 2], [3]]) for name in floats}
    message = refusal(write_tree(arrays, tmp_path / "f.root"), floats)
    assert f"{len(floats)} of the branches cannot be used" in message
    assert f" and {len(floats) - 10} more. " in message
    assert floats[9] in message
    assert floats[10] not in message.replace(".", " ").split()
