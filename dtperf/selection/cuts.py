"""The cuts of the tag-and-probe, with the values of the 2023 reference program as defaults.

All comparisons are strict, as in the reference, and made in single precision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Protocol, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat, model_validator

from dtperf.validation import Model

if TYPE_CHECKING:
    from dtperf.selection.block_luminosity import LuminosityByBlock

__all__ = [
    "LARGEST_CATEGORY",
    "MOST_WIRES",
    "Compatibility",
    "DeadCell",
    "DeadCells",
    "Extrapolation",
    "LayerCuts",
    "LuminosityMask",
    "PairCuts",
    "PassingCuts",
    "ProbeCuts",
    "Selection",
    "StationCuts",
    "TableName",
    "TagAndProbe",
    "TagCuts",
    "join_blocks",
]

Extrapolation = Literal["ntuple", "helix"]
TableName = Literal[
    "pairs", "crossings", "segments", "layers", "mean_timers", "digis", "rpc_crossings"
]

LARGEST_RUN = 2**32 - 1
LARGEST_CATEGORY = 2**31 - 1
"""The largest number that an axis of categories can have, such as one of runs."""

RunNumber = Annotated[int, Field(ge=1, le=LARGEST_RUN)]
Run = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,9}$")]
Blocks = tuple[tuple[RunNumber, RunNumber], ...]


def _with_text_keys(mask: Any) -> Any:
    # YAML makes numbers of them
    if not isinstance(mask, Mapping):
        return mask
    return {str(run) if type(run) is int else run: blocks for run, blocks in mask.items()}


def _in_order(mask: dict[str, Blocks]) -> dict[str, Blocks]:
    """Order runs and blocks, and join ranges: equal masks give equal hashes."""
    return {run: _checked(run, mask[run]) for run in sorted(mask, key=int)}


def _checked(run: str, blocks: Blocks) -> Blocks:
    if int(run) > LARGEST_RUN:
        raise ValueError(f"{run} is no run number")
    for first, last in blocks:
        if last < first:
            raise ValueError(f"run {run}: blocks {first} to {last} are none: first, then last")
    return join_blocks(blocks)


def join_blocks(blocks: Iterable[tuple[int, int]]) -> Blocks:
    """Return ranges of luminosity blocks in order, those that touch or overlap as one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(blocks):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


LuminosityMask = Annotated[
    dict[Run, Blocks], BeforeValidator(_with_text_keys), AfterValidator(_in_order)
]
"""Run number, as text, to ranges of luminosity blocks: the first and the last of each."""


LARGEST = float(np.finfo(np.float32).max)
HIGHEST_PT_GEV = 7000  # half the LHC's design energy: no muon has more
MOST_WIRES = 96
LARGEST_COUNT = 127  # generation A keeps these counts as int8


def _fits_single_precision(value: float) -> float:
    if abs(value) > LARGEST or (value != 0 and np.float32(value) == 0):
        raise ValueError(f"{value:g} does not fit into a number of single precision")
    return value


Single = AfterValidator(_fits_single_precision)
Number = Annotated[FiniteFloat, Single]
Positive = Annotated[FiniteFloat, Field(gt=0), Single]
MinPt = Annotated[FiniteFloat, Field(ge=0, le=HIGHEST_PT_GEV), Single]
MinMass = Annotated[FiniteFloat, Field(ge=0, le=2 * HIGHEST_PT_GEV), Single]
MinDr = Annotated[FiniteFloat, Field(ge=0, lt=6), Single]  # it is at most 5.9 within |eta| < 2.5
Isolation = Literal["pf", "tracker"]
MinCount = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]


class TagCuts(Model):
    """Which muons may be a tag; Tight ID is always asked for."""

    trigger: Literal["isolated", "single", "none"] = "isolated"
    """Path that the tag fired: isolated muon (HLT_IsoMu2*), single muon (HLT_Mu55*), or any."""
    iso: Isolation = "pf"
    """Isolation relative to pT that is cut on: that of particle flow in a cone of 0.4, which is
    muon_pfIso04, or that of tracks in a cone of 0.3, which is muon_trkIso03."""
    max_iso: Positive = 0.15
    """Upper limit on that isolation."""
    min_pt: MinPt = 27.0
    """Lower limit on pT, GeV."""


