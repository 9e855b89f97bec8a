"""Declarations of variations, and what they make of an analysis."""

from __future__ import annotations

from typing import Any

import pytest

from dtperf.config import load_config
from dtperf.diagnostics.systematics.declaration import Variation, changes_of, load_variations
from dtperf.errors import ConfigError

PT = {"selection.probe.min_pt": (-5, 5)}


def changes(cuts: Any = (), **way: Any) -> list[tuple[str, dict[str, Any]]]:
    nominal = load_config("reference_2023", cuts)
    return [(name, dict(each)) for name, each in changes_of(Variation(text="x", **way), nominal)[0]]


def test_ways_to_vary() -> None:
    assert changes(plus={"selection.probe.max_iso": (-0.05, 0.05)}) == [
        ("down", {"selection.probe.max_iso": 0.1}),
        ("up", {"selection.probe.max_iso": 0.2}),
    ]
    assert changes(times={"selection.pair.max_abs_dz": (0.5, 2)})[1][1] == {
        "selection.pair.max_abs_dz": 2.0
    }
    eta = changes(plus={"selection.station.max_abs_eta": (-0.05, 0.05)})[0][1]
    assert eta == {"selection.station.max_abs_eta": [1.15, 1.0, 0.85, 0.7]}
    hits = changes(plus={"selection.probe.min_pixel_hits": (-1, 1)})[0][1]
    assert isinstance(hits["selection.probe.min_pixel_hits"], int)


def test_an_alternative_is_another_value_than_the_own_one() -> None:
    way = {"selection.passing.choice": ("nearest", "most_hits")}
    assert changes(instead=way) == [("other", {"selection.passing.choice": "nearest"})]
    other = changes({"selection.passing.choice": "nearest"}, instead=way)
    assert other == [("other", {"selection.passing.choice": "most_hits"})]


def test_what_cannot_be_varied_says_why() -> None:
    note = load_config("cms_dp_2023_049")
    way = Variation(text="x", plus={"selection.passing.max_dy": (-5, 10)})
    assert changes_of(way, note) == ([], "selection.passing.max_dy: the analysis has no such limit")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"text": "x"}, "give one of"),
        ({"text": "x", "plus": PT, "times": PT}, "give one of"),
        ({"text": "x", "plus": {"selection.probe.pt": (-5, 5)}}, "did you mean"),
        ({"text": "x", "plus": PT, "group": "none"}, "not among the groups"),
        ({"text": "x", "estimate": "mass_fit"}, "limits"),
        ({"text": "x", "estimate": "same_sign", "limits": (1.0, 2.0)}, "limits"),
        ({"text": "x", "plus": PT, "plsu": PT}, "plsu"),
    ],
)
def test_a_wrong_declaration(content: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_variations({"variations": {"one": content}})


def test_no_such_file() -> None:
    with pytest.raises(ConfigError, match="did you mean 'standard'"):
        load_variations("standart")
