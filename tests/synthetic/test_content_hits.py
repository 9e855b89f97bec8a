"""Hits, extrapolations and digis by their definitions, from the columns alone."""

from __future__ import annotations

import numpy as np
import pytest

from dtperf.detector import layer_cells, stations, superlayer_table
from tests.synthetic.content import Sample, sample

V_DRIFT, PEDESTAL = 0.00543, 500.0


@pytest.fixture(scope="module")
def made() -> Sample:
    return sample()


@pytest.fixture(scope="module")
def lines(made: Sample) -> tuple[np.ndarray, ...]:
    """Chamber, position and slopes of each segment, as a reader finds them."""
    x, y, *direction = made.get(
        *(
            f"dtSegment_seg4D_{n}"
            for n in ("posLoc_x", "posLoc_y", "dirLoc_x", "dirLoc_y", "dirLoc_z")
        )
    )
    return (
        made.codes("dtSegment"),
        x,
        y,
        direction[0] / direction[2],
        direction[1] / direction[2],
    )


def crossing(lines, segment, superlayer, layer):
    """Give where lines cross layers: across and along the wires in their frame, local x and y."""
    code, x, y, dxdz, dydz = (column[segment] for column in lines)
    cells = layer_cells()
    z = cells.z_cm[code, superlayer - 1, layer - 1]
    centre = cells.centre_cm[code, superlayer - 1, layer - 1]
    x, y = x + dxdz * z, y + dydz * z
    across = np.where(superlayer == 2, -y, x) - centre
    along = np.where(superlayer == 2, x - superlayer_table()[code, 1, 0], y)
    return across, along, x, y


def test_every_segment_has_twelve_extrapolations_and_eight_in_mb4(made, lines):
    begin, end = made.get("dtSegment_seg4D_extr_begin", "dtSegment_seg4D_extr_end")
    assert np.array_equal(end - begin, np.where(stations()[lines[0]] == 4, 8, 12))
    assert (made.parents("extr") >= 0).all()
    # the ranges of an event are those of its segments, one after the other
    first = made.rows.offsets["dtSegment"][:-1]
    assert not begin[first[np.diff(made.rows.offsets["dtSegment"]) > 0]].any()


