"""Draw the muons of the collisions: ``make_muons(rng, events, Physics())``."""

from __future__ import annotations

from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from dtperf.synthetic.physics_events import (
    DrawnMuons,
    Vertices,
    draw_charges,
    draw_legs,
    draw_vertices,
    fakes,
    nonprompt,
)
from dtperf.synthetic.rows import concatenate, counts_to_offsets, take
from dtperf.synthetic.stages import Events, MuonOrigin, TrueMuons
from dtperf.validation import Model

__all__ = ["Physics", "make_muons"]

Share = Annotated[float, Field(ge=0, le=1)]
Mean = Annotated[float, Field(ge=0, le=100)]

REFERENCE_PILE_UP = 50.0
BEYOND_ANY_PT_GEV = 1e4


class Physics(Model):
    """Composition of the events; the defaults give the shapes that the CMS histograms have."""

    continuum_fraction: Share = 0.02
    """Share of events whose pair is Drell-Yan continuum, a power law in the mass."""
    single_muon_fraction: Share = 0.33
    """Share of events with a Z of which one muon is out of acceptance: tags without a probe."""
    same_sign_fraction: Share = 0.002
    """Share of events in which the charge of the pair's second muon is wrong."""
    mean_nonprompt: Mean = 0.6
    """Mean number of muons from hadron decays in an event."""
    mean_fakes: Mean = 4.0
    """Mean number of tracks taken for muons at a pile-up of 50; proportional to the pile-up."""

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        if self.continuum_fraction + self.single_muon_fraction > 1:
            raise ValueError(
                "continuum_fraction and single_muon_fraction are shares of the same events: "
                "their sum must not be over 1"
            )
        return self


def _prompt(rng: np.random.Generator, vertices: Vertices, physics: Physics) -> DrawnMuons:
    n = len(vertices.z)
    process = rng.random(n)
    is_continuum = process < physics.continuum_fraction
    # not ">= 1 - fraction": rounded, the two masks could overlap where the shares sum to one
    is_single = ~is_continuum & (
        process < physics.continuum_fraction + physics.single_muon_fraction
    )
    legs = draw_legs(rng, is_continuum, is_single)
    first = draw_charges(rng, n)
    is_same_sign = rng.random(n) < physics.same_sign_fraction
    charge = np.stack((first, np.where(is_same_sign, first, -first)), axis=1)
    event, leg = np.nonzero(~np.isnan(legs.pt))
    kind = np.where(is_continuum, MuonOrigin.CONTINUUM, MuonOrigin.Z).astype(np.int8)
    pt, eta, phi = (values[event, leg] for values in legs)
    return DrawnMuons(event, kind[event], pt, eta, phi, charge[event, leg], *take(vertices, event))


def make_muons(rng: np.random.Generator, events: Events, physics: Physics) -> TrueMuons:
    """Draw the muons of a block of events, as a single-muon trigger and a dimuon skim keep them.

    Every event has a pair (`draw_legs` says which are kept), or one muon of a pair, and any
    number of muons from hadron decays and of fakes, whose number scales with the pile-up. Those
    of an event are in order of descending pT.
    """
    primary = draw_vertices(rng, len(events.run))
    mean_fakes = physics.mean_fakes / REFERENCE_PILE_UP * events.lumi_avgPileUp
    parts = (
        _prompt(rng, primary, physics),
        nonprompt(rng, primary, physics.mean_nonprompt),
        fakes(rng, primary, mean_fakes),
    )
    muons = concatenate(parts)
    offsets = counts_to_offsets(np.bincount(muons.event, minlength=len(events.run)))
    columns: tuple[Any, ...] = take(muons, np.argsort(muons.event - muons.pt / BEYOND_ANY_PT_GEV))
    return TrueMuons(offsets, *columns[1:])
