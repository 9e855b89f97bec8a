"""Synthetic muon DPG NANO with known truth: ``generate(Settings(events=20_000), "sample")``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dtperf.lazy_import import attach

if TYPE_CHECKING:
    from dtperf.synthetic.detector import Detector
    from dtperf.synthetic.generator import Generated, generate
    from dtperf.synthetic.physics import Physics
    from dtperf.synthetic.settings import Settings, load_settings
    from dtperf.synthetic.truth import read_truth

__all__ = [
    "Detector",
    "Generated",
    "Physics",
    "Settings",
    "generate",
    "load_settings",
    "read_truth",
]

__getattr__, __dir__ = attach(__name__, __file__)
