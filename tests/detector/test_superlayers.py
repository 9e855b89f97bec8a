"""Superlayers against rows of the ideal CMS geometry."""

from __future__ import annotations

import numpy as np
import pytest

from dtperf.detector import (
    SUPERLAYER_THICKNESS_CM,
    Chamber,
    chambers,
    envelopes,
    lengths_cm,
    superlayer_table,
    superlayers,
    thicknesses_cm,
    to_global,
    widths_cm,
)

# raw id, wheel, sector, station, number, local x, local z, width, length, mplDTs
ROWS = [
    (574922752, -2, 1, 1, 1, -1.6, 11.75, 212.64, 251.1),
    (574930944, -2, 1, 1, 2, 0.5, -6.4, 246.24, 217.0),
    (574939136, -2, 1, 1, 3, 0.5, -11.75, 212.64, 251.1),
    (579117056, -2, 1, 2, 1, 3.4, 11.75, 256.74, 251.1),
    (579125248, -2, 1, 2, 2, -1.75, -6.4, 246.24, 263.3),
    (579133440, -2, 1, 2, 3, -0.8, -11.75, 256.74, 251.1),
    (583311360, -2, 1, 3, 1, -1.5, 9.95, 307.14, 251.1),
    (583319552, -2, 1, 3, 2, 0.3, -8.2, 246.24, 315.3),
    (583327744, -2, 1, 3, 3, -1.5, -13.55, 307.14, 251.1),
    (587505664, -2, 1, 4, 1, 4.2, 9.95, 407.94, 251.1),
    (587522048, -2, 1, 4, 3, -4.2, -13.55, 407.94, 251.1),
    (None, 0, 2, 1, 1, 1.6, 11.75, 212.64, 251.1),
    # both chimneys, where the theta superlayers stand the same way
    (None, -1, 3, 1, 2, -0.5, -6.4, 206.34, 217.0),
    (None, 1, 4, 1, 2, -0.5, -6.4, 206.34, 217.0),
    (None, -1, 3, 2, 2, 1.75, -6.4, 206.34, 263.3),
    (None, -1, 3, 3, 2, -0.3, -8.2, 206.34, 315.3),
    (None, -1, 3, 2, 3, -0.8, -11.75, 256.74, 212.1),
    (None, 1, 4, 4, 1, 0.0, 9.95, 307.14, 212.1),
    (None, -2, 13, 4, 3, 0.0, -13.55, 307.14, 251.1),
    (None, -2, 5, 4, 1, -4.2, 9.95, 407.94, 251.1),
    (None, 1, 8, 4, 1, 4.2, 9.95, 391.14, 251.1),
    (None, -1, 12, 4, 3, -4.2, -13.55, 391.14, 251.1),
    (None, 0, 9, 4, 1, 0.0, 9.95, 206.34, 251.1),
    (None, 2, 10, 4, 1, -2.1, 9.95, 256.74, 251.1),
    (None, 0, 14, 4, 1, 2.1, 9.95, 256.74, 251.1),
]
# wheel, sector, station, number, global x, y, z of the centre: signs of frame and shift together
GLOBAL = [
    (-2, 1, 1, 1, 419.425, 37.52, -533.35),
    (-2, 1, 2, 2, 518.875, -23.18, -533.35),
    (-2, 1, 3, 3, 631.425, 20.58, -533.35),
    (-2, 1, 4, 3, 733.75, -99.095, -533.35),
]
WHEELS = ("-2", "-1", "0", "+1", "+2")
BY_PLACE = {(*layer.chamber, layer.number): layer for layer in superlayers()}


def test_there_are_680() -> None:
    assert len(superlayers()) == len(BY_PLACE) == 680
    assert len({layer.raw_id for layer in superlayers()}) == 680
    assert {layer.number for layer in superlayers() if layer.chamber.station == 4} == {1, 3}


@pytest.mark.parametrize("row", ROWS)
def test_superlayers_are_those_of_cms(row: tuple[float, ...]) -> None:
    raw_id, *place = row[:5]
    layer = BY_PLACE[tuple(place)]
    assert layer[2:] == pytest.approx(row[5:], abs=0.01)
    assert raw_id in (None, layer.raw_id)


@pytest.mark.parametrize("row", GLOBAL)
def test_frames_carry_them_to_their_global_places(row: tuple[float, ...]) -> None:
    layer = BY_PLACE[row[:4]]  # type: ignore[index]
    centre = to_global(layer.chamber.code, layer.local_x_cm, 0.0, layer.local_z_cm)
    assert centre == pytest.approx(row[4:], abs=0.01)


def test_the_table_holds_them_by_code() -> None:
    table = superlayer_table()
    assert np.isfinite(table).all(axis=2).sum() == 680
    for layer in superlayers():
        assert tuple(table[layer.chamber.code, layer.number - 1]) == layer[2:]
    assert np.isnan(table[Chamber(0, 1, 4).code, 1]).all()


def test_they_lie_in_their_chambers_and_not_in_each_other() -> None:
    local_z = superlayer_table()[:, :, 1]
    for chamber in chambers():
        heights = local_z[chamber.code][np.isfinite(local_z[chamber.code])]
        assert (-np.diff(heights) > SUPERLAYER_THICKNESS_CM - 1e-9).all()
        outermost = np.abs(heights).max() + SUPERLAYER_THICKNESS_CM / 2
        assert outermost < thicknesses_cm()[chamber.code] / 2


def test_what_is_sensitive_lies_in_the_chambers() -> None:
    box = envelopes()
    codes = [chamber.code for chamber in chambers()]
    for end in (box.middle_x_cm + box.width_cm / 2, box.width_cm / 2 - box.middle_x_cm):
        assert (end[codes] < widths_cm()[codes] / 2 + 0.01).all()
    assert (box.length_cm[codes] < lengths_cm()[codes] + 0.01).all()
    assert np.isnan(np.delete(box.width_cm, codes)).all()
    narrower = {c.name for c in chambers() if widths_cm()[c.code] - box.width_cm[c.code] > 10}
    assert narrower == {f"MB4 W{wheel} S{sector}" for wheel in WHEELS for sector in (8, 12)}