def places_of_extrapolations(made, lines):
    """Number superlayer and layer by the place in the range, as the table of conventions says."""
    parent = made.parents("extr")
    (begin,) = made.get("dtSegment_seg4D_extr_begin")
    start = made.rows.offsets["dtSegment_extr"][made.events("dtSegment")] + begin
    index = np.arange(len(parent)) - start[parent]
    in_mb4 = stations()[lines[0][parent]] == 4
    superlayer = np.where(in_mb4, np.array([1, 3])[index % 2], 1 + index % 3)
    layer = np.where(in_mb4, 1 + index // 2, 1 + index // 3)
    return parent, superlayer, layer


def test_extrapolations_are_layer_major_and_lie_on_the_line_of_the_segment(made, lines):
    parent, superlayer, layer = places_of_extrapolations(made, lines)
    has_phi, has_zed = made.get("dtSegment_seg4D_hasPhi", "dtSegment_seg4D_hasZed")
    known = np.where(superlayer == 2, has_zed[parent], has_phi[parent]).astype(bool)
    wire, position, in_chamber = made.get(
        *(f"dtSegment_extr_Exp{n}" for n in ("Wire", "Pos", "PosCh"))
    )
    assert 0.02 < np.mean(~known) < 0.2
    assert set(position[~known]) == set(in_chamber[~known]) == {-999}
    assert set(wire[~known]) == {-1}
    across, _, x, y = crossing(lines, parent, superlayer, layer)
    np.testing.assert_allclose(position[known], across[known], atol=2e-3)
    expected = np.where(superlayer == 2, y, x)
    np.testing.assert_allclose(in_chamber[known], expected[known], atol=2e-3)


def test_the_expected_wire_is_the_one_whose_cell_is_crossed(made, lines):
    parent, superlayer, layer = places_of_extrapolations(made, lines)
    wire, position = made.get("dtSegment_extr_ExpWire", "dtSegment_extr_ExpPos")
    at = (lines[0][parent], superlayer - 1, layer - 1)
    first, number = layer_cells().first[at].astype(int), layer_cells().number[at].astype(int)
    last = first + number - 1
    inside = (np.abs(position) < number * 2.1 - 1e-3) & (position != -999)
    assert inside.mean() > 0.9
    assert ((first <= wire) & (wire <= last))[inside].all()
    place = (wire - first + 0.5 - number / 2) * 4.2
    assert np.abs(position - place)[inside].max() < 2.1 + 1e-3
    beyond = (np.abs(position) > number * 2.1 + 1e-3) & (position != -999)
    assert beyond.any()
    assert ((wire < first) | (wire > last) | ((wire == 1) & (first == 1) & (position < 0)))[
        beyond
    ].all()


def test_hits_are_as_many_as_the_views_have_and_the_phi_view_comes_first(made):
    parent = made.parents("hits")
    (superlayer,) = made.get("dtSegment_hits_superLayer")
    phi, zed = made.get("dtSegment_seg2D_phi_nHits", "dtSegment_seg2D_z_nHits")
    n = len(phi)
    assert np.array_equal(np.bincount(parent[superlayer != 2], minlength=n), phi)
    assert np.array_equal(np.bincount(parent[superlayer == 2], minlength=n), zed)
    is_theta = (superlayer == 2).astype(int)
    assert not ((np.diff(is_theta) < 0) & (np.diff(parent) == 0)).any()
    (layer,) = made.get("dtSegment_hits_layer")
    assert len(np.unique(np.stack((parent, superlayer, layer)), axis=1).T) == len(parent)


def hit_parts(made, lines):
    names = ("superLayer", "layer", "wire", "wirePos", "side", "pos", "posCh", "posErr", "timeCali")
    hit = dict(zip(names, made.get(*(f"dtSegment_hits_{n}" for n in names)), strict=True))
    parent = made.parents("hits")
    at = (lines[0][parent], hit["superLayer"] - 1, hit["layer"] - 1)
    first, number = layer_cells().first[at], layer_cells().number[at]
    wire_position = (hit["wire"] - first + 0.5 - number / 2) * 4.2
    assert ((first <= hit["wire"]) & (hit["wire"] < first + number)).all()
    return hit, parent, at, wire_position


def test_right_hits_lie_beyond_their_wire_and_left_ones_before_it(made, lines):
    hit, _, _, wire_position = hit_parts(made, lines)
    right = hit["side"] == 1
    assert 0.45 < right.mean() < 0.55
    assert (hit["pos"] >= wire_position - 1e-3)[right].all()
    assert (hit["pos"] <= wire_position + 1e-3)[~right].all()
    assert np.array_equal(hit["wirePos"], np.trunc(wire_position))


def test_hits_are_as_far_from_the_wire_as_their_time_says(made, lines):
    """Take off what CMS does not: the way along the wire and the time of flight, for two views."""
    hit, parent, _, wire_position = hit_parts(made, lines)
    has_phi, has_zed = made.get("dtSegment_seg4D_hasPhi", "dtSegment_seg4D_hasZed")
    single = ~(has_phi & has_zed).astype(bool)[parent]
    distance = np.abs(hit["pos"] - wire_position)
    assert np.abs(distance - V_DRIFT * np.maximum(hit["timeCali"], 0))[single].max() < 0.0025
    _, along, _, _ = crossing(lines, parent, hit["superLayer"], hit["layer"])
    # the rest is less than what light needs for half the length of a chamber
    late = hit["timeCali"] - distance / V_DRIFT + along / 24.4
    inner = ~single & (distance > 0.1) & (np.abs(along) < 130)
    # two segments may share a theta view, whose hits have one time but two places along the wire
    assert np.mean(np.abs(late[inner]) < 5) > 0.999
    assert np.abs(np.median(late[inner])) < 1
    assert np.corrcoef(along[inner], (hit["timeCali"] - distance / V_DRIFT)[inner])[0, 1] < -0.8


def test_the_chi2_of_hits_about_the_line_is_that_of_the_segment(made, lines):
    """Refit: after t0 is taken off, the residuals have the stored chi2 and no slope left."""
    hit, parent, at, wire_position = hit_parts(made, lines)
    is_theta = hit["superLayer"] == 2
    t0 = np.where(
        is_theta, *(c[parent] for c in made.get("dtSegment_seg2D_z_t0", "dtSegment_seg2D_phi_t0"))
    )
    side = np.where(hit["side"] == 1, 1, -1)
    true = hit["pos"] - side * V_DRIFT * np.where(t0 == -999, 0, t0)
    across, *_ = crossing(lines, parent, hit["superLayer"], hit["layer"])
    residual = true - across
    number = layer_cells().number[at]
    # a hit with the earliest or the latest time, and lines beside the cells, cannot be undone
    distance = np.abs(hit["pos"] - wire_position)
    fine = (distance > 0.01) & (distance < 2.27) & (np.abs(across) < number * 2.1)
    for view, name in ((~is_theta, "phi"), (is_theta, "z")):
        n_hits, chi2 = made.get(f"dtSegment_seg2D_{name}_nHits", f"dtSegment_seg2D_{name}_normChi2")
        n = len(n_hits)
        whole = (np.bincount(parent[view & fine], minlength=n) == n_hits) & (n_hits > 0)
        assert whole.sum() > 0.7 * np.count_nonzero(n_hits)
        found = np.bincount(parent[view], weights=(residual**2 / hit["posErr"])[view], minlength=n)
        assert found[whole] / (n_hits - 2)[whole] == pytest.approx(chi2[whole], rel=0.02, abs=2e-3)
        z = layer_cells().z_cm[at]
        for weight in (np.ones_like(z), z):
            left = np.bincount(parent[view], weights=(residual * weight)[view], minlength=n)
            assert np.abs(left[whole]).max() < 0.02


def test_the_error_of_a_hit_is_a_variance(made, lines):
    """It is the square of the width of residuals, corrected for the hit being in the fit."""
    hit, parent, at, wire_position = hit_parts(made, lines)
    (n_hits,) = made.get("dtSegment_seg2D_phi_nHits")
    across, *_ = crossing(lines, parent, hit["superLayer"], hit["layer"])
    (t0,) = made.get("dtSegment_seg2D_phi_t0")
    side = np.where(hit["side"] == 1, 1, -1)
    residual = hit["pos"] - across - side * V_DRIFT * np.where(t0 == -999, 0, t0)[parent]
    use = (
        (n_hits[parent] == 8)
        & (hit["superLayer"] != 2)
        & (np.abs(hit["pos"] - wire_position) > 0.1)
    )
    use &= np.abs(across) < layer_cells().number[at] * 2.1
    # a line through eight points takes two of their eight degrees of freedom
    assert np.var(residual[use]) * 8 / 6 == pytest.approx(hit["posErr"][0], rel=0.03)
    assert set(hit["posErr"]) == {np.float32(0.025**2)}


def test_position_in_the_chamber_is_local_x_in_both_views(made, lines):
    hit, parent, at, _ = hit_parts(made, lines)
    _, _, x, _ = crossing(lines, parent, hit["superLayer"], hit["layer"])
    theta = hit["superLayer"] == 2
    assert hit["posCh"][theta] == pytest.approx(x[theta], abs=2e-3)
    centre = layer_cells().centre_cm[at]
    assert hit["posCh"][~theta] == pytest.approx((hit["pos"] + centre)[~theta], abs=2e-3)


def keys(*columns: np.ndarray) -> np.ndarray:
    """Pack integers below 512 into one."""
    packed = columns[0].astype(np.int64)
    for column in columns[1:]:
        packed = packed * 512 + column
    return packed


def test_every_hit_has_its_digi_at_its_time(made, lines):
    hit, parent, at, _ = hit_parts(made, lines)
    (time,) = made.get("dtSegment_hits_time")
    digi = made.get(*(f"dtDigi_{n}" for n in ("superLayer", "layer", "wire")))
    counts = [np.rint(t / (25 / 32)) for t in (time, *made.get("dtDigi_time"))]
    of_hits = keys(
        made.events("dtSegment")[parent], at[0], at[1] + 1, hit["layer"], hit["wire"]
    ) * 4096 + counts[0].astype(np.int64)
    of_digis = keys(made.events("dtDigi"), made.codes("dtDigi"), *digi) * 4096 + counts[1].astype(
        np.int64
    )
    assert np.isin(of_hits, of_digis).all()
    for t in (time, *made.get("dtDigi_time")):
        assert np.array_equal(np.rint(t / (25 / 32)) * (25 / 32), t)
    assert (hit["timeCali"] == time - PEDESTAL).all()


def test_digis_are_in_cells_that_exist_and_in_the_order_of_layers(made):
    code = made.codes("dtDigi")
    superlayer, layer, wire = made.get(*(f"dtDigi_{n}" for n in ("superLayer", "layer", "wire")))
    first, number = (table[code, superlayer - 1, layer - 1] for table in layer_cells()[:2])
    assert (number > 0).all()
    assert ((first <= wire) & (wire < first + number)).all()
    wheel, sector, station = made.get(*(f"dtDigi_{n}" for n in ("wheel", "sector", "station")))
    place = keys(made.events("dtDigi"), station, sector, wheel + 3, superlayer, layer, wire)
    assert (np.diff(place) >= 0).all()


def test_cells_without_a_hit_have_a_digi_as_often_as_the_truth_says(made, lines):
    """Count as the single-hit efficiency does, in layers that miss in segments of seven hits."""
    hit, parent, *_ = hit_parts(made, lines)
    (n_hits,) = made.get("dtSegment_seg2D_phi_nHits")
    of, superlayer, layer = places_of_extrapolations(made, lines)
    wire, position = made.get("dtSegment_extr_ExpWire", "dtSegment_extr_ExpPos")
    number = layer_cells().number[lines[0][of], superlayer - 1, layer - 1]
    has_hit = np.isin(keys(of, superlayer, layer), keys(parent, hit["superLayer"], hit["layer"]))
    test = (n_hits[of] == 7) & (superlayer != 2) & ~has_hit & (np.abs(position) < number * 2.1)
    digi = made.get(*(f"dtDigi_{n}" for n in ("superLayer", "layer", "wire")))
    cell = keys(made.events("dtSegment")[of], lines[0][of], superlayer, layer, np.abs(wire))
    found = np.isin(cell[test], keys(made.events("dtDigi"), made.codes("dtDigi"), *digi))
    n = test.sum()
    assert found.mean() == pytest.approx(0.75, abs=4 * (0.75 * 0.25 / n) ** 0.5 + 0.01)
