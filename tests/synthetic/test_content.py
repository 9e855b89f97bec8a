from __future__ import annotations

import re

import numpy as np
import pytest

from dtperf.nanoaod import branch_table
from dtperf.synthetic import load_settings
from dtperf.synthetic.blocks import EventBlock, make_block
from dtperf.synthetic.columns import lean_rows
from dtperf.synthetic.content import with_content
from dtperf.synthetic.content_random import RULES, rule_of
from dtperf.synthetic.rows import EventRows

LIMITS = ("begin", "end")


@pytest.fixture(scope="module")
def block() -> EventBlock:
    return make_block(load_settings(), 0)


@pytest.fixture(scope="module")
def lean(block: EventBlock) -> EventRows:
    return lean_rows(block)


@pytest.fixture(scope="module")
def full(block: EventBlock, lean: EventRows) -> EventRows:
    return with_content(np.random.default_rng(1), lean, block.segments)


def test_all_columns_are_there_with_their_types(full: EventRows) -> None:
    table = {n: b for n, b in branch_table("B").items() if not b.is_counter}
    assert {name: str(v.dtype) for name, v in full.values.items()} == {
        name: branch.dtype for name, branch in table.items()
    }
    for name, column in full.values.items():
        collection = table[name].collection
        assert len(column) == (full.offsets[collection][-1] if collection else full.events) > 0


def test_an_event_has_10_to_20_kb(full: EventRows) -> None:
    size = sum(column.nbytes for column in full.values.values()) / full.events
    assert 10_000 < size < 20_000


def test_what_was_there_stays_as_it_was(lean: EventRows, full: EventRows) -> None:
    filled = re.compile(r"dtSegment_seg.*_(hits|extr)_(begin|end)")
    kept = {name: column for name, column in lean.values.items() if not filled.fullmatch(name)}
    assert all(np.array_equal(full.values[name], column) for name, column in kept.items())
    assert len(lean.values) - len(kept) == 4


def test_ranges_of_segments_lead_to_as_many_hits_as_they_have(full: EventRows) -> None:
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


def test_propagated_muons_are_those_in_front_of_gems(full: EventRows) -> None:
    event = np.repeat(np.arange(full.events), np.diff(full.offsets["muon_propagated"]))
    index = full.values["muon_propagated_propagated_muIdx"]
    assert (index < np.diff(full.offsets["muon"])[event]).all()
    eta = full.values["muon_eta"][full.offsets["muon"][event] + index]
    assert ((np.abs(eta) > 1.55) & (np.abs(eta) < 2.18)).all()
    # CMS propagates standalone tracks
    assert full.values["muon_isStandalone"][full.offsets["muon"][event] + index].all()
    region = full.values["muon_propagated_propagated_region"]
    assert np.sign(eta).tolist() == region.tolist()


@pytest.mark.parametrize(
    ("names", "radius", "phi"),
    [
        ("gemRecHit_g_{}", "gemRecHit_g_r", "gemRecHit_g_phi"),
        ("muon_propagated_propagatedGlb_{}", "muon_propagated_propagatedGlb_r", "{}Glb_phi"),
        ("muon_propagated_propagatedLoc_{}", "muon_propagated_propagatedLoc_r", "{}Loc_phi"),
    ],
)
def test_coordinates_of_gems_are_those_of_one_point(
    full: EventRows, names: str, radius: str, phi: str
) -> None:
    x, y = (full.values[names.format(axis)] for axis in "xy")
    phi = phi.format("muon_propagated_propagated")
    np.testing.assert_allclose(np.hypot(x, y), full.values[radius], rtol=1e-5)
    np.testing.assert_allclose(np.arctan2(y, x), full.values[phi], atol=1e-4)


def test_gem_segments_lie_in_the_endcap_of_their_region(full: EventRows) -> None:
    x, y, z, eta = (full.values[f"gemSegment_posGlb_{name}"] for name in ("x", "y", "z", "eta"))
    assert np.arcsinh(z / np.hypot(x, y)) == pytest.approx(eta, rel=1e-4)
    assert np.sign(z).tolist() == full.values["gemSegment_region"].tolist()


@pytest.mark.parametrize("collection", RULES)
def test_every_column_of_a_collection_is_drawn(collection: str) -> None:
    draws = rule_of(collection)
    rng = np.random.default_rng(2)
    assert all(len(draw(rng, 7)) == 7 for draw in draws.values())
    names = {b.name for b in branch_table("B").values() if b.collection == collection}
    assert {f"{collection}_{name}" for name in draws} <= names


def test_it_is_the_same_again(block: EventBlock, lean: EventRows, full: EventRows) -> None:
    again = with_content(np.random.default_rng(1), lean, block.segments)
    assert all(np.array_equal(again.values[n], v, equal_nan=False) for n, v in full.values.items())
