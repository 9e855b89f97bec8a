"""Ranges and indices that no sound file has: nothing crashes, no event sees another's entries."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
from coffea.nanoevents import NanoEventsFactory
from coffea.nanoevents.mapping import SimplePreloadedColumnSource
from hypothesis import given, settings
from hypothesis import strategies as st

from dtperf.nanoaod.schema import MuonDPGSchema
from tests.nanoaod.files import write_tree
from tests.nanoaod.modes import MODES, compute, load

LARGEST = 2**32 - 1

bounds = st.one_of(st.integers(0, 6), st.sampled_from([LARGEST, LARGEST - 1, 2**31]))
event = st.tuples(
    st.lists(st.tuples(bounds, bounds), max_size=4),  # begin and end of each muon
    st.lists(bounds, max_size=5),  # indices of the event's staMatches
    st.integers(0, 4),  # segments of the event
)


def as_arrays(events: list[Any], dtype: Any = np.uint32) -> dict[str, Any]:
    """Make columns of (ranges, indices, segments); every entry knows its event and place."""
    ranges = [e[0] for e in events]
    places = [[20 * i + k for k in range(len(e[1]))] for i, e in enumerate(events)]
    stations = [[20 * i + k for k in range(e[2])] for i, e in enumerate(events)]
    columns = {
        "muon_matches_begin": [[b for b, _ in muons] for muons in ranges],
        "muon_matches_end": [[e for _, e in muons] for muons in ranges],
        "muon_matches_station": places,
        "muon_staMatches_MuSegIdx": [e[1] for e in events],
        "dtSegment_station": stations,
    }
    columns["muon_staMatches_begin"] = columns["muon_matches_begin"]
    columns["muon_staMatches_end"] = columns["muon_matches_end"]
    return {name: _jagged(rows, dtype) for name, rows in columns.items()}


def _jagged(rows: list[list[int]], dtype: Any) -> Any:
    flat = np.asarray([x for row in rows for x in row], dtype=dtype)
    return ak.unflatten(flat, np.asarray([len(row) for row in rows], dtype=np.int64))


def expected_matches(events: list[Any]) -> list[Any]:
    return [
        [
            [20 * i + k for k in range(max(b, 0), min(e, len(event[1]))) if b >= 0]
            for b, e in event[0]
        ]
        for i, event in enumerate(events)
    ]


def expected_stations(events: list[Any]) -> list[Any]:
    return [
        [
            [
                20 * i + event[1][place - 20 * i]
                for place in muon
                if 0 <= event[1][place - 20 * i] < event[2]
            ]
            for muon in muons
        ]
        for i, (event, muons) in enumerate(zip(events, expected_matches(events), strict=True))
    ]


def in_memory(arrays: dict[str, Any], events: int) -> Any:
    source = SimplePreloadedColumnSource(arrays, "some-uuid", events, "/Events")
    return NanoEventsFactory.from_preloaded(source, schemaclass=MuonDPGSchema).events()


@settings(deadline=None)
@given(st.lists(event, min_size=1, max_size=6))
def test_ranges_are_clipped_to_their_event(content) -> None:
    events = in_memory(as_arrays(content), len(content))
    assert events.muon.matches.station.to_list() == expected_matches(content)
    assert events.muon.staMatches.station.to_list() == expected_stations(content)
    backwards = events[::-1].muon[:, ::-1].matches.station.to_list()
    assert backwards == [muons[::-1] for muons in expected_matches(content)[::-1]]


NONSENSE = [
    ([(0, LARGEST), (LARGEST, 3), (3, 1)], [0, LARGEST, 1], 2),
    ([(2, 2), (3, 3), (3, 4)], [1, 0, 9], 0),
    ([], [], 3),
    ([(0, 1)], [], 1),
    ([(LARGEST, LARGEST)], [0], 1),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("format", ["ttree", "rntuple"])
def test_nonsense_in_files(tmp_path, mode, format) -> None:
    path = write_tree(as_arrays(NONSENSE), tmp_path / "nonsense.root", format)
    events = load(path, mode)
    assert compute(events.muon.matches.station).to_list() == expected_matches(NONSENSE)
    assert compute(events.muon.staMatches.station).to_list() == expected_stations(NONSENSE)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint8])
def test_any_integer_type_will_do(dtype) -> None:
    content = [([(0, 2), (2, 3), (5, 1)], [1, 0, 1], 2), ([], [], 0), ([(0, 9)], [0], 1)]
    events = in_memory(as_arrays(content, dtype), 3)
    assert events.muon.matches.station.to_list() == [
        [[0, 1], [2], []],
        [],
        [[40]],
    ]


def test_a_negative_begin_is_no_range() -> None:
    content = [([(-1, 2), (-999, -999), (0, 2)], [0, -1], 2)]
    events = in_memory(as_arrays(content, np.int32), 1)
    assert events.muon.matches.station.to_list() == [[[], [], [0, 1]]]
    assert events.muon.staMatches.station.to_list() == [[[], [], [0]]]
