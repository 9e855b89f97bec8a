"""A known bias shows up under its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

import dtperf
from dtperf.diagnostics.systematics import Systematics
from tests.nanoaod.files import read_arrays, write_tree

pytestmark = pytest.mark.slow

EVENTS = 12_000


def _made(folder: Path, **settings: Any) -> Path:
    dtperf.synthetic.generate({"events": EVENTS, "seed": 5, **settings}, folder)
    (path,) = folder.glob("*.root")
    return path


def _found(path: Path, cuts: Any = (), *, other: bool = False) -> Systematics:
    out, helix = path.parent / "skim", path.parent / "helix"
    dtperf.skim.skim("loosest", path, out=out)
    if other:
        config = dtperf.load_config("loosest", {"extrapolation": "helix"})
        dtperf.skim.skim(config, path, out=helix)
    config = dtperf.load_config("reference_2023", cuts)
    return dtperf.systematics(out, config, other=helix if other else None)


def _sigmas(found: Systematics, place: str) -> dict[str, float]:
    frame = found.to_pandas().query("place == @place and uncertainty > 0")
    return {
        f"{row.variation} {row.direction}": row["shift"] / row.uncertainty
        for row in (frame.iloc[n] for n in range(len(frame)))
    }


def test_dead_cells_at_the_border(tmp_path: Path) -> None:
    dead = [{"chamber": "MB2", "x": [95, 300]}, {"chamber": "MB2", "x": [-300, -95]}]
    found = _found(_made(tmp_path, detector={"regions": dead}))
    mb1, mb2 = found.by_station()[1:3]
    assert mb2.dominating == "border_x"
    assert mb2.systematic > 0.04 > 10 * mb1.systematic
    assert _sigmas(found, "MB2")["border_x down"] > 10  # farther inside it is more efficient
    assert abs(_sigmas(found, "MB1")["border_x down"]) < 4


def test_a_wrong_field(tmp_path: Path) -> None:
    tight = {"selection.passing.max_dx": 8.0}
    found = _found(_made(tmp_path, muons={"field_scale": 1.12}), tight, other=True)
    assert found.by_station()[4].dominating in ("extrapolation", "max_dx")
    assert "extrapolation" not in found.left_out
    assert _sigmas(found, "MB4")["extrapolation other"] > 5  # the right field finds the segments


def test_fakes(tmp_path: Path) -> None:
    clean = _made(tmp_path)
    arrays = read_arrays(clean)
    rng = np.random.default_rng(8)
    fake = rng.random(EVENTS) < 0.3
    muons = ak.num(arrays["muon_pt"])
    # fakes have either charge, any mass, any isolation, and no segment where they are taken to be
    is_second = ak.to_numpy(ak.flatten(ak.local_index(arrays["muon_pt"]) == 1))
    of_muon = np.repeat(fake, ak.to_numpy(muons)) & is_second
    of_match = np.repeat(fake, ak.to_numpy(ak.num(arrays["muon_matches_x"])))

    def changed(name: str, where: Any, values: Any) -> None:
        flat = ak.to_numpy(ak.flatten(arrays[name])).copy()
        flat[where] = values(flat[where])
        arrays[name] = ak.unflatten(flat, ak.num(arrays[name]))

    changed("muon_charge", of_muon, lambda x: rng.choice(np.array([-1, 1], dtype=x.dtype), len(x)))
    changed("muon_pt", of_muon, lambda x: x * rng.uniform(0.5, 1.7, len(x)).astype(x.dtype))
    changed("muon_pfIso04", of_muon, lambda x: rng.uniform(0, 0.5, len(x)).astype(x.dtype))
    for axis in "xy":
        name = f"muon_matches_{axis}"
        changed(name, of_match, lambda x: (x + np.where(x > 0, -60, 60)).astype(x.dtype))
    for name in ("spoiled", "good"):
        (tmp_path / name).mkdir()
    found = _found(write_tree(arrays, tmp_path / "spoiled" / "fakes.root"))
    good = {name: array[~fake] for name, array in arrays.items()}
    truth = dtperf.run("reference_2023", write_tree(good, tmp_path / "good" / "good.root"))
    view = np.asarray(truth["by_chamber"].view())
    true = view[..., 1].sum() / view.sum()
    barrel = found.by_station()[0].efficiency
    shifts = {each.variation: each.shift for each in found.varied}
    assert true - barrel.value > 0.02
    for name in ("same_sign", "isolation_sideband"):
        found_bias, error = (float(part[0]) for part in shifts[name])
        assert abs(found_bias - (true - barrel.value)) < 3 * error + 0.001
    for name in ("mass_sidebands", "mass_fit"):  # their masses are not those that these assume
        assert shifts[name].value[0] > 10 * shifts[name].uncertainty[0]
    background = {n for n, each in found.declared.variations.items() if each.group == "background"}
    assert {row.dominating for row in found.by_station()} <= background
