"""What the reference program does not have."""

from __future__ import annotations

NOT_OF_THE_REFERENCE = {
    *("by_chamber_and_run", "efficiency_vs_mass", "eligible_by_sector_and_run", "inside_chambers"),
}
