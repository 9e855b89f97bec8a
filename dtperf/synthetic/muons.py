"""Settings of what is made of muons: which ids they get, and which segments they are made of."""

from __future__ import annotations

from pydantic import Field

from dtperf.synthetic.detector import ByPlace, Fraction
from dtperf.validation import Model

__all__ = ["Muons"]


class Muons(Model):
    """How often muons are identified. They do not depend on the chamber."""

    standalone_efficiency: Fraction = 0.995
    """Of muons with two matched stations or more."""
    global_efficiency: Fraction = 0.99
    """Of standalone muons with an inner track."""
    tight_efficiency: Fraction = 0.985
    """Of global muons that particle flow takes for muons, with the hits that tight asks for."""
    segment_in_standalone: ByPlace = Field(default_factory=dict)
    """Probability that a standalone track takes the muon's segment of a chamber, by place; 1 where
    none is given."""
