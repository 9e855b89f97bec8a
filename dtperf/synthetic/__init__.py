"""Synthetic muon DPG NANO with known truth: ``generate(Settings(events=20_000), "sample")``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

# numba and uproot take seconds to import, so each name is fetched when it is first used
_HOMES = {
    "Detector": "detector",
    "Generated": "generator",
    "Physics": "physics",
    "Settings": "settings",
    "generate": "generator",
    "load_settings": "settings",
    "read_truth": "truth",
}


def __getattr__(name: str) -> Any:
    """Import a name of the public API from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
