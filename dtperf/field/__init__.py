"""Field and material that a muon meets on its way out."""

from __future__ import annotations

from dtperf.field.layers import Layers, layers
from dtperf.field.material import REGIONS, Region
from dtperf.field.solenoid import solenoid_field
from dtperf.field.yoke import yoke_field

__all__ = ["REGIONS", "Layers", "Region", "layers", "solenoid_field", "yoke_field"]