class ProbeCuts(Model):
    """Which muons may be a probe; tracker or RPC muons whose inner track is not muon-seeded."""

    iso: Isolation = "pf"
    """Isolation relative to pT that is cut on, as for the tag."""
    max_iso: Positive = 0.15
    """Upper limit on that isolation."""
    min_pt: MinPt = 20.0
    """Lower limit on pT, GeV."""
    min_tracker_layers: MinCount = 6
    """Least number of tracker layers with a valid hit."""
    min_pixel_hits: MinCount = 1
    """Least number of valid pixel hits."""


class PairCuts(Model):
    """Which tag and probe belong together."""

    min_mass: MinMass = 81.0
    """Lower limit on the invariant mass, GeV."""
    max_mass: Positive = 101.0
    """Upper limit on the invariant mass, GeV."""
    max_abs_dz: Positive = 1.0
    """Upper limit on the distance of the two tracks along the beam, cm."""
    min_dr: MinDr = 0.3
    """Lower limit on the distance in (eta, phi)."""
    charge: Literal["opposite", "same"] = "opposite"
    """Charge of the probe, beside that of the tag; pairs of the same show what is not a Z."""
    unique_probe: bool = False
    """Whether a probe counts once in an event, for the first tag that selects it. The search of a
    later tag ends there, too, without a pair: no other probe takes its place, so that this leaves
    out the pairs that the totals call repeated probes, and changes nothing else."""

    @model_validator(mode="after")
    def _window_is_open(self) -> Self:
        low, high = np.float32(self.min_mass), np.float32(self.max_mass)
        if np.nextafter(low, high) >= high:
            raise ValueError(
                f"no mass lies between min_mass ({self.min_mass:.9g} GeV) and max_mass "
                f"({self.max_mass:.9g} GeV): no pair can pass; widen the window"
            )
        return self


class StationCuts(Model):
    """Where a probe is measured: its station, its chamber, its distance from the edges."""

    max_abs_eta: tuple[Positive, Positive, Positive, Positive] = (1.2, 1.05, 0.9, 0.75)
    """Upper limit on |eta| of the probe for MB1, MB2, MB3, MB4."""
    min_other_stations: Annotated[int, Field(ge=0, le=7)] = 2
    """Least number of other muon stations (CSC included) with matched segments."""
    min_rpc_layers: Annotated[int, Field(ge=0, le=32_767)] | None = 10
    """Least number of matched RPC layers that do instead; null: they never do."""
    border: Literal["chamber", "superlayers"] = "chamber"
    """What the border is measured from: the chamber's edges, as the file has them in edge_x and
    edge_y, or the edges of what is sensitive in it. In x that is what at least one of the two phi
    superlayers covers, in y the theta superlayer, in MB4 the chamber. Only the superlayers of MB4
    in sectors 8 and 12 are narrower by much: by 13 cm, where the others
    are by 0 to 9."""
    border_x: Number = -15.0
    """Fiducial region: distance from the edge in x below this value, cm, negative inside."""
    border_y: Number = -15.0
    """Fiducial region: distance from the edge in y below this value, cm, negative inside."""

    @model_validator(mode="after")
    def _chambers_have_an_inside(self) -> Self:
        # half the width and half the length of the largest chamber
        for key, limit in (("border_x", -208.17), ("border_y", -125.55)):
            if getattr(self, key) <= limit:
                raise ValueError(
                    f"{key} ({getattr(self, key):g} cm) lies beyond the middle of every chamber "
                    f"({limit} cm): no crossing can pass; use a value closer to 0"
                )
        return self


class PassingCuts(Model):
    """How close a segment must be; it counts by its phi view or by its theta view."""

    choice: Literal["most_hits", "nearest"] = "most_hits"
    """Which of the segments that are close enough is the best one of a chamber: the one with most
    hits, as in the 2023 reference program, or the one with the smallest distance in the chamber
    plane, as in the C++ programs of 2018 and Run 3; of equals the first."""
    max_dx: Positive = 15.0
    """Upper limit on |x(track) - x(segment)| for segments with a phi view, cm."""
    max_dy: Positive | None = 15.0
    """Upper limit on |y(track) - y(segment)| for segments with a theta view, cm; null: phi only."""
    max_dr: Positive = 999.0
    """Upper limit on the distance in the chamber plane, cm."""


