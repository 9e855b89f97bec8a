"""Losses that the efficiency hides are found and named as one, healthy detectors are not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import dtperf
from dtperf.detector import Chamber, Place, chambers, fiducial_acceptances
from dtperf.diagnostics.flags import HIDING, Flag, flag, flag_history, losses
from dtperf.diagnostics.flags.few_probes import MARGIN, few_probes
from dtperf.diagnostics.flags.model import PlaceTest
from dtperf.results.result import Result
from dtperf.synthetic.efficiency import cms_table
from tests.diagnostics.flags.hidden_toys import HALF, hidden_toy
from tests.helpers.ledgers import row
from tests.helpers.made_results import config, made

SECTOR, WHEEL = Place(0, 5), Place(1)
OUTER = {Place(-2): 0.0, Place(2): 0.0}
FALSE_ALARMS = 0.01


def of(flags: tuple[Flag, ...], kind: str) -> list[Place]:
    return [each.place for each in flags if each.kind == kind]


def test_a_dead_sector_is_named_and_not_its_chambers() -> None:
    found = flag(hidden_toy(1, eligible={SECTOR: 0.08}), hidden_toy(2))
    assert of(found, "few eligible") == of(found, "eligible dropped") == [SECTOR]
    assert of(found, "few probes") == []
    [loss] = losses(found)
    assert loss.place == SECTOR
    assert loss.flags[0].reason.endswith(": readout?")
    row = losses(found).to_pandas().iloc[0]
    assert (row.wheel, row.sector, row.p_value) == (SECTOR.wheel, SECTOR.sector, loss.p_value)
    assert row.reasons.startswith(loss.flags[0].reason)
    result = hidden_toy(1, eligible={SECTOR: 0.08})
    counts = result["eligible_by_sector_and_run"].project("station", "wheel", "sector", "passed")
    lost, kept = counts.view()[:, 2, 4].sum(axis=0)
    assert f"{100 * lost / (lost + kept):.1f} % of its probes have left" in loss.flags[0].reason
    assert f"({int(lost):,} of {int(lost + kept):,})" in loss.flags[0].reason


def test_a_dead_wheel_is_named_and_not_its_sectors() -> None:
    found = flag(hidden_toy(3, eligible={WHEEL: 0.15}))
    assert [loss.place for loss in losses(found)] == [WHEEL]


@pytest.mark.parametrize("sectors", [range(3, 6), range(1, 7)])
def test_half_a_wheel(sectors: range) -> None:
    places = [Place(-1, sector) for sector in sectors]
    found = flag(hidden_toy(4, eligible=dict.fromkeys(places, 0.1)))
    assert sorted(of(found, "few eligible")) == places
    assert {loss.place for loss in losses(found)} == {*places}


def test_one_dead_chamber_is_not_its_sector() -> None:
    """The other three lose probes, for it is one of those that may see them."""
    chamber = Place(0, 5, 1)
    others = {Place(0, 5, station): 0.82 for station in (2, 3, 4)}
    ill = hidden_toy(5, eligible=others, efficiency={chamber: 0.0})
    [loss] = losses(flag(ill, hidden_toy(6)))
    assert loss.place == chamber
    assert {each.kind for each in loss.flags} == {"low", "dropped"}
    assert {each.place for each in loss.others} == {*others}


def test_a_larger_loss_within_a_smaller_one_is_told() -> None:
    ill = hidden_toy(7, eligible={WHEEL: 0.9, Place(1, 8): 0.1})
    found = losses(flag(ill, hidden_toy(8)))
    assert [loss.place for loss in found[:2]] == [WHEEL, Place(1, 8)]


@pytest.mark.parametrize(
    "place", [Chamber(2, 9, 4), Chamber(0, 1, 1), Place(-1, 3), Place(0, 10), Place(-2), Place(0)]
)
def test_places_without_any_probe(place: Place) -> None:
    place = Place(*place)
    found = flag(hidden_toy(9, fewer={place: 0.0}))
    assert of(found, "few probes") == [place]
    assert found[0].reason.startswith("0 fiducial probes, where the other ")
    assert [loss.place for loss in losses(found)] == [place]


def test_stations_without_any_probe() -> None:
    for place in (Place(station=4), Place(1, station=2)):
        assert of(flag(hidden_toy(10, fewer={place: 0.0})), "few probes") == [place]


def test_a_sector_that_lost_half_of_its_probes() -> None:
    found = flag(hidden_toy(11, fewer={Place(-2, 7): 0.5}))
    assert of(found, "few probes") == [Place(-2, 7)]
    assert found[0].loss == pytest.approx(0.5, abs=0.06)


def test_with_few_events_an_empty_chamber_says_nothing() -> None:
    result = hidden_toy(12, probes=0.1)
    assert (result["by_chamber"].project("station", "wheel", "sector").view() == 0).any()
    assert of(flag(result), "few probes") == []


def test_no_probes_at_all() -> None:
    assert flag(hidden_toy(13, probes=0)) == ()


def test_wheels_that_the_cuts_leave_out_are_not_expected() -> None:
    rng = np.random.default_rng(14)
    wide, narrow = (_even(rng, OUTER, 300, eta) for eta in (1.0, 0.55))
    assert sorted(of(flag(wide), "few probes")) == [*OUTER]
    assert of(flag(narrow), "few probes") == []


def test_without_the_eligible_fraction_the_denominators_are_looked_at() -> None:
    whole = hidden_toy(15, eligible={SECTOR: 0.08})
    found = flag(replace(whole, counts={"by_chamber": whole.counts["by_chamber"]}))
    assert of(found, "few probes") == [SECTOR]
    assert "eligible probes" in found[0].reason


@pytest.mark.parametrize("place", [SECTOR, WHEEL, Place(-1, 2, 3)])
def test_the_run_of_a_drop(place: Place) -> None:
    ill = hidden_toy(16, eligible={place: 0.7}, from_run=HALF)
    # at 1 % a toy has a false one now and then, and this one has
    found = flag(ill, false_alarms=1e-4, kinds=["eligible drifting"])
    assert [each.place for each in found] == [place]
    assert found[0].run == HALF
    assert found[0].runs is not None
    assert found[0].runs[0] <= HALF <= found[0].runs[1]


def test_the_result_of_a_drop() -> None:
    results = [
        (f"result {number}", hidden_toy(20 + number, eligible={SECTOR: 0.6 if number > 1 else 1}))
        for number in range(4)
    ]
    found = flag_history(results)
    assert of(found, "eligible drifting") == [SECTOR]
    assert " from result 2 on, " in losses(found)[0].flags[0].reason
    assert flag_history(results[:2]) == ()


def test_the_last_result_of_a_history_may_lack_a_sector() -> None:
    results = [(name, hidden_toy(30, eligible={SECTOR: 0.1})) for name in "ab"]
    reasons = [each.reason for each in flag_history(results) if each.kind == "few eligible"]
    assert [reason.split(" % ")[0][:5] for reason in reasons] == ["in b "]


def test_the_chambers_of_cms_have_the_probes_that_their_size_lets_expect() -> None:
    """MB2 W-2 S12, MB3 W0 S8 and MB3 W-1 S9 are known to be ill, and have all their probes."""
    table = cms_table()
    counts = config().measurements.active()["by_chamber"].empty()
    for chamber in chambers():
        k, n = int(table.passed[chamber.code]), int(table.total[chamber.code])
        at = chamber.station - 1, chamber.wheel + 2, chamber.sector - 1
        counts.view(flow=True)[at] = n - k, k
    result = replace(made([row("cms", 0, 10)]), counts={"by_chamber": counts})
    found = flag(result)
    assert {each.place.name for each in found} == {"MB2 W-2 S12", "MB3 W0 S8", "MB3 W-1 S9"}
    assert {each.kind for each in found} == {"low"}
    assert max(look.flag.loss for look in few_probes(result)) == pytest.approx(0.240, abs=1e-3)


def test_the_p_value_of_few_probes_is_that_of_poisson_counts() -> None:
    """A chamber that has just lost the margin is as conspicuous as chance allows."""
    rng = np.random.default_rng(3)
    chamber = Place(0, 6, 2)
    values = []
    for seed in range(100):
        toy = _even(rng, {chamber: 1 - MARGIN}, 300 + seed % 7)
        values.append(of_place(few_probes(toy), chamber).p_value)
    assert stats.kstest(values, "uniform").pvalue > 1e-3


def of_place(looks: list[PlaceTest], place: Place) -> Flag:
    return next(look.flag for look in looks if look.flag.place == place)


def _even(
    rng: np.random.Generator, factors: dict[Place, float], mean: float, eta: float = 1.0
) -> Result:
    """Poisson counts that differ only by what the chambers' acceptances are."""
    analysis = dtperf.load_config("reference_2023", [f"selection.station.max_abs_eta={[eta] * 4}"])
    acceptance = fiducial_acceptances([eta] * 4, -15, -15)
    counts = config().measurements.active()["by_chamber"].empty()
    for each in chambers():
        factor = next((f for place, f in factors.items() if each in place.chambers), 1.0)
        n = rng.poisson(mean * factor * acceptance[each.code] / np.nanmax(acceptance))
        counts.view(flow=True)[each.station - 1, each.wheel + 2, each.sector - 1] = 0, n
    even = made([row("even", 0, 10)])
    return replace(even, config=analysis, counts={"by_chamber": counts})


def alarms(seeds: range, probes: float) -> Counter[str]:
    """In how many healthy toys there is a flag of each kind."""
    seen: Counter[str] = Counter()
    reference = hidden_toy(seeds.start - 1, probes)
    for seed in seeds:
        result = hidden_toy(seed, probes)
        seen.update({each.kind for each in flag(result, reference, FALSE_ALARMS, HIDING)})
        reference = result
    return seen


def check_alarms(toys: int, probes: float) -> None:
    # if all are healthy, any flag is a false one: then the rate is that of toys with any flag
    found = alarms(range(100, 100 + toys), probes)
    most = FALSE_ALARMS * toys + 3 * np.sqrt(FALSE_ALARMS * toys)
    assert all(number <= most for number in found.values()), found


@pytest.mark.parametrize("probes", [0.5, 5, 150])
def test_healthy_detectors_in_a_few_toys(probes: float) -> None:
    check_alarms(6, probes)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("probes", [0.5, 5, 150])
def test_healthy_detectors_in_many_toys(probes: float) -> None:
    check_alarms(120, probes)
