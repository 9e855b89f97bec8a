"""What a misspelt name may have meant."""

from __future__ import annotations

import pytest

from dtperf.config.suggest import suggest


@pytest.mark.parametrize(
    ("name", "meant"), [("dX", "dx"), ("DZ", "dz"), ("probe_PT", "probe_pt"), ("mas", "Mass")]
)
def test_case_does_not_matter(name: str, meant: str) -> None:
    known = ["dx", "dz", "probe_pt", "Mass"]
    assert suggest(name, known) == f"; did you mean '{meant}'?"


def test_without_a_near_name_all_are_named() -> None:
    assert suggest("unlike", ["dx", "dz"]) == "; known are dx, dz"
