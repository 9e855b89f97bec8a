"""Variations counted at once are what fresh runs with those cuts give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dtperf
from dtperf.diagnostics.systematics import Systematics
from dtperf.diagnostics.systematics.places import summed
from tests.skim.samples import nonsense


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nonsense(tmp_path_factory.mktemp("events") / "some.root")


@pytest.fixture(scope="module")
def skim(file: Path) -> Path:
    out = file.parent / "skim"
    dtperf.skim.skim("loosest", file, out=out)
    return out


@pytest.fixture(scope="module")
def found(skim: Path) -> Systematics:
    return dtperf.systematics(skim, "reference_2023")


def test_every_packaged_variation_is_what_a_fresh_run_with_that_cut_gives(
    found: Systematics, file: Path
) -> None:
    changes = [each for each in found.varied if each.counts is not None]
    assert len(changes) == 39
    nominal = dtperf.load_config("reference_2023")
    skipped = {"measurements.skip": [n for n in nominal.measurements.active() if n != "by_chamber"]}
    for each in changes:
        config = dtperf.load_config(nominal, {**skipped, **each.change.cuts})
        run = summed(np.asarray(dtperf.run(config, file)["by_chamber"].view(flow=True)))
        np.testing.assert_array_equal(each.counts, run, err_msg=f"{each.variation}")
    run = dtperf.run(dtperf.load_config(nominal, skipped), file)
    np.testing.assert_array_equal(found.nominal, summed(np.asarray(run["by_chamber"].view(True))))
