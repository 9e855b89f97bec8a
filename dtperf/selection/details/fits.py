"""The columns of segments that tell how good their fits are."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import scipy  # its parts take 0.1 s to import, and come when they are used

from dtperf.selection.columns import Make
from dtperf.selection.tables import Table
from dtperf.typing import AnyArray

__all__ = ["FIT_COLUMNS", "fit_columns"]

FIT_COLUMNS = {
    "has_8_phi_hits": "has 8 phi hits, one in each layer",
    "phi_probability": "chance of a larger chi2 of its phi view, of hits - 2 degrees of freedom; "
    "or NaN",
    "has_drift_velocity": "the drift velocity was fitted: its correction is not 0",
}


def fit_columns(columns: Collection[str]) -> Make:
    """Return how the columns are made.

    Args:
        columns: Those that the table of segments has otherwise.
    """
    make: Make = {"has_8_phi_hits": lambda t: t["phi_hits"] == 8}
    if "phi_chi2" in columns:
        make["phi_probability"] = _probability
    if "drift_velocity_change" in columns:
        make["has_drift_velocity"] = _has_velocity
    return make


def _probability(table: Table) -> AnyArray:
    degrees = np.where(table["phi_hits"] > 2, table["phi_hits"] - 2.0, np.nan)
    return np.asarray(scipy.special.chdtrc(degrees, degrees * table["phi_chi2"]))


def _has_velocity(table: Table) -> AnyArray:
    change = table["drift_velocity_change"]
    return np.asarray(table["has_phi"] & (change != 0) & ~np.isnan(change))
