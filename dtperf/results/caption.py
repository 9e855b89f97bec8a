"""What stands above plots and reports of a result: whose events they are, and of which runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from dtperf.results.origin import EventOrigin
from dtperf.results.recorded import Recorded, recorded
from dtperf.selection.brilcalc import read_luminosity

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["NOTHING_KNOWN", "Caption", "caption_of", "runs_in_words"]

COLLISIONS = (
    *((246908, 260627, 13.0), (271036, 284044, 13.0), (294927, 306462, 13.0)),
    *((314472, 325175, 13.0), (355100, 362760, 13.6), (366442, 370790, 13.6)),
    *((378981, 386951, 13.6), (391658, 398903, 13.6)),
)
"""First and last run of the years' proton collisions, and their energy in TeV: 2015 to 2018, then
2022 to 2025. The runs are those in the names of CMS's golden JSON files, such as
Cert_Collisions2023_366442_370790_Golden.json; runs of ions and of other energies lie outside."""
EXPERIMENT, OURS = "CMS", "dtperf"
UNITS = (("fb", 1.0), ("pb", 1e-3), ("nb", 1e-6), ("ub", 1e-9))


class Caption(NamedTuple):
    """The words."""

    experiment: str
    """In bold: 'CMS'; 'dtperf' for synthetic events; empty for private work, which is not CMS's."""
    status: str
    """Such as 'Preliminary', 'Simulation' or 'Private work (CMS data)'."""
    events: str = ""
    """'data', 'simulation', 'synthetic events', or several of them; empty: it is not known."""
    luminosity: str = ""
    """Such as '32.1 fb⁻¹'; empty: it is not known."""
    energy: str = ""
    """Such as '13.6 TeV'; empty: it is not known."""
    recorded: Recorded | None = None
    """What a table of brilcalc tells, if one was given."""

    @property
    def is_data(self) -> bool:
        """Whether all events are data, or nothing else is known."""
        return self.events in ("", "data")

    @property
    def conditions(self) -> str:
        """Luminosity and energy as they stand above plots, such as '32.1 fb⁻¹ (13.6 TeV)'."""
        energy = f"({self.energy})" if self.energy else ""
        return f"{self.luminosity} {energy}".strip()


NOTHING_KNOWN = Caption(EXPERIMENT, "Private work")


def caption_of(result: Result, *others: Result) -> Caption:
    """Return the words above plots and reports of a result, or of several together.

    What `plot` of its config says comes first. Else the energy is that of the table of luminosity,
    or of the years of its runs; of simulation neither is known. Of several results no luminosity
    is told.

    Raises:
        InputError: The table of luminosity cannot be read.
    """
    settings, events = result.config.plot, _events(result, *others)
    runs = tuple(sorted({run for each in (result, *others) for run in each.runs}))
    found: Recorded | None = None
    luminosity = None if others else settings.luminosity
    if isinstance(luminosity, str):
        table, mask = read_luminosity(luminosity), result.config.selection.luminosity_mask
        found = recorded(table, runs, result.origin.blocks, mask)
        luminosity = found.per_fb or None
    energy = settings.energy or (found and found.energy_tev)
    if energy is None and events == "data":
        energy = _energy_of(runs)
    experiment, status = _status(settings.label, events)
    return Caption(
        experiment,
        status,
        events,
        "" if luminosity is None else _inverse(luminosity),
        "" if energy is None else f"{energy:g} TeV",
        found,
    )


def runs_in_words(runs: Sequence[int]) -> str:
    """Return how many runs there are, and from where to where; empty: none are known."""
    if len(runs) < 2:
        return f"run {runs[0]}" if runs else ""
    return f"{len(runs):,} runs, {runs[0]} to {runs[-1]}"


def _events(*results: Result) -> str:
    origin = sum((result.origin for result in results), EventOrigin())
    if origin.events:
        return origin.words
    # older results do not tell: what CMS simulates has run 1, and synthetic events look like data
    return "simulation" if {result.runs for result in results} == {(1,)} else ""


def _status(label: str | None, events: str) -> tuple[str, str]:
    """Return the experiment and what stands beside it."""
    if events == "synthetic events":
        return OURS, f"Simulation {label or ''}".rstrip()
    if label is not None:
        what = events[:1].upper() + events[1:] if events not in ("", "data") else ""
        return EXPERIMENT, f"{what} {label}".strip()
    if not events:
        return NOTHING_KNOWN.experiment, NOTHING_KNOWN.status
    # CMS's name alone is for what CMS has approved
    return "", f"Private work (CMS {events})"


def _energy_of(runs: tuple[int, ...]) -> float | None:
    """Return the energy of the collisions in TeV, if it is known of all runs, and one."""
    found = {
        next((energy for first, last, energy in COLLISIONS if first <= run <= last), None)
        for run in runs
    }
    return found.pop() if len(found) == 1 else None


def _inverse(per_fb: float) -> str:
    """Write a luminosity with three digits, in the unit that suits it."""
    unit, size = next(((u, s) for u, s in UNITS if per_fb >= s), UNITS[-1])
    value = per_fb / size
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit.replace('u', 'µ')}⁻¹"
