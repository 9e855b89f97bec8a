"""The notebooks run, and show what they promise; they are stored as nobody has run them."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.image
import nbformat
import numpy as np
import numpy.typing as npt
import pytest
import yaml
from matplotlib.colors import to_rgb
from nbclient import NotebookClient

from dtperf.measurements import STANDARD
from dtperf.nanoaod import branch_table
from dtperf.selection import needed_branches
from tests.helpers.jupyter import apart

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
NAMES = [
    "change_cuts_on_a_skim",
    "dt_performance",
    "lazy_with_dask_awkward",
    "offload",
    "quickstart",
    "tag_and_probe_step_by_step",
    "write_your_own_measurement",
]
LONGEST_CELL = 32
MARKERS = "#5790fc", "#f89c20", "#e42536", "#717581"
SLOW_WORKER = "distributed.nanny - WARNING - Worker process still alive"
COUNTS = r"^(MB\d)  .*?([\d,]+) / ([\d,]+)$"


class Shown:
    """What a notebook shows to those who run it."""

    def __init__(self, notebook: Any) -> None:
        self.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]

    def outputs_of(self, part: str) -> list[Any]:
        (cell,) = [cell for cell in self.cells if part in cell.source]
        return list(cell.outputs)

    def text_of(self, part: str) -> str:
        """Give what the one cell with this part in its source has printed."""
        return "".join(out.text for out in self.outputs_of(part) if out.output_type == "stream")

    def pictures_of(self, part: str) -> list[npt.NDArray[Any]]:
        shown = [out.data for out in self.outputs_of(part) if "data" in out]
        return [picture(data["image/png"]) for data in shown if "image/png" in data]

    @property
    def complaints(self) -> list[str]:
        """What went to stderr, but for what a busy machine leads to."""
        outputs = [out for cell in self.cells for out in cell.outputs]
        texts = [out.text for out in outputs if out.get("name") == "stderr"]
        lines = [line for text in texts for line in text.splitlines()]
        return [line for line in lines if line.strip() and SLOW_WORKER not in line]


Run = Callable[[str], Shown]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a notebook in a directory of its own, as far from the user's settings as that goes."""

    def execute(name: str) -> Shown:
        notebook = read(name)
        where = {"metadata": {"path": str(tmp_path)}}
        with apart(tmp_path) as config:
            NotebookClient(notebook, resources=where, config=config).execute()
        return Shown(notebook)

    return execute


def read(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]


def picture(encoded: str) -> npt.NDArray[Any]:
    pixels: npt.NDArray[Any] = matplotlib.image.imread(io.BytesIO(b64decode(encoded)))
    return pixels[..., :3]


def pixels_of(colour: str, shown: npt.NDArray[Any]) -> int:
    return int(np.all(np.abs(shown - to_rgb(colour)) < 0.02, axis=-1).sum())


def counts(text: str) -> dict[str, tuple[int, int]]:
    """Find passed and total of the stations."""
    found = re.findall(COUNTS, text, re.MULTILINE)
    return {mb: (int(k.replace(",", "")), int(n.replace(",", ""))) for mb, k, n in found}


def test_all_are_there() -> None:
    assert sorted(path.name for path in FOLDER.iterdir() if path.is_file()) == [
        f"{name}.ipynb" for name in NAMES
    ]


@pytest.mark.parametrize("name", NAMES)
def test_stored_as_nobody_has_run_it(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in cells] == [[]] * len(cells)
    assert [cell.execution_count for cell in cells] == [None] * len(cells)
    assert [cell.metadata for cell in notebook.cells] == [{}] * len(notebook.cells)


@pytest.mark.parametrize("name", NAMES)
def test_one_title_with_sections_below_it(name: str) -> None:
    texts = [cell.source for cell in read(name).cells if cell.cell_type == "markdown"]
    heads = re.findall(r"^(#+) ", "\n\n".join(texts), re.MULTILINE)
    assert texts[0].startswith("# ")
    assert heads[0] == "#"
    assert {*heads[1:]} == {"##"}


