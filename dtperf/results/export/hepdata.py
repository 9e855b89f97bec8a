"""Measurements as tables of a HEPData submission: a ZIP archive of YAML files.

Source of the form: hepdata-submission.readthedocs.io, and the schemas of version 1.1.1 there.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from dtperf.errors import InputError
from dtperf.measurements.labels import as_text
from dtperf.results.caption import caption_of
from dtperf.results.export.about import CHAMBERS, about, selection_of, source_of
from dtperf.typing import AnyArray

if TYPE_CHECKING:
    import pandas as pd

    from dtperf.results.result import Result

__all__ = ["hepdata_file"]

LONGEST_NAME = 64
"""Of a table, says the schema."""
PHRASES = ["drift tubes", "muon", "efficiency", "tag and probe"]
UNKNOWN = "-"
"""HEPData's way to write that there is no value."""
UNITS = re.compile(r"(.*\S) \[(.+)\]")
OLDEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a ZIP archive can name: equal results are equal files."""


def hepdata_file(result: Result, measurements: Sequence[str] = (CHAMBERS,)) -> bytes:
    """Write measurements as tables: an efficiency, a profile or a histogram each.

    An axis of integers or texts has values, another one low and high edges. Efficiencies have the
    ends of their intervals as asymmetric errors, and the number of probes beside them. Bins in
    which nothing was counted are left out of efficiencies and profiles. What lies below the first
    edge or above the last has no bin in HEPData: its number is in the table's description.

    Args:
        result: What was measured.
        measurements: Their names; with 'extra/' before it, of what the processor has counted.

    Returns:
        A ZIP archive of `submission.yaml` and a file a table. Those who submit it give it its
        record, title and place in a publication.

    Raises:
        UnknownHistogram: There is none of a name.
        InputError: Nothing was counted, or an axis has the name of another column.
    """
    selection = "; ".join(f"{key}: {value}" for key, value in selection_of(result).items())
    comment = f"Made of {source_of(result)}. Selection: {selection}."
    documents: list[dict[str, Any]] = [{"comment": comment}]
    files = {}
    for name in measurements:
        file = f"{name.replace('/', '_')}.yaml"
        table, left_out = _table(result, name, selection)
        files[file] = yaml.dump(table, **HOW)
        documents.append(_document(result, name, file, left_out))
    files = {"submission.yaml": yaml.dump_all(documents, **HOW), **files}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file, OLDEST), text, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


HOW: dict[str, Any] = {
    "Dumper": getattr(yaml, "CSafeDumper", yaml.SafeDumper),
    "allow_unicode": True,
    "sort_keys": False,
}


def _document(result: Result, name: str, file: str, left_out: int) -> dict[str, Any]:
    known = about(result, name)
    description = f"{known['title'] or name}. {source_of(result)}."
    if "interval" in known:
        description += f" Errors: {known['interval']}."
    if left_out:
        description += f" {left_out:,} entries lie outside the bins."
    energy = _energy_gev(result)
    energies = [{"name": "cmenergies", "values": [energy]}] if energy else []
    return {
        "name": name[:LONGEST_NAME],
        "description": description,
        "keywords": [*energies, {"name": "phrases", "values": PHRASES}],
        "data_file": file,
    }


def _energy_gev(result: Result) -> float | None:
    """Return the energy of the collisions, as above plots; None if it is not known."""
    energy = caption_of(result).energy
    return 1000 * float(energy.removesuffix(" TeV")) if energy else None


def _table(result: Result, name: str, selection: str) -> tuple[dict[str, Any], int]:
    """Return the table, and how many entries have no bin in it."""
    frame = result.to_pandas(name)
    axes = [axis for axis in result.counts_of(name).axes if axis.name not in ("passed", "moment")]
    count = next(each for each in ("total", "entries", "sum_of_weights") if each in frame)
    edges = [column for column in frame if str(column).endswith(("_low", "_high"))]
    is_inside = np.isfinite(frame[edges].to_numpy(dtype=np.float64)).all(axis=1)
    left_out = int(frame[count][~is_inside].sum())
    if "efficiency" in frame or "mean" in frame:
        is_inside &= frame[count].to_numpy() > 0
    rows = frame[is_inside]
    if not len(rows):
        raise InputError(f"measurement '{name}': nothing was counted")
    qualifiers = _qualifiers(result, selection)
    return {
        "independent_variables": [_independent(axis, rows) for axis in axes],
        "dependent_variables": [
            {"header": {"name": title}, "qualifiers": qualifiers, "values": values}
            for title, values in _dependent(rows, about(result, name)["title"] or name)
        ],
    }, left_out


def _independent(axis: Any, rows: pd.DataFrame) -> dict[str, Any]:
    label = as_text(axis.label or axis.name)
    found = UNITS.fullmatch(label)
    header = {"name": found[1], "units": found[2]} if found else {"name": label}
    if axis.name in rows:
        values = [{"value": value} for value in rows[axis.name].tolist()]
    else:
        ends = (rows[f"{axis.name}_{end}"].tolist() for end in ("low", "high"))
        values = [{"low": low, "high": high} for low, high in zip(*ends, strict=True)]
    return {"header": header, "values": values}


def _qualifiers(result: Result, selection: str) -> list[dict[str, Any]]:
    caption, energy = caption_of(result), _energy_gev(result)
    found: list[dict[str, Any]] = []
    if energy:
        found.append({"name": "SQRT(S)", "units": "GEV", "value": energy})
    if caption.luminosity:
        found.append({"name": "LUMINOSITY", "value": caption.luminosity})
    if caption.events:
        found.append({"name": "EVENTS", "value": caption.events})
    return [*found, {"name": "SELECTION", "value": selection}]


def _dependent(rows: pd.DataFrame, title: str) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    """Yield names and values of what was measured."""
    columns = {str(name): rows[name].to_numpy() for name in rows}
    if "efficiency" in columns:
        value = columns["efficiency"]
        yield title, _values(value, columns["low"] - value, columns["high"] - value)
        yield "number of probes", _values(columns["total"])
    elif "mean" in columns:
        error = columns["uncertainty"]
        yield title, _values(columns["mean"], -error, error)
        yield "spread", _values(columns["spread"])
        yield "entries", _values(columns["entries"])
    else:
        name = "entries" if "entries" in columns else "sum_of_weights"
        error = np.sqrt(columns["variance"])
        yield title, _values(columns[name], -error, error)


def _values(
    values: AnyArray, down: AnyArray | None = None, up: AnyArray | None = None
) -> list[dict[str, Any]]:
    shown = [{"value": UNKNOWN if isnan(each) else each} for each in values.tolist()]
    if down is None or up is None:
        return shown
    return [
        value | ({"errors": [_error(minus, plus)]} if plus - minus > 0 else {})
        for value, minus, plus in zip(shown, down.tolist(), up.tolist(), strict=True)
    ]


def _error(minus: float, plus: float) -> dict[str, Any]:
    if plus == -minus:
        return {"symerror": plus, "label": "stat"}
    return {"asymerror": {"minus": minus, "plus": plus}, "label": "stat"}
