"""Pictures of what is measured, drawn with the chambers' true sizes and places."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon, Rectangle

from dtperf import detector
from dtperf.detector import Chamber

__all__ = ["PICTURES"]

BLUE, ORANGE, RED, GREY, PALE = "#5790fc", "#f89c20", "#e42536", "#717581", "#e4edfd"
FIELD_T, SOLENOID_CM, YOKE_T = 3.8, 300.0, 1.6
BORDER_CM, WINDOW_CM = 15.0, 15.0

RC = {
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "svg.fonttype": "path",  # the same on every machine
    "svg.hashsalt": "dtperf",
    "path.simplify": True,
}


def _svg(width: float, height: float, draw: Callable[[Any], None]) -> bytes:
    """Draw into one panel without axes, in inches; the same code gives the same bytes."""
    with rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        panel = figure.add_subplot()
        panel.set_aspect("equal")
        panel.axis("off")
        draw(panel)
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "dtperf"})
    return out.getvalue()


def _track(pt_gev: float, phi: float, charge: int, out_to_cm: float = 800.0) -> Any:
    """Follow a muon from the beam in the transverse plane, bent one way and, in the yoke, back.

    A sketch, with two even fields; `dtperf.detector.propagate` does it in earnest.
    """
    step_cm = 2.0
    places = [np.zeros(2)]
    while np.hypot(*places[-1]) < out_to_cm:
        inside = np.hypot(*places[-1]) < SOLENOID_CM
        # 0.3 GeV bends on 1 m in 1 T
        phi -= charge * 0.003 * (FIELD_T if inside else -YOKE_T) * step_cm / pt_gev
        places.append(places[-1] + step_cm * np.array([np.cos(phi), np.sin(phi)]))
    return np.array(places)


def _outline(chamber: Chamber) -> Any:
    """Return the corners of a chamber in the transverse plane, cm, shape (4, 2)."""
    code = np.array([chamber.code])
    half = detector.widths_cm()[code] / 2
    depth = detector.thicknesses_cm()[code] / 2
    x, z = half * [-1, 1, 1, -1], depth * [-1, -1, 1, 1]
    return np.transpose(detector.to_global(code, x, 0.0, z)[:2])


def _where(track: Any, chamber: Chamber) -> Any:
    """Return the place where a track meets the middle plane of a chamber."""
    angle = detector.sector_angles()[chamber.code]
    heights = track @ [np.cos(angle), np.sin(angle)]
    after = int(np.argmax(heights > detector.distances_cm()[chamber.code]))
    return track[after]


def _stub(panel: Any, place: Any, towards: Any, colour: str, half_cm: float = 26.0) -> None:
    ends = np.array([place - half_cm * towards, place + half_cm * towards])
    panel.plot(*ends.T, color=colour, lw=5, solid_capstyle="butt", zorder=4)


def _note(panel: Any, text: str, at: Any, place: Any, **how: Any) -> None:
    panel.annotate(
        text,
        at,
        place,
        arrowprops={"arrowstyle": "-", "color": GREY, "shrinkA": 2, "shrinkB": 3},
        **{"ha": "center", "va": "center", **how},
    )


def tag_and_probe() -> bytes:
    """Draw one event along the beam: tag, probe, crossings, segments."""
    sector = 2
    tag, probe = _track(40, np.radians(208), -1), _track(25, np.radians(33), 1)

    def draw(panel: Any) -> None:
        for chamber in detector.chambers():
            if chamber.wheel == 0:
                face, edge = (PALE, "0.4") if chamber.sector == sector else ("white", "0.7")
                panel.add_patch(Polygon(_outline(chamber), fc=face, ec=edge))
        panel.add_patch(Circle((0, 0), SOLENOID_CM, fc="none", ec="0.8", ls=":"))
        panel.plot(*tag.T, color=ORANGE, ls="--", lw=2)
        inner = np.hypot(*probe.T) < 115
        panel.plot(*probe[inner].T, color=RED, lw=3)
        panel.plot(*probe.T, color=RED, lw=1.2)
        places = [_where(probe, Chamber(0, sector, station)) for station in range(1, 5)]
        for station, place in enumerate(places, 1):
            panel.plot(*place, "o", mfc="white", mec="black", ms=7, zorder=5)
            if station != 3:
                direction = place / np.hypot(*place)
                across = np.array([-direction[1], direction[0]])
                _stub(panel, place + (5 if station % 2 else -4) * across, direction, BLUE)
        said = "tag: fires the trigger,\nTight ID, isolated"
        _note(panel, said, tag[370], (-960, -620), color="#b36a00")
        _note(panel, "probe: a track\nof the tracker", probe[40], (70, -130), color=RED)
        _note(panel, "crossing: where that\ntrack is expected", places[3], (1010, 620))
        _note(panel, "no segment: MB3\nis not efficient here", places[2], (1030, 330))
        _note(panel, "segment", places[1] + (4, -14), (930, 90), color=BLUE)
        for station in range(1, 5):
            y = -detector.distances_cm()[Chamber(0, 10, station).code] - 22
            panel.text(0, y, f"MB{station}", ha="center", va="top", fontsize=9, color="0.3")
        panel.set(xlim=(-1210, 1250), ylim=(-800, 760))

    return _svg(8, 5.1, draw)


def fiducial() -> bytes:
    """Draw a chamber from above: fiducial region, crossings, segments."""
    width, length = detector.widths_cm()[0], detector.lengths_cm()[0]
    cases = (
        # crossing, segment's distance along x, what it is
        ((-60, 50), 4.0, "passes: a segment within 15 cm"),
        ((40, 12), None, "fails: no segment"),
        ((-20, -62), 27.0, "fails: the segment is too far"),
        ((102, -95), None, "too close to the edge: does not count\nin the fiducial efficiency"),
    )

    def draw(panel: Any) -> None:
        panel.add_patch(Rectangle((-width / 2, -length / 2), width, length, fc="white", ec="black"))
        inner = width - 2 * BORDER_CM, length - 2 * BORDER_CM
        panel.add_patch(
            Rectangle((-inner[0] / 2, -inner[1] / 2), *inner, fc=PALE, ec=BLUE, ls="--", lw=1.2)
        )
        for (x, y), apart, text in cases:
            counted = abs(x) < inner[0] / 2 and abs(y) < inner[1] / 2
            panel.add_patch(
                Rectangle((x - WINDOW_CM, y - 8), 2 * WINDOW_CM, 16, fc="none", ec=GREY, ls=":")
            )
            if apart is not None:
                panel.plot([x + apart] * 2, [y - 7, y + 7], color=BLUE, lw=5, solid_capstyle="butt")
            passes = apart is not None and apart < WINDOW_CM
            colour = ("#2a7f2a" if passes else RED) if counted else GREY
            panel.plot(x, y, "o", mfc=colour, mec="black", ms=8, zorder=5)
            _note(panel, text, (x + 3, y), (130, y), ha="left", color=colour)
        panel.annotate("", (-width / 2, 86), (-inner[0] / 2, 86), arrowprops={"arrowstyle": "<->"})
        _note(panel, "border: 15 cm", (-width / 2 + 7, 86), (-180, 86), ha="right")
        panel.text(-inner[0] / 2 + 4, inner[1] / 2 - 6, "fiducial region", color=BLUE, va="top")
        panel.text(0, length / 2 + 5, "local x →", ha="center", va="bottom", color=GREY)
        panel.text(-width / 2 - 6, 0, "local y →", ha="right", va="center", rotation=90, color=GREY)
        panel.set(xlim=(-250, 390), ylim=(-length / 2 - 6, length / 2 + 18))

    return _svg(8, 3.7, draw)


def eligible() -> bytes:
    """Draw two probes in a sector: one that two other stations have seen, and one that one has."""

    def one(panel: Any, x: float, seen: Iterable[int], title: str, below: str) -> None:
        for station in range(1, 5):
            width, y = 120 + 22 * station, 62 * station
            measured = station == 2
            face = PALE if measured else "white"
            panel.add_patch(Rectangle((x - width / 2, y - 12), width, 24, fc=face, ec="0.4"))
            panel.text(x - width / 2 - 8, y, f"MB{station}", ha="right", va="center", color="0.3")
            crossed = x - 24 + 70 * (y - 10) / 270
            if station in seen:
                ends = [crossed - 3, crossed + 3], [y - 11, y + 11]
                panel.plot(*ends, color=BLUE, lw=6, solid_capstyle="butt", zorder=2)
            if measured:
                panel.plot(crossed, y, "o", mfc="white", mec="black", ms=8, zorder=5)
                panel.text(x + width / 2 + 6, y, "measured", va="center", fontsize=9, color="0.3")
        panel.plot([x - 24, x + 46], [10, 280], color=RED, lw=1.5, zorder=3)
        panel.text(x, 302, title, ha="center", va="bottom")
        panel.text(x, -4, below, ha="center", va="top", fontsize=9.5, color="0.3")

    def draw(panel: Any) -> None:
        one(panel, 0, (1, 4), "eligible", "segments in MB1 and MB4: counts,\nand MB2 has failed")
        said = "only MB4: may be no muon,\ndoes not count, whatever MB2 did"
        one(panel, 390, (4,), "not eligible", said)
        panel.set(xlim=(-160, 560), ylim=(-50, 330))

    return _svg(8, 4.0, draw)


PICTURES: Mapping[str, Callable[[], bytes]] = {
    "tag_and_probe": tag_and_probe,
    "fiducial": fiducial,
    "eligible": eligible,
}
"""What draws each picture, by its file's name without ending."""
