"""`dtperf cells` lists cells, and writes the dead ones as a config takes them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import dtperf as package
from tests.cli.commands import Call
from tests.diagnostics.test_cells import DEAD, occupancy, result_of
from tests.helpers.golden import GOLDEN


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    digis = occupancy(1, 60)
    digis[DEAD] = 0
    out = tmp_path_factory.mktemp("cells") / "result"
    result_of(digis, np.zeros_like(digis)).save(out)
    return out


def test_the_list_and_the_file(measured: Path, tmp_path: Path, dtperf: Call) -> None:
    done = dtperf("cells", measured, "-o", tmp_path / "dead.csv")
    assert done.code == 0, done.err
    assert "MB1 W-2 S1 SL3 L2 wire 10" in done.out
    assert "1 of 171,732 cells are named, 1 of them dead" in done.out
    config = package.load_config({}, {"selection.dead_cells": str(tmp_path / "dead.csv")})
    assert config.selection.dead_cells == ((1, -2, 1, 3, 2, 10),)


def test_json(measured: Path, dtperf: Call) -> None:
    found = json.loads(dtperf("cells", measured, "--json").out)
    assert found.keys() == {"flags", "cells", "undecided", "quiet"}
    assert [(each["place"]["name"], each["wire"], each["kind"]) for each in found["flags"]] == [
        ("MB1 W-2 S1", 10, "dead")
    ]


def test_a_result_without_cells(tmp_path: Path, dtperf: Call) -> None:
    package.run({}, GOLDEN, out=tmp_path / "plain", progress=False)
    done = dtperf("cells", tmp_path / "plain")
    assert done.code == 1
    assert "run with --set 'measurements.groups=[cells]'" in done.err
