"""The kernels against the plain event loop, on events made to sit on the edges of the cuts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dtperf.config import AnalysisConfig
from dtperf.measurements.fill import fill
from dtperf.selection import tag_and_probe
from dtperf.selection.totals import totals
from tests.helpers import strategies
from tests.helpers.events import nano_events
from tests.helpers.golden import AXES, GOLDEN, as_reference
from tests.helpers.reference_loop import (
    BRANCHES,
    Cuts,
    count_doubles,
    differences,
    loop,
    read_events,
)
from tests.helpers.strategies import good_muon


def config_of(cuts: Cuts) -> AnalysisConfig:
    """Write the oracle's cut values as a config."""
    return AnalysisConfig.model_validate(
        {
            "selection": {
                "tag": {
                    "trigger": "isolated" if cuts.tag_iso_trigger else "single",
                    "iso": cuts.tag_iso,
                    "max_iso": cuts.tag_max_iso,
                    "min_pt": cuts.tag_min_pt,
                },
                "probe": {
                    "min_pt": cuts.probe_min_pt,
                    "iso": cuts.probe_iso,
                    "max_iso": cuts.probe_max_iso,
                    "min_tracker_layers": cuts.probe_min_layers,
                    "min_pixel_hits": cuts.probe_min_pixel_hits,
                },
                "pair": {
                    "min_mass": cuts.min_mass,
                    "max_mass": cuts.max_mass,
                    "max_abs_dz": cuts.max_abs_dz_pair,
                    "min_dr": cuts.min_dr,
                    "charge": cuts.charge,
                    "unique_probe": cuts.unique_probe,
                },
                "station": {
                    "max_abs_eta": cuts.probe_max_abs_eta,
                    "min_other_stations": cuts.min_other_stations,
                    "min_rpc_layers": cuts.min_rpc_layers,
                    "border": cuts.border,
                    "border_x": cuts.border_x,
                    "border_y": cuts.border_y,
                },
                "passing": {
                    "max_dx": cuts.max_dx,
                    "max_dy": cuts.max_dy,
                    "max_dr": cuts.max_dr,
                    "choice": cuts.choice,
                },
            },
            "compatibility": {
                "truncate_extrapolation": cuts.truncate,
                "four_vector_rounding": cuts.four_vector,
                "root_binning": "older" if cuts.older_bins else "newer",
            },
        }
    )


def check_against_loop(data: st.DataObject) -> None:
    cuts = data.draw(strategies.cuts())
    events = data.draw(st.lists(strategies.events(cuts), min_size=1, max_size=6))
    config = config_of(cuts)
    tables = tag_and_probe(nano_events(events), config)
    booked = fill(config.filled_measurements(), tables)
    assert not differences(as_reference(booked), loop(events, AXES, cuts))
    doubles = count_doubles(events, cuts)
    found = totals(tables.pairs, tables.crossings)
    assert {name: found[name] for name in doubles} == doubles


any_data = given(data=st.data())
test_any_events_and_cuts = settings(max_examples=30)(any_data(check_against_loop))
test_many_events_and_cuts = pytest.mark.slow(
    settings(max_examples=200)(any_data(check_against_loop))
)


def test_rpc_layers_do_not_count_when_told_so() -> None:
    events = nano_events(read_events(GOLDEN)[:400])

    def by_chamber(min_rpc_layers: int | None) -> Any:
        config = AnalysisConfig.model_validate(
            {"selection": {"station": {"min_rpc_layers": min_rpc_layers}}}
        )
        tables = tag_and_probe(events, config)
        return fill(config.measurements.active(), tables)["by_chamber"]

    assert by_chamber(None) == by_chamber(1000)  # more than a muon can have
    assert by_chamber(None) != by_chamber(10)


def test_mass_is_added_up_in_double_precision() -> None:
    # in single precision this pair's mass falls on the other side of 90.7 GeV
    event: dict[str, Any] = {name: [] for name in BRANCHES}
    for number, pt in enumerate((47.10283279418945, 43.88173294067383)):
        for name, value in {**good_muon(number), "muon_pt": pt}.items():
            event[name].append(value)
    event["muon_matches_begin"] = event["muon_matches_end"] = [0, 0]
    pairs = tag_and_probe(nano_events([event]), config_of(Cuts(min_mass=90.7))).pairs
    exact = np.float32(90.70000342417578)  # of the closed formula, massless terms included
    assert (pairs["mass"] == exact).all()
    assert pairs["selected"].all()