@pytest.mark.parametrize("name", NAMES)
def test_written_for_any_machine(name: str) -> None:
    notebook = read(name)
    sources = [cell.source for cell in notebook.cells]
    for path in (ROOT, Path.home(), "/tmp", "/home/"):
        assert [source for source in sources if f"{path}" in source] == []
    lengths = [c.source.count("\n") + 1 for c in notebook.cells if c.cell_type == "code"]
    assert max(lengths) <= LONGEST_CELL


@pytest.mark.slow
def test_quickstart(run: Run) -> None:
    shown = run("quickstart")
    assert shown.complaints == []
    first = 'plot.figure(result, "efficiency_vs_pt")'
    assert [len(cell.source.splitlines()) for cell in shown.cells if first in cell.source] == [3]
    (curve,) = shown.pictures_of(first)
    assert [colour for colour in MARKERS[:3] if pixels_of(colour, curve) < 50] == []
    line, _ = shown.outputs_of(first)
    assert re.match(r"measured 20,000 events in [\d.]+ s, [\d,]+ events/s", line.data["text/plain"])
    (itself,) = [cell.outputs for cell in shown.cells if cell.source == "result"]
    assert "title='MB2 W-1 S2: 6" in itself[0].data["text/html"]
    (chambers,) = shown.pictures_of('plot.figure(result, "chambers")')
    assert len(np.unique(chambers.reshape(-1, 3), axis=0)) > 20
    stations = counts(shown.text_of("by_station"))
    assert [*stations] == ["MB1", "MB2", "MB3", "MB4"]
    assert all(0.98 < passed / total <= 1 and total > 1000 for passed, total in stations.values())
    assert "MB2 W-1 S2: low: " in shown.text_of("flag(result)")
    saved = shown.text_of("result.save")
    assert re.search(r"histograms.json.gz\nledger.parquet\nplots\nresult.json\n20,000 ev", saved)


