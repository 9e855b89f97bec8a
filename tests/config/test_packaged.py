from __future__ import annotations

import pytest

from dtperf.config import AnalysisConfig, load_config
from dtperf.config.load import packaged

NAMES = ("cms_dp_2023_049", "dt_performance", "reference_2023")


def test_names() -> None:
    assert set(NAMES) <= packaged("analyses").keys()
    assert packaged("nothing") == {}


@pytest.mark.parametrize("name", packaged("analyses"))
def test_loads_by_name_and_by_path(name: str) -> None:
    assert load_config(name) == load_config(packaged("analyses")[name])


def test_they_differ() -> None:
    analyses = packaged("analyses")
    assert len({load_config(name).hash for name in analyses}) == len(analyses)


def test_reference_is_the_default_with_its_bug() -> None:
    reference = load_config("reference_2023")
    assert reference.selection == AnalysisConfig().selection
    assert reference.compatibility.truncate_extrapolation
    assert reference.compatibility.four_vector_rounding
    assert reference.compatibility.root_binning == "newer"
    assert not AnalysisConfig().compatibility.truncate_extrapolation
    assert not AnalysisConfig().compatibility.four_vector_rounding


def test_note() -> None:
    note = load_config("cms_dp_2023_049")
    pair, station, passing = note.selection.pair, note.selection.station, note.selection.passing
    assert (pair.min_mass + pair.max_mass) / 2 == pytest.approx(91.1876)
    assert pair.max_mass - pair.min_mass == pytest.approx(20)
    assert (pair.max_abs_dz, pair.min_dr) == (0.1, 0.3)
    assert (note.selection.tag.min_pt, note.selection.tag.trigger) == (27, "isolated")
    assert (note.selection.probe.min_pt, note.selection.probe.min_pixel_hits) == (20, 1)
    assert station.min_other_stations == 2
    assert station.min_rpc_layers is None
    assert (passing.max_dx, passing.max_dy) == (15, None)
    assert not note.compatibility.four_vector_rounding
    assert not note.compatibility.truncate_extrapolation
