"""Ties and truncation, which drawn events seldom meet, worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dtperf.config import AnalysisConfig
from dtperf.selection import tag_and_probe
from dtperf.selection.tables import Table
from tests.helpers.events import nano_events
from tests.helpers.reference_loop import BRANCHES
from tests.helpers.strategies import good_muon

PHI_ONLY = {"hasPhi": True, "hasZed": False}
BOTH = {"hasPhi": True, "hasZed": True}


def crossings(
    matches: list[tuple[int, int, float]],
    segments: list[tuple[int, int, float, float, dict[str, bool]]],
    truncate: bool = False,
    **passing: float,
) -> Table:
    """Cross chambers of wheel 0 with one probe.

    Args:
        matches: Station, sector and x; y is 0.
        segments: Station, sector, x, y and views, each of 8 phi hits and 4 theta hits.
        truncate: Cut the crossing to whole centimetres.
        **passing: Cuts on the segment.
    """
    event: dict[str, list[Any]] = {name: [] for name in BRANCHES}
    for number in (0, 1):
        for name, value in {**good_muon(number), "muon_isTight": number == 0}.items():
            event[name].append(value)
    event["muon_matches_begin"], event["muon_matches_end"] = [0, 0], [0, len(matches)]
    for station, sector, x in matches:
        numbers = {"station": station, "wheel": 0, "sector": sector, "x": x, "y": 0.0}
        for name, value in {**numbers, "edgeX": -99.0, "edgeY": -99.0}.items():
            event[f"muon_matches_{name}"].append(value)
    for station, sector, x, y, views in segments:
        numbers = {"station": station, "wheel": 0, "sector": sector, "seg4D_posLoc_x": x}
        numbers |= {"seg4D_posLoc_y": y, "seg2D_phi_t0": 0.0}
        numbers |= {f"seg4D_{name}": has for name, has in views.items()}
        for name, value in {**numbers, "seg2D_phi_nHits": 8, "seg2D_z_nHits": 4}.items():
            event[f"dtSegment_{name}"].append(value)
    config = AnalysisConfig.model_validate(
        {
            "compatibility": {"truncate_extrapolation": truncate},
            "selection": {"passing": passing},
        }
    )
    return tag_and_probe(nano_events([event]), config).crossings


def test_of_segments_with_equal_hits_the_first_wins() -> None:
    rows = crossings([(1, 4, 0.0)], [(1, 4, 4.5, 0.0, BOTH), (1, 4, -2.5, 0.0, BOTH)])
    assert rows["dx"][0] == 4.5


def test_hits_of_a_view_that_is_not_there_do_not_count() -> None:
    rows = crossings([(1, 4, 0.0)], [(1, 4, 4.5, 0.0, PHI_ONLY), (1, 4, -2.5, 0.0, BOTH)])
    assert rows["dx"][0] == 2.5


def test_of_chambers_with_equal_distance_the_first_wins() -> None:
    segments = [(4, 4, 2.5, 0.0, BOTH), (4, 13, 0.0, 2.5, BOTH)]
    for sectors, dx in (((4, 13), 2.5), ((13, 4), 0.0)):
        rows = crossings([(4, sector, 0.0) for sector in sectors], segments)
        in_mb4 = rows["station"] == 4
        assert rows["station_dx"][in_mb4].tolist() == [dx, dx]
        assert rows["is_first"][in_mb4].tolist() == [True, False]


@pytest.mark.parametrize(("truncate", "found"), [(True, True), (False, False)])
def test_truncation_is_toward_zero(truncate: bool, found: bool) -> None:
    # -0.5 becomes 0, 14.9 cm away; as it is it is 15.4 cm away; -1, the floor, would be 15.9
    rows = crossings([(1, 4, -0.5)], [(1, 4, 14.9, 0.0, PHI_ONLY)], truncate)
    assert rows["passing"][0] == found
    # what is filled is not truncated
    assert not found or rows["dx"][0] == pytest.approx(15.4)


@pytest.mark.parametrize("passing", [{"max_dx": 15.0}, {"max_dx": 40.0, "max_dr": 15.0}])
def test_limits_are_strict(passing: dict[str, float]) -> None:
    for x, found in ((15.0, False), (float(np.nextafter(np.float32(15), np.float32(0))), True)):
        rows = crossings([(1, 4, 0.0)], [(1, 4, x, 0.0, PHI_ONLY)], **passing)
        assert rows["passing"][0] == found
