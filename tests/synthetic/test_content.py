from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pytest

from dtperf.geometry import chamber_codes
from dtperf.geometry.superlayers import superlayer_table
from dtperf.nanoaod import branch_table
from dtperf.synthetic import load_settings
from dtperf.synthetic.blocks import Block, make_block
from dtperf.synthetic.columns import lean_rows
from dtperf.synthetic.content import with_content
from dtperf.synthetic.content_random import RULES, rule_of
from dtperf.synthetic.rows import Rows

LIMITS = ("begin", "end")


@pytest.fixture(scope="module")
def block() -> Block:
    return make_block(load_settings(), 0)


@pytest.fixture(scope="module")
def lean(block: Block) -> Rows:
    return lean_rows(block)


@pytest.fixture(scope="module")
def full(block: Block, lean: Rows) -> Rows:
    return with_content(np.random.default_rng(1), lean, block.segments)


def test_all_columns_are_there_with_their_types(full: Rows) -> None:
    table = {n: b for n, b in branch_table("B").items() if not b.is_counter}
    assert {name: str(v.dtype) for name, v in full.values.items()} == {
        name: branch.dtype for name, branch in table.items()
    }
    for name, column in full.values.items():
        collection = table[name].collection
        assert len(column) == (full.offsets[collection][-1] if collection else full.events) > 0


def test_an_event_has_10_to_20_kb(full: Rows) -> None:
    size = sum(column.nbytes for column in full.values.values()) / full.events
    assert 10_000 < size < 20_000


def test_what_was_there_stays_as_it_was(lean: Rows, full: Rows) -> None:
    filled = re.compile(r"dtSegment_seg.*_(hits|extr)_(begin|end)")
    kept = {name: column for name, column in lean.values.items() if not filled.fullmatch(name)}
    assert all(np.array_equal(full.values[name], column) for name, column in kept.items())
    assert len(lean.values) - len(kept) == 4


def test_ranges_of_segments_lead_to_as_many_hits_as_they_have(full: Rows) -> None:
    begin, end = (full.values[f"dtSegment_seg2D_hits_{limit}"].astype(int) for limit in LIMITS)
    phi, zed = full.values["dtSegment_seg2D_phi_nHits"], full.values["dtSegment_seg2D_z_nHits"]
    assert (end - begin).tolist() == (phi + zed).tolist()
    event = np.repeat(np.arange(full.events), np.diff(full.offsets["dtSegment"]))
    superlayer = full.values["dtSegment_hits_superLayer"]
    for segment in range(300):
        start = full.offsets["dtSegment_hits"][event[segment]]
        mine = superlayer[start + begin[segment] : start + end[segment]]
        assert (np.count_nonzero(mine != 2), np.count_nonzero(mine == 2)) == (
            phi[segment],
            zed[segment],
        )


def test_extrapolations_cover_the_views_of_segments(full: Rows) -> None:
    begin, end = (full.values[f"dtSegment_seg4D_extr_{limit}"].astype(int) for limit in LIMITS)
    has_phi, has_zed = (full.values[f"dtSegment_seg4D_has{view}"] for view in ("Phi", "Zed"))
    assert (end - begin).tolist() == (8 * has_phi + 4 * has_zed).tolist()


def test_hits_lie_in_the_cell_that_they_name(full: Rows) -> None:
    position, wire = full.values["dtSegment_hits_pos"], full.values["dtSegment_hits_wirePos"]
    drift = 0.0054 * full.values["dtSegment_hits_timeCali"]
    right = full.values["dtSegment_hits_side"] == 2
    distance = np.where(right, 1, -1) * drift
    # the position of the wire is stored in whole centimetres
    assert np.abs(position - wire - distance).max() < 0.51
    # half a cell, but for segments beyond the last wire
    beyond = drift > 2.1 + 0.1
    assert np.mean(beyond) < 0.05
    begin, end = (full.values[f"dtSegment_seg2D_hits_{limit}"].astype(int) for limit in LIMITS)
    code = np.repeat(codes(full, "dtSegment"), end - begin)[beyond]
    width = superlayer_table()[code, full.values["dtSegment_hits_superLayer"][beyond] - 1, 2]
    wire = full.values["dtSegment_hits_wire"][beyond]
    assert np.all((wire == 1) | (wire == width // 4.2))


def codes(rows: Rows, collection: str) -> npt.NDArray[np.int16]:
    return chamber_codes(
        *(rows.values[f"{collection}_{n}"] for n in ("wheel", "sector", "station"))
    )


def test_wires_are_those_of_the_superlayer(full: Rows) -> None:
    width = superlayer_table()[codes(full, "dtDigi"), full.values["dtDigi_superLayer"] - 1, 2]
    wire = full.values["dtDigi_wire"]
    assert wire.min() == 1
    assert (wire <= width / 4.2).all()
    assert set(np.unique(full.values["dtDigi_layer"])) == {1, 2, 3, 4}


def test_trigger_primitives_have_trigger_sectors(full: Rows) -> None:
    for name in ("ltTwinMuxIn", "ltTwinMuxOut", "ltBmtfIn", "ltBmtfInTh", "ltTwinMuxInTh"):
        assert set(np.unique(full.values[f"{name}_sector"])) == set(range(1, 13))
    assert np.mean(full.values["ltBmtfIn_bx"] == 0) == pytest.approx(0.94, abs=0.01)
    # a sector of 30 degrees, and the chambers that reach over its border
    assert np.abs(full.values["ltBmtfIn_phi"]).max() < 4096 * np.radians(25)


def test_rpc_ids_name_the_roll(full: Rows) -> None:
    """Unpack the bits of CMSSW's RPCDetId."""
    raw = full.values["rpcRecHit_rawId"].astype(np.int64)
    assert set(np.unique(raw >> 28)) == {2}  # DetId::Muon
    assert set(np.unique(raw >> 25 & 7)) == {3}  # MuonSubdetId::RPC
    fields = {"region": (0, 3, -1), "ring": (2, 7, -2), "station": (5, 3, 1)}
    fields |= {"sector": (7, 15, 1), "layer": (11, 1, 1), "subsector": (12, 7, 1)}
    fields |= {"roll": (15, 7, 0)}
    for name, (shift, mask, lowest) in fields.items():
        assert ((raw >> shift & mask) + lowest).tolist() == full.values[
            f"rpcRecHit_{name}"
        ].tolist(), name


def test_propagated_muons_are_those_in_front_of_gems(full: Rows) -> None:
    event = np.repeat(np.arange(full.events), np.diff(full.offsets["muon_propagated"]))
    index = full.values["muon_propagated_propagated_muIdx"]
    assert (index < np.diff(full.offsets["muon"])[event]).all()
    eta = full.values["muon_eta"][full.offsets["muon"][event] + index]
    assert ((np.abs(eta) > 1.55) & (np.abs(eta) < 2.18)).all()
    region = full.values["muon_propagated_propagated_region"]
    assert np.sign(eta).tolist() == region.tolist()


@pytest.mark.parametrize("collection", RULES)
def test_every_column_of_a_collection_is_drawn(collection: str) -> None:
    draws = rule_of(collection)
    rng = np.random.default_rng(2)
    assert all(len(draw(rng, 7)) == 7 for draw in draws.values())
    names = {b.name for b in branch_table("B").values() if b.collection == collection}
    assert {f"{collection}_{name}" for name in draws} <= names


def test_it_is_the_same_again(block: Block, lean: Rows, full: Rows) -> None:
    again = with_content(np.random.default_rng(1), lean, block.segments)
    assert all(np.array_equal(again.values[n], v, equal_nan=False) for n, v in full.values.items())
