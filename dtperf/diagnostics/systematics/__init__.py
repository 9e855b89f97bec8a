"""Systematic uncertainties: a declaration of variations, shifts on the same events, their total."""

from __future__ import annotations

from dtperf.diagnostics.systematics.declaration import Variations, load_variations
from dtperf.diagnostics.systematics.model import Systematics, Total, Varied, VariedAt
from dtperf.lazy_import import listed

__all__ = ["Systematics", "Total", "Variations", "Varied", "VariedAt", "load_variations"]
__dir__ = listed(__name__)