@pytest.mark.slow
def test_step_by_step(run: Run) -> None:
    shown = run("tag_and_probe_step_by_step")
    assert shown.complaints == []
    cuts = re.findall(r"^([\d,]+) ", shown.text_of("combinations"), re.MULTILINE)
    events, looked_at, probes, pairs = (int(number.replace(",", "")) for number in cuts)
    assert looked_at > probes > pairs > 1000
    by_hand, by_run = (
        counts(shown.text_of("clopper_pearson(passed")),
        counts(shown.text_of("dtperf.run")),
    )
    assert len(by_hand) == 4
    assert by_hand == by_run
    assert min(total for _, total in by_hand.values()) > events / 10
    assert len(shown.pictures_of("mass.plot1d")) == 1
    (display,) = shown.pictures_of("subplot_mosaic")
    height, width, _ = display.shape
    assert 600 < height < width
    below_legend = height // 12
    transverse = display[below_legend:, : width // 2]
    along_beam = display[below_legend : height // 2, width // 2 :]
    blue, orange, red, grey = MARKERS
    for view, colours in ((transverse, (blue, orange, red, grey)), (along_beam, (blue, red))):
        assert [colour for colour in colours if pixels_of(colour, view) < 60] == []


@pytest.mark.slow
def test_own_measurement(run: Run) -> None:
    shown = run("write_your_own_measurement")
    assert shown.complaints == []
    (curve,) = shown.pictures_of("plot.figure(result")
    assert [colour for colour in MARKERS[:3] if pixels_of(colour, curve) < 50] == []
    rows = re.findall(r"(\S+) to +\S+ cm +(\S+)", shown.text_of('inside[{"station": 0}]'))
    at = {float(edge): float(value) for edge, value in rows}
    assert at[-20.0] > 0.95
    assert at[0.0] < 0.1
    assert shown.text_of("from_file = ") == "True\n"
    lines = shown.text_of("means.values()").splitlines()
    means = np.array([re.findall(r"([\d.]+) cm", line) for line in lines], dtype=float)
    assert means.shape == (6, 4)
    assert np.all(means[0] > means[-1])
    assert np.all(np.diff(means[0]) > 0)
    assert "no column" in shown.text_of("ConfigError")


@pytest.mark.slow
def test_dt_performance(run: Run) -> None:
    shown = run("dt_performance")
    assert shown.complaints == []
    flagged = shown.text_of("flag(result)")
    assert re.search(r"^MB3 W0 S6: wrong BX: .* at BX \+1 ", flagged, re.MULTILINE)
    assert re.search(r"^MB1 W-1 S4: RPC low: ", flagged, re.MULTILINE)
    for part in ("trigger_twinmux_in_by_chamber", '"hit_residual"', "cells_of_chamber"):
        (drawn,) = shown.pictures_of(part)
        assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 20
    (dead,) = [cell.outputs for cell in shown.cells if "survey.flags" in cell.source][:1]
    assert dead[0].data["text/html"].count(">dead<") == 6
    second = shown.text_of("second = ")
    (k, n), (k_without, n_without) = [
        (int(a), int(b)) for a, b in re.findall(r": (\d+) / (\d+)$", second, re.MULTILINE)
    ]
    assert k_without <= k < n
    assert n_without < n
    assert k_without / n_without > 0.8


@pytest.mark.slow
def test_a_skim(run: Run) -> None:
    shown = run("change_cuts_on_a_skim")
    assert shown.complaints == []
    files, skim = map(float, re.findall(r"([\d.]+) MB", shown.text_of("sizes")))
    assert skim < files / 3
    loaded = shown.text_of("dtperf.Analysis(out)")
    assert loaded.startswith("all 40,000 synthetic events of 2 files")
    assert loaded.endswith("as a fresh run: True\n")
    assert shown.text_of("distances = ").startswith("10 cuts: ")
    (curve,) = shown.pictures_of("distances = ")
    assert len(np.unique(curve.reshape(-1, 3), axis=0)) > 20
    refused = shown.text_of("ConfigError")
    assert "selection.probe.min_pt: 5.0, but the skim has 10.0" in refused
    _bar, saved, view = (output.data for output in shown.outputs_of("dtperf.explore(out)"))
    assert saved["text/html"].count("title='MB") == 250
    assert "MB4" in saved["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in view


def test_lazy(run: Run) -> None:
    pytest.importorskip("dask_awkward")
    shown = run("lazy_with_dask_awkward")
    assert shown.complaints == []
    said, *branches = shown.text_of("necessary_columns").splitlines()
    known = {*branch_table("B")}
    assert said == f"{len(branches)} of {len(known)} branches:"
    assert needed_branches("isolated") <= {*branches} <= known
    assert len(branches) < len(known) / 8
    assert shown.text_of("steps") == f"{1 + len(STANDARD)} histograms, 1 step of tag-and-probe\n"
    compared = shown.text_of("dtperf.run")
    by_hand, by_run = re.findall(r"by hand: ([\d.]+) run: ([\d.]+) True", compared)[0]
    assert float(by_hand) == float(by_run) > 1000
    assert f"{len(STANDARD)} of {len(STANDARD)} standard measurements are equal" in compared


@pytest.mark.slow
def test_offload(run: Run) -> None:
    pytest.importorskip("cryptography")
    shown = run("offload")
    assert shown.complaints == []
    ran = shown.text_of("dtperf.cluster(")
    assert re.search(r"^2 workers, dashboard at http://127\.0\.0\.1:\d+/status$", ran, re.MULTILINE)
    assert min(total for _, total in counts(ran).values()) > 1000
    accounted = shown.text_of("result.ledger")
    rows = re.findall(r"read ([\d,]+) events, worker \S+:(\d+)$", accounted, re.MULTILINE)
    assert sum(int(number.replace(",", "")) for number, _ in rows) == 8000
    (client,) = re.findall(r"^this process is (\d+)$", accounted, re.MULTILINE)
    assert client not in {process for _, process in rows}
    assert f"{len(STANDARD)} of {len(STANDARD)} histograms are equal" in accounted
    starts = shown.text_of('"htcondor"')
    assert re.findall(r"^kind: (\w+)$", starts, re.MULTILINE) == ["slurm", "htcondor", "interlink"]
    *_, cluster = yaml.safe_load_all(shown.text_of("to_yaml(objects)"))
    assert cluster["kind"] == "DaskCluster"
    worker = cluster["spec"]["worker"]["spec"]
    assert worker["nodeSelector"]["kubernetes.io/hostname"] == "vk-site"
