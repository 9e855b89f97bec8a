"""A submission that HEPData's own validator takes, and whose tables hold the data frame."""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import hist
import pytest
import yaml
from hepdata_validator.full_submission_validator import FullSubmissionValidator

from dtperf.errors import ConfigError, InputError
from dtperf.measurements import STANDARD
from dtperf.results.export import export
from dtperf.results.origin import EventOrigin
from dtperf.results.result import Result
from tests.results.export.conftest import result_of

Documents = Mapping[str, Any]


def read(path: Path) -> tuple[dict[str, Any], dict[str, Documents], dict[str, Documents]]:
    """Validate, and return what the submission says of all, and of each table, and the tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the validator leaves files open
        validator = FullSubmissionValidator()
        assert validator.validate(archive=str(path)), validator.get_messages()
        del validator
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    whole, *about = yaml.safe_load_all(texts.pop("submission.yaml"))
    tables = {each["name"]: yaml.safe_load(texts.pop(each["data_file"])) for each in about}
    assert texts == {}
    return whole, {each["name"]: each for each in about}, tables


def test_each_kind_of_measurement(result: Result, tmp_path: Path) -> None:
    names = ("by_chamber", "efficiency_vs_pt", "t0_profile", "pair_mass")
    path = export(result, tmp_path / "submission.zip", "hepdata", measurement=names)
    _, about, tables = read(path)
    assert tuple(about) == names
    chambers = result.to_pandas("by_chamber")
    place, (efficiency, probes) = tables["by_chamber"].values()
    assert [each["header"]["name"] for each in place] == ["station (MB)", "wheel", "sector"]
    some = chambers[chambers.total > 0]
    for axis, name in zip(place, ("station", "wheel", "sector"), strict=True):
        assert [each["value"] for each in axis["values"]] == some[name].tolist()
    assert [each["value"] for each in efficiency["values"]] == some.efficiency.tolist()
    assert [each["value"] for each in probes["values"]] == some.total.tolist()
    for each, low, high in zip(efficiency["values"], some.low, some.high, strict=True):
        [error] = each["errors"]
        ends = (each["value"] + error["asymerror"][end] for end in ("minus", "plus"))
        assert (*ends, error["label"]) == (pytest.approx(low), pytest.approx(high), "stat")
    station, pt = tables["efficiency_vs_pt"]["independent_variables"]
    assert pt["header"] == {"name": "probe pT", "units": "GeV"}
    assert all(each["low"] < each["high"] for each in pt["values"])
    assert len(station["values"]) == len(pt["values"])
    profile = result.to_pandas("t0_profile")
    mean, spread, entries = tables["t0_profile"]["dependent_variables"]
    profile = profile[profile.entries > 0]
    assert [each["value"] for each in mean["values"]] == profile["mean"].tolist()
    for each, error in zip(mean["values"], profile.uncertainty, strict=True):
        assert each.get("errors", [{"symerror": 0}])[0]["symerror"] == max(0, error)
    unknown = [math.isnan(each) for each in profile.spread]
    assert [each["value"] == "-" for each in spread["values"]] == unknown
    assert sum(each["value"] for each in entries["values"]) == profile.entries.sum()
    [mass] = tables["pair_mass"]["dependent_variables"]
    inside = result.counts["pair_mass"].values()
    assert [each["value"] for each in mass["values"]] == inside.tolist()
    assert ["errors" in each for each in mass["values"]] == (inside > 0).tolist()


def test_what_has_no_bin_is_counted(tmp_path: Path) -> None:
    counts = STANDARD["efficiency_vs_pt"].empty()
    counts.fill(station=1, probe_pt=[10, 2000, 2000], passed=[True, True, False])
    one = result_of({"efficiency_vs_pt": counts})
    name = "efficiency_vs_pt"
    _, about, tables = read(export(one, tmp_path / "a.zip", "hepdata", measurement=name))
    assert "2 entries lie outside the bins" in about[name]["description"]
    _, pt = tables[name]["independent_variables"]
    assert pt["values"] == [{"low": 10.0, "high": 15.0}]


def test_where_it_comes_from(result: Result, tmp_path: Path) -> None:
    origin = EventOrigin({"data": 12}, {368_000: ((1, 5),)})
    measured = replace(result, origin=origin, code="0.1+abc", totals={"events": 12})
    measured = measured.labelled(luminosity=1.5)
    path = export(measured, tmp_path / "a.zip", "hepdata")
    whole, about, tables = read(path)
    for part in ("12 events of data of run 368000", "1.50 fb⁻¹ (13.6 TeV)", "dtperf 0.1+abc"):
        assert part in whole["comment"]
        assert part in about["by_chamber"]["description"]
    assert {"name": "cmenergies", "values": [13600.0]} in about["by_chamber"]["keywords"]
    for variable in tables["by_chamber"]["dependent_variables"]:
        found = {each["name"]: each["value"] for each in variable["qualifiers"]}
        assert (found["SQRT(S)"], found["LUMINOSITY"]) == (13600.0, "1.50 fb⁻¹")
        assert "selection.probe.min_pt: 20.0" in found["SELECTION"]
    assert export(measured, tmp_path / "b.zip", "hepdata").read_bytes() == path.read_bytes()


def test_a_processors_own(result: Result, tmp_path: Path) -> None:
    kinds = hist.axis.StrCategory(["RPC", "DT"], name="kind", flow=False)
    extra = hist.Hist(kinds, storage=hist.storage.Weight())
    extra.fill(["DT", "DT"], weight=[1.5, 2.0])
    own = replace(result, extra={"a/b": extra})
    path = export(own, tmp_path / "a.zip", "hepdata", measurement="extra/a/b")
    table = read(path)[2]["extra/a/b"]
    assert [each["value"] for each in table["independent_variables"][0]["values"]] == ["RPC", "DT"]
    assert table["dependent_variables"][0]["values"] == [
        {"value": 0.0},
        {"value": 3.5, "errors": [{"symerror": 2.5, "label": "stat"}]},
    ]


def test_mistakes(result: Result, tmp_path: Path) -> None:
    empty = result_of({"by_chamber": STANDARD["by_chamber"].empty()})
    with pytest.raises(InputError, match="'by_chamber': nothing was counted"):
        export(empty, tmp_path / "a.zip", "hepdata")
    with pytest.raises(ConfigError, match="did you mean 'by_chamber'"):
        export(result, tmp_path / "a.zip", "hepdata", measurement=["by_chamber", "by_chambe"])
    assert not [*tmp_path.iterdir()]
