from __future__ import annotations

import numpy as np
import pytest

from dtperf.detector import Chamber, chambers, layer_cells, superlayer_table, wire_positions_cm

# first wire, number of wires, x of the first wire and z, cm, both in the chamber's frame, of layers
# 1 to 4, as the documentation of mplDTs prints them; in superlayer 2 its x is against local y
PRINTED = {
    (Chamber(-2, 1, 2), 1): [
        (1, 59, -119.45, 13.7),
        (1, 60, -121.55, 12.4),
        (1, 60, -119.45, 11.1),
        (2, 59, -117.35, 9.8),
    ],
    (Chamber(-2, 1, 2), 2): [
        (1, 57, -117.6, -4.45),
        (1, 58, -119.7, -5.75),
        (1, 57, -117.6, -7.05),
        (2, 56, -115.5, -8.35),
    ],
    (Chamber(-2, 8, 4), 3): [
        (1, 91, -185.85, -11.6),
        (1, 92, -187.95, -12.9),
        (1, 92, -185.85, -14.2),
        (2, 91, -183.75, -15.5),
    ],
}


@pytest.mark.parametrize(("place", "layers"), PRINTED.items())
def test_wires_stand_where_the_geometry_of_cms_has_them(place, layers):
    (chamber, superlayer), cells = place, layer_cells()
    first, number, centre, z = (table[chamber.code, superlayer - 1] for table in cells)
    x = centre + wire_positions_cm(first, first, number)
    found = np.column_stack((first, number, x, z))
    np.testing.assert_allclose(found, layers, atol=0.01)


def test_mb1_has_48_to_50_cells():
    assert layer_cells().number[Chamber(1, 7, 1).code, 0].tolist() == [49, 50, 49, 48]


def test_cells_lie_in_their_superlayers_and_every_second_layer_is_shifted_by_half_a_cell():
    cells, width = layer_cells(), superlayer_table()[:, :, 2]
    middle = np.where([False, True, False], 0, superlayer_table()[:, :, 0])
    exists = ~np.isnan(width)
    assert np.array_equal(exists, (cells.number > 0).all(axis=2))
    assert np.count_nonzero(cells.number) == 4 * 680
    reach = np.abs(cells.centre_cm - middle[:, :, None]) + cells.number * 4.2 / 2
    assert (reach[exists] <= width[exists][:, None] / 2).all()
    wire_1 = cells.centre_cm + wire_positions_cm(1, cells.first, cells.number)
    steps = np.diff(wire_1[exists], axis=1)
    np.testing.assert_allclose(steps, np.broadcast_to([-2.1, 2.1, -2.1], steps.shape), atol=1e-9)


def test_there_are_no_cells_where_there_is_no_superlayer():
    mb4 = [chamber.code for chamber in chambers() if chamber.station == 4]
    assert not layer_cells().number[mb4, 1].any()
    assert np.isnan(layer_cells().centre_cm[mb4, 1]).all()