class DeadCell(NamedTuple):
    """A cell by station, wheel, sector, superlayer, layer and wire."""

    station: Annotated[int, Field(ge=1, le=4)]
    wheel: Annotated[int, Field(ge=-2, le=2)]
    sector: Annotated[int, Field(ge=1, le=14)]
    superlayer: Annotated[int, Field(ge=1, le=3)]
    layer: Annotated[int, Field(ge=1, le=4)]
    wire: Annotated[int, Field(ge=1, le=MOST_WIRES)]


DeadCells = Annotated[tuple[DeadCell, ...], AfterValidator(lambda cells: tuple(sorted({*cells})))]
"""Each once and in order: equal lists give equal hashes."""


class LayerCuts(Model):
    """Which segments and layers tell how efficient cells are, and when a digi is in time."""

    min_phi_hits: Annotated[int, Field(ge=0, le=8)] = 7
    """Least number of phi hits of the segment."""
    min_other_phi_layers: Annotated[int, Field(ge=0, le=7)] = 7
    """Least number of other phi layers with a hit of the segment, for a phi layer."""
    min_theta_hits: Annotated[int, Field(ge=0, le=4)] = 3
    """Least number of theta hits of the segment, for a theta layer."""
    min_other_theta_layers: Annotated[int, Field(ge=0, le=3)] = 3
    """Least number of other theta layers with a hit of the segment, for a theta layer."""
    max_abs_dir_x: Positive = 0.7
    """Upper limit on |x| of the segment's direction, a unit vector: 0.7 is 45 degrees."""
    time_window_ns: tuple[Number, Number] | None = None
    """When a digi is in time, pedestal included, such as [320, 700] in Run 2; null: by the pedestal
    of the segment's own hits in the superlayer, their median of time and timeCali's difference."""
    before_pedestal_ns: Number = 20.0
    """How long before that pedestal a digi is in time."""
    after_pedestal_ns: Number = 420.0
    """How long after it."""
    noise_window_ns: tuple[Number, Number] = (0.0, 150.0)
    """When a digi, in a chamber without a segment, is noise: before any signal, pedestal included.
    Rates per cell are over the width of this window."""

    @model_validator(mode="after")
    def _window_is_open(self) -> Self:
        for key in ("time_window_ns", "noise_window_ns"):
            window = getattr(self, key)
            if window and window[0] >= window[1]:
                raise ValueError(f"{key} {list(window)} is empty: first, last")
        return self


class Selection(Model):
    """All cuts, from the muons of an event to an efficient chamber."""

    tag: TagCuts = TagCuts()
    probe: ProbeCuts = ProbeCuts()
    pair: PairCuts = PairCuts()
    station: StationCuts = StationCuts()
    passing: PassingCuts = PassingCuts()
    layers: LayerCuts = LayerCuts()
    dead_cells: DeadCells = ()
    """Cells that are known to be dead, or a CSV file of `dtperf cells`: what crosses them is left
    out of what is measured without dead cells."""
    luminosity_mask: LuminosityMask | None = None
    """Good luminosity blocks by run, or a file with them, such as CMS's golden JSON; null: all."""


class Compatibility(Model):
    """Bugs of other programs, for equality with their numbers."""

    truncate_extrapolation: bool = False
    """Cut the extrapolated x and y to whole centimetres before matching, as the reference does."""
    four_vector_rounding: bool = False
    """Take pT, eta and phi as they come back of a TLorentzVector, as the reference does."""
    root_binning: Literal["newer", "older"] = "newer"
    """Bin of a value on an edge: by ROOT's rule since 2025 (pull request 19033), or that before."""


class TagAndProbe(Protocol):
    """Settings of the tag-and-probe; `dtperf.AnalysisConfig` is one."""

    @property
    def selection(self) -> Selection:
        """All cuts."""

    @property
    def extrapolation(self) -> Extrapolation:
        """Source of the crossings of probes with chambers: `ntuple` or `helix`."""

    @property
    def compatibility(self) -> Compatibility:
        """Whose bugs are followed."""

    @property
    def luminosity_by_block(self) -> LuminosityByBlock | None:
        """Luminosity for files without: a table of brilcalc."""

    def filled_columns(self) -> Mapping[TableName, frozenset[str]]:
        """Return the columns that are wanted of each table."""
