"""Which plots there are: name, measurement, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from dtperf.measurements.declaration import Histogram
from dtperf.plot import chamber_spread, curves, distributions, maps, planes
from dtperf.plot.style import StyledFigure

__all__ = ["PLOTS", "Plot"]


class Plot(NamedTuple):
    """One picture of a measurement."""

    name: str
    measurement: str
    draw: Callable[[Histogram, Histogram | None, str], StyledFigure]
    """Takes its histogram of integers, the reference's or None, and a title."""


ETA, PHI, PT = r"probe $\eta$", r"probe $\phi$ [rad]", r"probe $p_T$ [GeV]"
LUMINOSITY = r"instantaneous luminosity [Hz/$\mu$b]"
STATIONS = range(1, 5)

efficiency = partial(curves.efficiency, y="efficiency")
acceptance = partial(curves.efficiency, y=r"efficiency $\times$ acceptance")
eligible: Any = {"label": "eligible fraction of the fiducial probes", "from_zero": True}
pairs, candidates, probes, segments = (
    partial(distributions.distribution, what=what)
    for what in ("pairs", "candidates", "probes", "segments")
)
against_pt, pairs_against_pt = (
    partial(planes.plane, x=PT, what=what) for what in ("probes", "pairs")
)
station_maps = [(f"MB{n}", partial(maps.one_station, station=n)) for n in STATIONS]
phi_eta_maps = [(f"MB{n}", partial(maps.phi_eta, station=n)) for n in STATIONS]

ROWS = (
    Plot("efficiency_vs_pt", "efficiency_vs_pt", partial(efficiency, x=PT, log=True)),
    Plot(
        "efficiency_vs_phi_hits",
        "efficiency_vs_phi_hits",
        partial(efficiency, x=r"$\phi$ hits, at least"),
    ),
    Plot("efficiency_vs_run", "efficiency_vs_run", partial(efficiency, x="run")),
    Plot("efficiency_vs_lumi", "efficiency_vs_lumi", partial(efficiency, x=LUMINOSITY)),
    Plot("efficiency_vs_pileup", "efficiency_vs_pileup", partial(efficiency, x="average pile-up")),
    Plot("efficiency_vs_mass", "efficiency_vs_mass", partial(efficiency, x=r"$m_{\mu\mu}$ [GeV]")),
    Plot("acceptance_vs_eta", "acceptance_vs_eta", partial(acceptance, x=ETA)),
    Plot("acceptance_vs_phi", "acceptance_vs_phi", partial(acceptance, x=PHI)),
    Plot("acceptance_vs_pt", "acceptance_vs_pt", partial(acceptance, x=PT, log=True)),
    *(Plot(f"acceptance_map_{mb}", "acceptance_map", drawn) for mb, drawn in phi_eta_maps),
    Plot("chambers", "by_chamber", maps.all_stations),
    *(Plot(f"chambers_{mb}", "by_chamber", drawn) for mb, drawn in station_maps),
    Plot("chambers_spread", "by_chamber", chamber_spread.spread),
    Plot("chambers_vs_run", "by_chamber_and_run", maps.runs_of_chambers),
    Plot("eligible", "eligible_by_sector_and_run", partial(maps.all_stations, **eligible)),
    Plot(
        "eligible_vs_run", "eligible_by_sector_and_run", partial(maps.runs_of_chambers, **eligible)
    ),
    Plot("inside_chambers", "inside_chambers", maps.inside_stations),
    Plot("pair_mass", "pair_mass", partial(pairs, x=r"$m_{\mu\mu}$ [GeV]")),
    Plot("pair_dz", "pair_dz", partial(pairs, x=r"$\Delta z$(tag, probe) [cm]", log=True)),
    Plot(
        "pair_dr_vs_probe_pt",
        "pair_dr_vs_probe_pt",
        partial(pairs_against_pt, y=r"$\Delta R$"),
    ),
    Plot("probe_pt", "probe_pt", partial(probes, x=PT, log=True)),
    Plot("probe_eta", "probe_eta", partial(probes, x=ETA)),
    Plot("probe_phi", "probe_phi", partial(probes, x=PHI)),
    Plot("probe_pixel_hits", "probe_pixel_hits", partial(candidates, x="pixel hits")),
    Plot("probe_tracker_layers", "probe_tracker_layers", partial(candidates, x="tracker layers")),
    Plot("probe_rpc_layers", "probe_rpc_layers", partial(candidates, x="RPC layers")),
    Plot(
        "probe_orig_algo", "probe_orig_algo", partial(candidates, x="first tracking step", log=True)
    ),
    Plot("probe_iso", "probe_iso", partial(candidates, x="relative isolation", log=True)),
    Plot(
        "other_stations_vs_eta",
        "other_stations_vs_eta",
        partial(planes.plane, x=ETA, y="other stations", what="probes"),
    ),
    Plot("residual_dr_vs_pt", "residual_dr_vs_pt", partial(against_pt, y=r"$\Delta R$ [cm]")),
    Plot("residual_dx_vs_pt", "residual_dx_vs_pt", partial(against_pt, y=r"$|\Delta x|$ [cm]")),
    Plot("residual_dy_vs_pt", "residual_dy_vs_pt", partial(against_pt, y=r"$|\Delta y|$ [cm]")),
    Plot("t0", "t0", partial(segments, x=r"segment $t_0$ [ns]", log=True)),
    Plot("t0_profile", "t0_profile", partial(distributions.profile, y=r"mean $t_0$ [ns]")),
)

PLOTS = {plot.name: plot for plot in ROWS}
