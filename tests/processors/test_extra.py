"""What a processor has counted of its own: saved, added up, exported, drawn, and not trusted."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import hist
import numpy as np
import pytest
import uproot
from uhi.io.json import object_hook

import dtperf
from dtperf.errors import ConfigError, InputError
from dtperf.pages.report import render
from dtperf.results.export import export
from dtperf.results.result import RESULT, Result
from dtperf.results.storage import EXTRA


@pytest.fixture(scope="module")
def extra() -> dict[str, Any]:
    """Histograms of every kind that is allowed, and numbers."""
    rng = np.random.default_rng(3)
    new = hist.Hist.new
    x, y, station = rng.normal(size=500), rng.normal(size=500), rng.integers(1, 5, 500)
    return {
        "t0/counts": new.Reg(20, -2, 2, name="t0", label="$t_0$ [ns]").Int64().fill(x),
        "t0/plane": new.Var([-2, 0, 1, 2], name="x").Reg(5, -2, 2, name="y").Double().fill(x, y),
        "weighted": new.Reg(4, -2, 2, name="x", label="x").Weight().fill(x, weight=y),
        "by_run": new.IntCat([], growth=True, name="run").Int64().fill([7, 7, 9]),
        "by_side": new.StrCat(["left", "right"], name="side").Double().fill(["left", "up"]),
        "deep": new.Int(1, 5, name="station")
        .Boolean(name="good")
        .Reg(4, -2, 2, name="x")
        .Int64()
        .fill(station, x > 0, x),
        "none": new.StrCat([], growth=True, name="never").Int64(),
        "segments": 12,
        "mean": 0.25,
    }


@pytest.fixture
def result(golden_result: Result, extra: dict[str, Any]) -> Result:
    return replace(golden_result, extra=extra)


def test_it_is_saved_and_loaded(result: Result, tmp_path: Path) -> None:
    loaded = Result.load(result.save(tmp_path))
    assert loaded.extra == result.extra
    assert loaded.extra["weighted"].variances().tolist() == (
        result.extra["weighted"].variances().tolist()
    )
    # without any, none is left of an older result
    replace(result, extra={}).save(tmp_path)
    assert not (tmp_path / EXTRA).exists()
    assert Result.load(tmp_path).extra == {}


def test_it_adds_up(result: Result) -> None:
    result = result.allow_doubled_events()  # it is added to itself
    other = replace(
        result,
        ledger=type(result.ledger)(row._replace(uuid="another") for row in result.ledger),
        extra={
            "by_run": hist.Hist.new.IntCat([8, 7], growth=True, name="run").Int64().fill([8, 7]),
            "segments": 3,
            "only_here": 1,
        },
    )
    both, other_way = (result + other).extra, (other + result).extra
    assert both == other_way
    assert (both["segments"], both["only_here"], both["mean"]) == (15, 1, 0.25)
    assert dict(zip(both["by_run"].axes[0], both["by_run"].values(), strict=True)) == {
        7: 3,
        8: 1,
        9: 1,
    }
    clashing = replace(other, extra={"by_run": 3})
    with pytest.raises(InputError, match="extra: by_run: of both results does not add up"):
        result + clashing


def with_content(directory: Path, content: Any) -> Path:
    """Replace what is stored by something that somebody has made up, sums and all."""
    data = gzip.compress(json.dumps(content).encode())
    (directory / EXTRA).write_bytes(data)
    told = json.loads((directory / RESULT).read_text())
    told["sha256"][EXTRA] = hashlib.sha256(data).hexdigest()
    (directory / RESULT).write_text(json.dumps(told))
    return directory


AXIS = {
    "type": "regular",
    "lower": 0.0,
    "upper": 1.0,
    "bins": 2,
    "underflow": False,
    "overflow": False,
    "circular": False,
}


def made_up(storage: Any, axis: Any = AXIS) -> Any:
    histogram = {"uhi_schema": 1, "axes": [axis], "storage": storage}
    return {"numbers": {}, "histograms": {"h": histogram}}


HOSTILE: dict[str, tuple[Any, str]] = {
    "a list": ([], "valid"),
    "no numbers": ({"numbers": {"x": "1"}, "histograms": {}}, "numbers.x"),
    "both": ({"numbers": {"h": 1}, "histograms": made_up({})["histograms"]}, "h"),
    "fewer values": (made_up({"type": "double", "values": [1.0]}), "not of the shape"),
    "text": (made_up({"type": "double", "values": [1.0, "2"]}), "its values are not numbers"),
    "parts": (made_up({"type": "int", "values": [1, 2.5]}), "not whole numbers"),
    "variance": (
        made_up({"type": "weighted", "values": [1, 2], "variances": [1, -1]}),
        "negative variance",
    ),
    "mean": (made_up({"type": "mean", "values": [1, 2]}), "h.storage.type"),
    "huge": (made_up({"type": "double", "values": [1.0]}, {**AXIS, "bins": 10**12}), "shape"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_cannot_be_true_is_not_loaded(case: str, result: Result, tmp_path: Path) -> None:
    content, told = HOSTILE[case]
    with_content(result.save(tmp_path), content)
    with pytest.raises(InputError, match=EXTRA) as refused:
        Result.load(tmp_path)
    assert told in str(refused.value)


def test_what_was_changed_is_not_loaded(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path)
    (tmp_path / EXTRA).write_bytes(gzip.compress(b"{}"))
    with pytest.raises(InputError, match=f"{EXTRA}: was changed"):
        Result.load(tmp_path)
    (tmp_path / EXTRA).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        Result.load(tmp_path)


def test_root_gets_all_of_it_beside_ours(result: Result, tmp_path: Path) -> None:
    extra = result.extra
    with uproot.open(export(result, tmp_path / "x.root")) as file:
        assert "probe_pt" in {key.partition(";")[0] for key in file}
        counts = file["extra/t0/counts"]
        assert counts.values(flow=True).tolist() == extra["t0/counts"].values(flow=True).tolist()
        weighted = file["extra/weighted"]
        assert weighted.values().tolist() == extra["weighted"].values().tolist()
        assert weighted.variances().tolist() == extra["weighted"].variances().tolist()
        assert file["extra/by_run"].axis().labels() == ["7", "9"]
        # the overflow of categories that do not grow
        assert file["extra/by_side"].values(flow=True).tolist() == [0, 1, 0, 1]
        plane = file["extra/t0/plane"]
        assert plane.values().tolist() == extra["t0/plane"].values().tolist()
        third = file["extra/deep/MB3"].values()
        assert third.tolist() == extra["deep"][{"station": 2}].values().tolist()
        numbers = file["extra_numbers"]
        assert numbers.axis().labels() == ["mean", "segments"]
        assert numbers.values().tolist() == [0.25, 12]


def test_json_gets_all_of_it_beside_ours(result: Result, tmp_path: Path) -> None:
    text = export(result, tmp_path / "x.json", "json").read_text()
    read = {
        name: hist.Hist(value) for name, value in json.loads(text, object_hook=object_hook).items()
    }
    assert "by_chamber" in read
    for name, histogram in result.extra_histograms.items():
        assert (read[name].values(flow=True) == histogram.values(flow=True)).all()
    assert read["extra_numbers"].values().tolist() == [0.25, 12]


def test_each_histogram_is_drawn(result: Result, tmp_path: Path) -> None:
    names = [*result.extra_histograms]
    written = dtperf.plot.save(result, tmp_path, only=names, reference=result)
    assert [path.name for path in written] == [f"{name.replace('/', '_')}.png" for name in names]
    drawn = [name for name, _ in dtperf.plot.draw(result)]
    assert drawn[-len(names) :] == names
    with pytest.raises(ConfigError, match=r"unknown plot 'extra/t0/count'.*'extra/t0/counts'"):
        dtperf.plot.figure(result, "extra/t0/count")


def test_a_line_shows_its_counts_and_a_plane_is_drawn_station_by_station(result: Result) -> None:
    panel = dtperf.plot.figure(result, "extra/t0/counts").panels[0, 0]
    assert panel.patches[0].get_data().values.tolist() == (
        result.extra["t0/counts"].values().tolist()
    )
    assert panel.get_xlabel() == "$t_0$ [ns]"
    odd = hist.Hist.new.Reg(2, 0, 1, name="x", label="half of $a_{$ is none").Int64()
    broken = dtperf.plot.figure(replace(result, extra={"odd": odd}), "extra/odd")
    assert broken.panels[0, 0].get_xlabel() == r"half of \$a_{\$ is none"
    for number, panel in enumerate(dtperf.plot.figure(result, "extra/deep").panels.flat):
        shown = panel.collections[0].get_array()
        assert shown.sum() == result.extra["deep"][{"station": number}].values().sum()
        assert panel.get_title(loc="left") == f"MB{number + 1}"


def test_the_report_shows_it(result: Result, golden_result: Result) -> None:
    page = render(result, [])
    assert 'id="own"' in page
    assert page.count('alt="Histogram ') == len(result.extra_histograms)
    assert '<th scope="row">segments</th><td class="number">12</td>' in page
    assert 'id="own"' not in render(golden_result, [])
