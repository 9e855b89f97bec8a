"""A ROOT file with histograms, efficiencies and profiles, written without ROOT."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import numpy as np
import uproot
from uproot.writing import identify

from dtperf.results.export.cells import Bins
from dtperf.results.export.graph import efficiency_graph
from dtperf.results.export.root_objects import (
    ReferenceObject,
    RootEfficiency,
    RootHistogram,
    RootProfile,
)
from dtperf.typing import F64

__all__ = ["root_file"]

ABOUT = "about"
"""The object that says what the others are of."""
ALPHANUMERIC_AND_EXTENDABLE = 0b11
"""Bits of a TAxis with which hadd adds up bins of the same label."""


def root_file(
    objects: Mapping[str, ReferenceObject], texts: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """Make a ROOT file.

    Args:
        objects: By their path in the file. An efficiency NAME becomes the histograms NAME_passed
            and NAME_total; and NAME itself, with one axis as a TGraphAsymmErrors, with two as a
            TProfile2D of what is 1 if it has passed and 0 if not: unlike a TH2 it tells what is
            dead from what has no probes, and hadd adds it up. Objects with an axis that has no
            bins, such as a run axis without runs, are left out.
        texts: What is said of all of them, in the TObjString `about`, as JSON; none: it is not
            there.

    Returns:
        Its bytes: equal for equal objects, but for the times at which the keys were written.
    """
    shown = {name: item for name, item in objects.items() if all(a.number for a in item.axes)}
    written = {key: value for name, item in shown.items() for key, value in _models(name, item)}
    said = json.dumps(dict(texts), indent=2, ensure_ascii=False)
    buffer = io.BytesIO()
    with uproot.recreate(buffer, uuid_function=_identifiers(shown, said)) as file:
        file.update(written)
        if texts:
            file[ABOUT] = said
        return buffer.getvalue()


def _identifiers(objects: Mapping[str, ReferenceObject], said: str) -> Callable[[], UUID]:
    """Derive UUIDs from the content: readers keep objects in caches by the UUID of the file."""
    content = hashlib.sha256(said.encode())
    for name, item in objects.items():
        content.update(repr((name, item.kind, item.title, item.value_title, item.axes)).encode())
        for array in vars(item).values():
            if isinstance(array, np.ndarray):
                content.update(array.tobytes())
    numbers = count()
    return lambda: uuid5(NAMESPACE_OID, f"{content.hexdigest()}/{next(numbers)}")


def _models(name: str, item: ReferenceObject) -> Iterator[tuple[str, Any]]:
    match item:
        case RootHistogram():
            yield name, _histogram(item, item.title, item.counts, item.value_title, item.variances)
        case RootProfile():
            yield name, _profile(item)
        case RootEfficiency():
            yield f"{name}_passed", _histogram(item, f"{item.title}, passed", item.passed)
            yield f"{name}_total", _histogram(item, f"{item.title}, total", item.total)
            yield name, efficiency_graph(item) if len(item.axes) == 1 else _efficiency_map(item)


def _histogram(
    item: ReferenceObject,
    title: str,
    counts: F64,
    value_title: str = "entries",
    variances: F64 | None = None,
) -> Any:
    """Make a TH1D or TH2D of counts, or of weights, of shape (bins + 2 of each axis)."""
    squares = None if variances is None else variances.ravel(order="F")
    common = {"fName": None, "fTitle": title, "fEntries": counts.sum(), "fSumw2": squares}
    moments = _moments(item.axes, counts)
    if variances is not None:
        moments["fTsumw2"] = variances[(slice(1, -1),) * variances.ndim].sum()
    if len(item.axes) == 1:
        axes = {"fXaxis": _axis("x", item.axes[0]), "fYaxis": _value_axis("y", value_title)}
        return identify.to_TH1x(data=counts, **common, **axes, **moments)
    axes = {
        f"f{letter}axis": _axis(letter.lower(), a)
        for letter, a in zip("XY", item.axes, strict=True)
    }
    return identify.to_TH2x(
        data=counts.ravel(order="F"),
        fZaxis=_value_axis("z", value_title),
        fOption="colz",
        **common,
        **axes,
        **moments,
    )


def _profile(item: RootProfile) -> Any:
    inner = slice(1, -1)
    return identify.to_TProfile(
        fName=None,
        fTitle=item.title,
        data=item.sums,
        fEntries=item.entries.sum(),
        fSumw2=item.squares,
        fBinEntries=item.entries,
        fBinSumw2=np.zeros(0),
        fTsumwy=item.sums[inner].sum(),
        fTsumwy2=item.squares[inner].sum(),
        fXaxis=_axis("x", item.axes[0]),
        fYaxis=_value_axis("y", item.value_title),
        **_moments(item.axes, item.entries),
    )


def _efficiency_map(item: RootEfficiency) -> Any:
    """Make a profile of zeros and ones; its errors are those of a mean, not an interval."""
    passed = item.passed.ravel(order="F")
    inner = item.passed[1:-1, 1:-1].sum()
    return identify.to_TProfile2D(
        fName=None,
        fTitle=item.title,
        data=passed,
        fEntries=item.total.sum(),
        fSumw2=passed,
        fBinEntries=item.total.ravel(order="F"),
        fBinSumw2=np.zeros(0),
        fTsumwz=inner,
        fTsumwz2=inner,
        fXaxis=_axis("x", item.axes[0]),
        fYaxis=_axis("y", item.axes[1]),
        fZaxis=_value_axis("z", "efficiency"),
        fOption="colz",
        **_moments(item.axes, item.total),
    )


def _moments(axes: tuple[Bins, ...], counts: F64) -> dict[str, float]:
    """Return the sums from which ROOT takes mean and spread, with entries in the bins' middles."""
    inner = counts[(slice(1, -1),) * counts.ndim]
    sums = {"fTsumw": inner.sum(), "fTsumw2": inner.sum()}
    # as in ROOT, bins with labels have no place on the axis
    positions = (np.zeros(axis.number) if axis.labelled else axis.centres for axis in axes)
    centres = np.meshgrid(*positions, indexing="ij")
    for letter, x in zip("xy", centres, strict=False):
        sums |= {f"fTsumw{letter}": (inner * x).sum(), f"fTsumw{letter}2": (inner * x * x).sum()}
    if len(axes) == 2:
        sums["fTsumwxy"] = (inner * centres[0] * centres[1]).sum()
    return sums


def _axis(letter: str, bins: Bins) -> Any:
    return identify.to_TAxis(
        fName=f"{letter}axis",
        fTitle=bins.title,
        fNbins=bins.number,
        fXmin=bins.low,
        fXmax=bins.high,
        fXbins=np.asarray(bins.given_edges, dtype=np.float64),
        fLabels=_labels(bins) if bins.labelled else None,
        fBits2=ALPHANUMERIC_AND_EXTENDABLE if bins.labelled else 0,
    )


def _value_axis(letter: str, title: str) -> Any:
    return identify.to_TAxis(fName=f"{letter}axis", fTitle=title, fNbins=1, fXmin=0.0, fXmax=1.0)


def _labels(bins: Bins) -> Any:
    labels = [identify.to_TObjString(str(value)) for value in bins.values]
    for number, label in enumerate(labels, start=1):
        # this is how a TAxis knows the bin of a label
        label._bases[0]._members["@fUniqueID"] = number
    return identify.to_THashList(labels)
