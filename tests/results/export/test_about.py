"""Whose events a file of another format says that it is of."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
import uhi.schema
import uproot
import yaml

from dtperf.results.export import NAMINGS, to_bytes
from dtperf.results.origin import EventOrigin
from dtperf.results.result import Result

RUN = 367_000
SOURCES = {"data": "data", "simulation": "simulation", "synthetic": "synthetic events"}


@pytest.fixture(params=[*SOURCES])
def of_source(request: pytest.FixtureRequest, result: Result) -> tuple[Result, str]:
    """Give a result, and what its events are in words."""
    origin = EventOrigin({request.param: 12}, {RUN: ((1, 2),)})
    counts = {name: result.counts[name] for name in ("by_chamber", "pair_mass")}
    measured = replace(result, origin=origin, counts=counts, totals={"events": 12})
    return measured, SOURCES[request.param]


def text_of(content: bytes) -> dict[str, str]:
    with uproot.open(io.BytesIO(content)) as file:
        return dict(json.loads(file["about"]))


@pytest.mark.parametrize("naming", NAMINGS)
def test_root(of_source: tuple[Result, str], naming: str) -> None:
    measured, source = of_source
    found = text_of(to_bytes(measured, "root", naming))
    assert (found["source"], found["events"], found["runs"]) == (source, "12", f"run {RUN}")
    assert found["config"] == measured.config.hash
    # a year's energy is that of data
    assert found.get("energy") == ("13.6 TeV" if source == "data" else None)


def test_other_words_make_another_identity(of_source: tuple[Result, str]) -> None:
    def uuid(result: Result) -> str:
        with uproot.open(io.BytesIO(to_bytes(result, "root"))) as file:
            return str(file.file.uuid)

    measured, _ = of_source
    assert uuid(measured) != uuid(replace(measured, origin=EventOrigin()))


def test_json(of_source: tuple[Result, str]) -> None:
    measured, source = of_source
    content = json.loads(to_bytes(measured, "json"))
    uhi.schema.validate(content)
    assert {each["metadata"]["dtperf.source"] for each in content.values()} == {source}


def test_parquet(of_source: tuple[Result, str]) -> None:
    measured, source = of_source
    metadata = pq.read_schema(io.BytesIO(to_bytes(measured, "parquet"))).metadata
    assert metadata[b"dtperf.source"].decode() == source


def test_descriptions(of_source: tuple[Result, str]) -> None:
    measured, source = of_source
    said = "12 events of data" if source == "data" else f"12 {source}"
    description = json.loads(to_bytes(measured, "correctionlib"))["description"]
    assert f"{said} of run {RUN}" in description
    with zipfile.ZipFile(io.BytesIO(to_bytes(measured, "hepdata"))) as archive:
        comment, document = yaml.safe_load_all(archive.read("submission.yaml"))
        table = yaml.safe_load(archive.read("by_chamber.yaml"))
    assert said in comment["comment"]
    assert said in document["description"]
    qualifiers = table["dependent_variables"][0]["qualifiers"]
    assert {"name": "EVENTS", "value": source} in qualifiers


def test_what_is_not_known_is_not_said(result: Result) -> None:
    older = replace(result, counts={"by_chamber": result.counts["by_chamber"]})
    assert not {"source", "runs", "energy", "luminosity"} & text_of(to_bytes(older)).keys()
