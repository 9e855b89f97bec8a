"""Figures in a notebook, in a real kernel, and where nobody looks."""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import pytest
from matplotlib.backend_bases import FigureManagerBase
from nbclient import NotebookClient

from dtperf import plot
from dtperf.plot import files
from dtperf.results.result import Result
from tests.helpers.jupyter import apart
from tests.plot.conftest import made, result_of

SETUP = """
import matplotlib as mpl
from dtperf import plot
from dtperf.results.result import Result
result = Result.load({path!r})
"""
Size = tuple[int, int]


def sizes(outputs: list[Any]) -> list[Size]:
    """Width and height of the pictures, in pixels and in order."""
    pictures = [out.data["image/png"] for out in outputs if "image/png" in out.get("data", ())]
    return [struct.unpack(">II", b64decode(each)[16:24]) for each in pictures]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[list[Any]]]:
    """Run cells in a kernel of their own, and give what each has shown."""
    folder = tmp_path_factory.mktemp("notebook")
    names = ("pair_mass", "probe_pt", "probe_eta")
    result_of({name: made(name) for name in names}).save(folder / "out")

    def execute(*cells: str) -> list[list[Any]]:
        sources = (SETUP.format(path=str(folder / "out")), *cells)
        notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
        notebook.cells = [
            nbformat.v4.new_code_cell(each)  # type: ignore[no-untyped-call]
            for each in sources
        ]
        where = {"metadata": {"path": str(folder)}}
        with apart(folder) as config:
            NotebookClient(notebook, resources=where, config=config).execute()
        shown = [list(cell.outputs) for cell in notebook.cells[1:]]
        assert not [out for outputs in shown for out in outputs if out.get("name") == "stderr"]
        return shown

    return execute


def test_each_figure_of_a_cell_is_shown_once_and_in_order(
    run: Callable[..., list[list[Any]]],
) -> None:
    two, loop, generator, kept, again, shown, own, left, index = run(
        "plot.figure(result, 'pair_mass', figsize=(5, 4))\n"
        "plot.figure(result, 'probe_pt', figsize=(7, 4))",
        "for name in ('pair_mass', 'probe_pt'):\n    plot.figure(result, name)",
        "for name, _ in plot.draw(result):\n    pass",
        "kept = plot.figure(result, 'probe_eta', figsize=(6, 6))\n"
        "plot.figure(result, 'probe_eta', figsize=(8, 4))\n"
        "display(kept)\n"
        "print('below')",
        "kept",
        "plot.figure(result, 'probe_eta').show()",
        "import matplotlib.pyplot as plt\n"
        "plt.figure(figsize=(3, 2)).add_subplot()\n"
        "plot.figure(result, 'probe_eta', figsize=(6, 6));",
        "assert plt.get_fignums() == []\nassert mpl.rcParams['font.size'] == 10",
        "result.histograms",
    )
    assert [width > 600 for width, _ in sizes(two)] == [False, True]
    assert [len(sizes(outputs)) for outputs in (loop, generator)] == [2, 3]
    square, wide = sizes(kept)
    assert kept[1].get("text") == "below\n"
    assert square[0] / square[1] < 1.2 < wide[0] / wide[1]
    assert sizes(again) == [square]
    assert len(sizes(shown)) == 1
    assert [width > 400 for width, _ in sizes(own)] == [False, True]
    assert left == []
    (table,) = index
    assert {*table.data} == {"text/plain", "text/html"}
    assert table.data["text/plain"].splitlines()[1].startswith("pair_mass  invariant mass")


def test_the_users_resolution_is_kept(run: Callable[..., list[list[Any]]]) -> None:
    draw = "plot.figure(result, 'pair_mass')"
    usual, fine, retina = map(
        sizes,
        run(
            draw,
            f"mpl.rcParams['figure.dpi'] = 150\n{draw}",
            "%config InlineBackend.figure_formats = ['retina']\n"
            f"mpl.rcParams['figure.dpi'] = 100\n{draw}",
        ),
    )
    for (found,), factor in ((fine, 1.5), (retina, 2)):
        assert found == pytest.approx([factor * each for each in usual[0]], rel=0.02)


def test_elsewhere_pyplot_keeps_no_figure(whole: Result) -> None:
    assert plot.figure(whole, "pair_mass").canvas.manager is None
    assert [name for name, _ in plot.draw(whole, only=["t0", "pair_mass"])] == ["t0", "pair_mass"]
    assert plt.get_fignums() == []


def test_show_without_a_display(whole: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    asked: list[FigureManagerBase] = []
    show = FigureManagerBase.show
    monkeypatch.setattr(FigureManagerBase, "show", lambda own: (asked.append(own), show(own)))
    sheet = plot.figure(whole, "pair_mass")
    sheet.show()
    try:
        assert [manager.canvas.figure for manager in asked] == [sheet]
        assert plt.gcf() is sheet
    finally:
        plt.close(sheet)


def test_interactive_mode_hands_figures_to_pyplot(whole: Result) -> None:
    with plt.ion():
        sheet = plot.figure(whole, "pair_mass")
        assert plt.get_fignums() == [sheet.number]
        files.figure(whole, "pair_mass")
        assert plt.get_fignums() == [sheet.number], "what reports are made of"
    plt.close(sheet)


def test_another_size_leaves_the_header_its_height(whole: Result, tmp_path: Path) -> None:
    usual, large = (plot.figure(whole, "chambers", figsize=size) for size in (None, (24, 30)))
    heights = []
    for sheet in (usual, large):
        sheet.savefig(tmp_path / "drawn.png", dpi=20)
        top = max(panel.get_position().y1 for panel in sheet.panels.flat)
        heights.append((1 - top) * sheet.get_figheight())
    assert large.get_size_inches().tolist() == [24, 30]
    assert heights[1] == pytest.approx(heights[0], abs=0.15)
