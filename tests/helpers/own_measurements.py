"""A config with measurements of one's own, of every kind that is drawn in another way."""

from __future__ import annotations

from typing import Any

__all__ = ["OWN"]

FIDUCIAL = ["is_eligible", "is_in_eta", "is_fiducial"]
STATION = {"type": "integer", "name": "station", "first": 1, "last": 4}
WHEEL = {"type": "integer", "name": "wheel", "first": -2, "last": 2}
SECTOR = {"type": "integer", "name": "sector", "first": 1, "last": 14}
PT = {"type": "variable", "name": "probe_pt", "edges": [20, 30, 40, 60, 100]}
ETA = {"type": "regular", "name": "probe_eta", "bins": 6, "start": -1.2, "stop": 1.2}
PHI = {"type": "regular", "name": "probe_phi", "bins": 5, "start": -3.2, "stop": 3.2}
MASS = {"type": "regular", "name": "mass", "bins": 12, "start": 80, "stop": 104}


def _of(title: str, *axes: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {"title": title, "table": "crossings", "rows": FIDUCIAL, "axes": [*axes], **other}


OWN: dict[str, Any] = {
    "title": "by hand",
    "measurements": {
        "add": {
            "own_pt": _of("all stations", PT | {"label": "$p_T$ [GeV]"}, passed="passing"),
            "own_stations": _of("each station", STATION, PT, passed="passing"),
            "own_plane": _of("in a plane", PHI, ETA, passed="passing"),
            "own_planes": _of("in planes", STATION, PHI, ETA, passed="passing"),
            "own_chambers": _of("chambers", STATION, WHEEL, SECTOR, passed="passing"),
            "own_wheels": _of(
                "wheels", STATION, WHEEL, PT, passed="passing", picture={"by": "wheel"}
            ),
            "own_hits": _of(
                *("hits", {"type": "at_least", "name": "phi_hits", "first": 1, "last": 8}, PT),
                passed="passing",
                picture={"kind": "curve"},
            ),
            "own_runs": _of("runs", {"type": "category", "name": "run"}, passed="passing"),
            "own_middle": _of(
                *("in the middle", PT),
                {"type": "regular", "name": "local_y", "bins": 1, "start": -20, "stop": 20},
                passed="passing",
            ),
            "own_mass": {
                "title": "pairs",
                "table": "pairs",
                "rows": ["is_probe"],
                "axes": [MASS],
                "picture": {"log": ["entries"]},
            },
            "own_entries": _of("entries in a plane", STATION, PHI, ETA),
            "own_t0": _of(
                *("mean t0", STATION, WHEEL, SECTOR), mean_of="t0", picture={"label": "t0 [ns]"}
            ),
            "own_t0_pt": _of("mean t0 against pT", STATION, PT, mean_of="t0"),
            "hidden": _of("not drawn", PT, picture={"kind": "none"}),
            # a plot of ours is called so
            "chambers": _of("a name that is taken", STATION, PT, passed="passing"),
        }
    },
}
"""Content of a config, as YAML would have it."""
