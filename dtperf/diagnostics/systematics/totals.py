"""Add up systematic uncertainties: what shifts go together, and which one dominates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dtperf.diagnostics.systematics.declaration import Combination, Variation
from dtperf.diagnostics.systematics.places import STATIONS
from dtperf.diagnostics.systematics.shifts import Shift
from dtperf.typing import AnyArray

__all__ = ["Size", "Sum", "add_up", "size_of"]


class Size(NamedTuple):
    """How much a variation moves efficiencies, beyond chance; arrays of shape (places,)."""

    value: AnyArray
    """0 or more."""
    sign: AnyArray
    """Of the shift upwards, or of that of an alternative; −1, 0 or 1."""


class Sum(NamedTuple):
    """All variations together, arrays of shape (places,)."""

    total: AnyArray
    dominating: tuple[str, ...]
    """Name of the largest variation of each place; '' where none is beyond chance."""
    covariance: AnyArray
    """Of the four stations, shape (4, 4)."""


def size_of(shifts: Mapping[str, Shift]) -> Size:
    """Return the size of a variation: the larger one of its shifts, without their chance.

    What a shift varies by chance is subtracted in quadrature: otherwise twenty cuts that do nothing
    would make the uncertainty of a chamber with few probes.

    Args:
        shifts: By direction.
    """
    each = np.stack([np.nan_to_num(np.stack(shift)) for shift in shifts.values()])
    value = np.sqrt(np.maximum(each[:, 0] ** 2 - each[:, 1] ** 2, 0.0))
    flip = np.array([-1.0 if direction == "down" else 1.0 for direction in shifts])
    largest = value.argmax(axis=0)[np.newaxis]
    signs = np.sign(each[:, 0]) * flip[:, np.newaxis]
    return Size(
        np.take_along_axis(value, largest, axis=0)[0],
        np.take_along_axis(signs, largest, axis=0)[0],
    )


def add_up(
    sizes: Mapping[str, Size],
    variations: Mapping[str, Variation],
    groups: Mapping[str, Combination],
) -> Sum:
    """Add up variations: within a group as it says, groups and all others in quadrature.

    Args:
        sizes: By variation; one at least.
        variations: What is known of each.
        groups: How those of a group go together.
    """
    names = [*sizes]
    members: dict[str, list[str]] = {}
    for name in names:
        members.setdefault(variations[name].group or f"variation {name}", []).append(name)
    variance = np.zeros_like(next(iter(sizes.values())).value)
    covariance = np.zeros((4, 4))
    for group, of_group in members.items():
        whole = _together([sizes[name] for name in of_group], groups.get(group, "linear"))
        variance += whole.value**2
        signed = (whole.value * whole.sign)[STATIONS]
        if all(variations[name].correlated for name in of_group):
            covariance += np.outer(signed, signed)
        else:
            covariance += np.diag(signed**2)
    values = np.stack([sizes[name].value for name in names])
    largest = values.argmax(axis=0)
    dominating = (
        names[at] if value > 0 else ""
        for at, value in zip(largest, values.max(axis=0), strict=True)
    )
    return Sum(np.sqrt(variance), tuple(dominating), covariance)


def _together(sizes: Sequence[Size], combination: Combination) -> Size:
    values, signs = (np.stack([each[at] for each in sizes]) for at in (0, 1))
    largest = values.argmax(axis=0)[np.newaxis]
    sign = np.take_along_axis(signs, largest, axis=0)[0]
    if combination == "largest":
        return Size(np.take_along_axis(values, largest, axis=0)[0], sign)
    return Size(values.sum(axis=0), sign)
