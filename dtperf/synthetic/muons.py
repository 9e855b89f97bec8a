"""Settings of what is made of muons: ids, segments that they are made of, extrapolation."""

from __future__ import annotations

from typing import Annotated

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
    field_scale: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Field that the file's extrapolation is made with, over that in which the muons flew."""
    segment_in_standalone: ByPlace = Field(default_factory=dict)
    """Probability that a standalone track takes the muon's segment of a chamber, by place; 1 where
    none is given."""
