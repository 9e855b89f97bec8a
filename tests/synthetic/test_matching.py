from __future__ import annotations

import numpy as np

from dtperf.synthetic.candidates import SegmentCandidates, merge
from dtperf.synthetic.detector import Detector
from dtperf.synthetic.matching import muon_segments, station_mask
from dtperf.synthetic.segments import make_segments
from tests.synthetic.crossings import code_of, crossings_at, muons_by_event, scattered


def segments_of(rows, n_events):
    """Rows of event, muon, chamber, x, y, phi hits, z hits."""
    event, muon, name, x, y, phi_hits, z_hits = zip(*rows, strict=True)
    n = len(rows)
    singles = [np.zeros(n, dtype=np.float32) for _ in range(4)]
    part = SegmentCandidates(
        np.array(event),
        np.array(muon),
        np.array([code_of(each) for each in name], dtype=np.int16),
        np.array(x, dtype=float),
        np.array(y, dtype=float),
        np.zeros(n),
        np.zeros(n),
        np.array(phi_hits, dtype=np.int16),
        np.array(z_hits, dtype=np.int16),
        *singles,
    )
    return merge([part], n_events)


def test_a_station_counts_if_a_phi_segment_is_near():
    offsets = muons_by_event([1, 2])
    segments = segments_of(
        [
            (0, 0, "MB1 W0 S1", 12.0, 5.0, 8, 4),
            (0, 0, "MB2 W0 S1", 18.0, 0.0, 8, 0),  # 8 cm off, too far in MB2
            (0, 0, "MB3 W0 S1", 10.0, 40.0, 0, 4),  # no phi view
            (1, 1, "MB4 W0 S1", 22.0, 0.0, 8, 0),  # 12 cm off, near enough in MB4
            (1, 2, "MB1 W0 S2", 10.0, 40.0, 8, 4),  # 40 cm off in y
            (1, -1, "MB2 W0 S2", 10.0, 0.0, 3, 0),  # noise counts as well; y is not known
        ],
        2,
    )
    names = [f"MB{s} W0 S1" for s in (1, 2, 3)] + ["MB4 W0 S1", "MB1 W0 S2", "MB2 W0 S2"]
    matches = crossings_at(
        [0, 0, 0, 1, 2, 2], [code_of(name) for name in names], 10.0, [0, 0, 40, 0, 0, 40]
    )
    mask = station_mask(segments, matches, offsets)
    assert mask.dtype == np.uint8
    assert mask.tolist() == [0b0001, 0b1000, 0b0010]


def test_segments_of_other_events_and_chambers_do_not_count():
    offsets = muons_by_event([1, 1])
    segments = segments_of([(0, 0, "MB1 W0 S1", 0, 0, 8, 4)], 2)
    matches = crossings_at([0, 1], [code_of("MB1 W0 S2"), code_of("MB1 W0 S1")], 0, 0)
    assert station_mask(segments, matches, offsets).tolist() == [0, 0]


def test_each_muon_has_its_first_segment_in_each_chamber():
    offsets = muons_by_event([2, 0, 2])
    segments = segments_of(
        [
            (0, 1, "MB1 W0 S1", 0, 0, 8, 4),
            (0, 0, "MB1 W0 S1", 9, 0, 8, 4),
            (0, 1, "MB1 W0 S1", 3, 0, 5, 4),  # of a shower
            (0, 1, "MB3 W0 S1", 0, 0, 0, 4),
            (2, -1, "MB1 W0 S1", 0, 0, 3, 0),
            (2, 3, "MB2 W0 S1", 0, 0, 8, 4),
        ],
        3,
    )
    own = muon_segments(segments, offsets)
    assert own.offsets.tolist() == [0, 1, 3, 3, 4]
    assert own.segment.tolist() == [1, 0, 3, 1]
    assert own.segment.dtype == np.uint32


def test_own_segments_are_those_of_the_truth():
    rng = np.random.default_rng(4)
    muon_offsets = muons_by_event(rng.integers(0, 4, 2000))
    _, crossings = scattered(rng, 6000)
    crossings = crossings._replace(track=np.sort(rng.integers(0, muon_offsets[-1], 6000)))
    detector = Detector(second_segment=0.4, noise_segments=2)
    segments, _ = make_segments(rng, muon_offsets, crossings, np.zeros(2000), detector)
    own = muon_segments(segments, muon_offsets)
    event = np.repeat(np.arange(2000), np.diff(muon_offsets))
    for muon in range(int(muon_offsets[-1])):
        start, stop = segments.offsets[event[muon]], segments.offsets[event[muon] + 1]
        rows = [i for i in range(start, stop) if segments.muon[i] == muon]
        first = {int(segments.code[i]): i - start for i in reversed(rows)}
        expected = [first[code] for code in sorted(first)]
        assert own.segment[own.offsets[muon] : own.offsets[muon + 1]].tolist() == expected
