"""What has changed is named once, by the place that changed, with the right numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dtperf.detector import Chamber, Place, chambers
from dtperf.diagnostics.comparison import Changes, changes
from dtperf.diagnostics.comparison.family import family
from dtperf.errors import InputError
from dtperf.results.result import Result
from tests.diagnostics.comparison.toys import Loss, drawn, one, station

MB1 = Place(station=1)
SICK = Chamber(0, 6, 1)


def compared(*losses: Loss, seed: int = 1, **options: float) -> Changes:
    return changes(drawn(seed), drawn(seed + 1000, *losses, first_run=1000, **options))


def names(found: Changes) -> list[str]:
    return [change.place.name for change in found.named]


def by_station(result: Result) -> tuple[np.ndarray, np.ndarray]:
    rows = [row for row in result.by_chamber() if row.chamber.station == 1]
    return (
        np.array([row.efficiency.passed for row in rows], dtype=float),
        np.array([row.efficiency.total for row in rows], dtype=float),
    )


def test_changes_as_a_data_frame() -> None:
    found = compared(one(SICK.name, 0.3))
    frame = found.looks.to_pandas()
    sick = frame[frame.place == SICK.name].iloc[0]
    change = found.of(SICK)
    assert change is not None
    assert (sick.station, sick.wheel, sick.sector) == (1, 0, 6)
    assert sick.before_efficiency == change.before.value
    assert (sick.after_passed, sick.after_total) == change.after[:2]
    assert (sick.after_low, sick.after_high) == change.after[2:]
    assert sick.difference == change.difference
    barrel = frame[frame.place == "the whole barrel"].iloc[0]
    assert barrel[["station", "wheel", "sector"]].isna().all()
    named = found.to_pandas()
    assert named.place.tolist() == names(found) == [SICK.name]
    assert [*named] == [*frame]


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize(("probes", "about"), [(100, 25), (10, 8)])
def test_a_station_that_ages_comes_first_with_the_right_sigma(
    seed: int, probes: int, about: float
) -> None:
    before = drawn(seed, probes=probes)
    after = drawn(seed + 1000, station(1, 0.009), first_run=1000, probes=probes)
    found = changes(before, after)
    assert names(found) == ["MB1"]
    [change] = found.named
    # by the formula of the common difference, from the definition: chamber by chamber
    (k0, n0), (k1, n1) = by_station(before), by_station(after)
    weight = n0 * n1 / (n0 + n1)
    difference = np.sum(weight * (k1 / n1 - k0 / n0)) / weight.sum()
    pooled = (k0 + k1) / (n0 + n1)
    by_counts = np.sqrt(np.sum(weight * pooled * (1 - pooled))) / weight.sum()
    assert change.difference == pytest.approx(difference, rel=1e-9)
    assert change.difference == pytest.approx(-0.009, abs=4 * change.uncertainty)
    expected = abs(difference) / by_counts
    assert expected == pytest.approx(about, abs=4)
    # less by what is taken for a spread between runs; and the tail of a sum of few failures is
    # not that of a Gaussian
    assert 0.88 * expected < change.sigmas < 1.05 * expected


def test_small_ageing_that_no_chamber_shows() -> None:
    # 0.2 points: 7 sigma in the station, 1 in each chamber
    found = compared(station(1, 0.002))
    assert names(found) == ["MB1"]
    alone = [found.of(chamber) for chamber in chambers() if chamber.station == 1]
    assert max(each.sigmas for each in alone if each) < found.named[0].sigmas


@pytest.mark.parametrize("loss", [1.0, 0.3, 0.04])
def test_one_sick_chamber_is_the_chamber_not_its_station(loss: float) -> None:
    found = compared(one(SICK.name, loss))
    assert names(found) == [SICK.name]
    whole = found.of(Place())
    assert whole is not None
    if loss == 1.0:  # although all sums that hold it have changed
        assert whole.sigmas > 10
        assert {each.sigmas > 10 for each in map(found.of, (MB1, Place(0, 6), Place(0)))} == {True}
    assert found.part_of(SICK) == found.named[0]
    assert found.part_of(Chamber(0, 7, 1)) is None


def test_a_station_that_ages_and_a_dead_chamber_in_it() -> None:
    found = compared(station(1, 0.009), one(SICK.name, 1.0))
    by_name = {change.place.name: change for change in found.named}
    assert by_name.keys() == {"MB1", SICK.name}
    assert by_name["MB1"].without == (SICK,)
    assert by_name["MB1"].difference == pytest.approx(-0.009, abs=0.002)
    assert found.part_of(SICK) == by_name[SICK.name]
    assert found.part_of(Chamber(0, 7, 1)) == by_name["MB1"]


def test_a_repaired_chamber_does_not_hide_that_its_station_ages() -> None:
    before = drawn(1, one(SICK.name, 0.5))
    after = drawn(2, station(1, 0.009), first_run=1000)
    found = {change.place.name: change for change in changes(before, after).named}
    assert found.keys() == {"MB1", SICK.name}
    assert found["MB1"].difference < 0 < found[SICK.name].difference


@pytest.mark.parametrize(
    ("place", "loss"),
    [
        (Place(), 0.005),
        (Place(wheel=2), 0.009),
        (Place(sector=4), 0.02),
        (Place(1, station=3), 0.02),
        (Place(0, 5), 0.03),
    ],
)
def test_every_kind_of_place_is_named_as_itself(place: Place, loss: float) -> None:
    inside = {*place.chambers}
    assert names(compared(lambda chamber: loss * (chamber in inside))) == [place.name]


def test_two_stations_are_two_and_three_are_the_barrel_without_one() -> None:
    assert {*names(compared(station(1, 0.006), station(2, 0.006)))} == {"MB1", "MB2"}
    [change] = compared(lambda chamber: 0.006 * (chamber.station < 4)).named
    assert (change.place, change.without) == (Place(), (Place(station=4),))


def test_other_chambers_getting_the_probes_is_no_change() -> None:
    """Sums of counts would show it: MB3 is less efficient, and has lost most of its probes."""
    few = np.array([[15.0 if each.station == 3 else 100.0] for each in chambers()])
    before, after = drawn(1), drawn(2, probes=few, first_run=1000)
    found = changes(before, after)
    whole = found.of(Place())
    assert whole is not None
    naive = whole.after.value - whole.before.value
    assert naive > 5 * whole.uncertainty
    assert abs(whole.difference) < 3 * whole.uncertainty
    assert found.named == ()


def test_a_sector_without_probes_is_not_compared() -> None:
    dark = np.array(
        [[0.0 if (each.wheel, each.sector) == (0, 5) else 100.0] for each in chambers()]
    )
    found = changes(drawn(1), drawn(2, probes=dark, first_run=1000))
    assert found.named == ()
    assert found.of(Place(0, 5)) is None
    assert len(found.chambers) == 246
    sector = found.of(Place(sector=5))
    assert sector is not None
    assert sector.before.total == sum(
        row.efficiency.total
        for row in drawn(1).by_chamber()
        if row.chamber.sector == 5 and row.chamber.wheel
    )


def test_the_other_way_round_is_as_sure_and_of_other_sign() -> None:
    a, b = drawn(1), drawn(2, station(1, 0.009), first_run=1000)
    [there], [back] = changes(a, b).named, changes(b, a).named
    assert there.difference == pytest.approx(-back.difference)
    assert there.sigmas == pytest.approx(back.sigmas, rel=1e-6)


def test_what_changes_when_is_found_in_many() -> None:
    results = [drawn(each, first_run=1000 * each) for each in (1, 2)]
    results += [drawn(each, station(1, 0.005), first_run=1000 * each) for each in (3, 4)]
    results.append(
        drawn(5, station(1, 0.005), one("MB3 W0 S8", 0.5), first_run=5000),
    )
    found = {change.place.name: change for change in changes(*results).named}
    assert {name: change.at for name, change in found.items()} == {"MB1": 2, "MB3 W0 S8": 4}


def test_looks_and_shares() -> None:
    whole = family()
    assert whole.size == 1 + 4 + 5 + 12 + 20 + 60 + 250
    assert whole.shares.sum() == pytest.approx(1)
    found = compared()
    assert len(found.looks) == whole.size
    assert [look.place for look in found.sums] == [
        *(Place(), *(Place(station=each) for each in range(1, 5))),
        *(Place(wheel) for wheel in range(-2, 3)),
    ]
    assert len(found.parts) == 92
    p_values = [look.p_value for look in found.chambers]
    assert p_values == sorted(p_values)


def test_one_result_or_one_without_chambers() -> None:
    with pytest.raises(ValueError, match="two results at least"):
        changes(drawn(1))
    with pytest.raises(InputError, match="the second result lacks 'by_chamber'"):
        changes(drawn(1), replace(drawn(2), counts={}))


def test_they_show_themselves_as_a_table() -> None:
    found = compared(one(SICK.name, 0.5))
    lines = repr(found).splitlines()
    assert lines[0].endswith(" places named as changed, 1 % of them by chance at most")
    assert lines[2].startswith(SICK.name)
    assert f"{100 * found.named[0].difference:+.3f} ± " in lines[2]
    assert SICK.name in found._repr_html_()
    assert repr(found.chambers).splitlines()[1].startswith(SICK.name)
    assert "nothing has changed" in repr(found._replace(named=found.named[:0]))
