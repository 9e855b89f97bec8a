"""The standard measurements: those of the reference program, and a few that it lacks.

Binnings are the reference's. Its one histogram a station is an axis here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dtperf.measurements.declaration import (
    AtLeast,
    Category,
    Integer,
    Measurement,
    Regular,
    Variable,
)

__all__ = ["STANDARD"]

PI = 3.14159265359  # as the reference writes it: the bins' edges depend on it

STATION = Integer(name="station", first=1, last=4, label="station (MB)")
WHEEL = Integer(name="wheel", first=-2, last=2, label="wheel")
SECTOR = Integer(name="sector", first=1, last=14, label="sector")
CHARGE = Variable(name="probe_charge", edges=(-1.5, 0, 1.5), label="charge of the probe")
ETA = Regular(name="probe_eta", bins=48, start=-1.2, stop=1.2, label=r"probe $\eta$")
PHI = Regular(name="probe_phi", bins=96, start=-PI, stop=PI, label=r"probe $\phi$")
# The reference fills some plots with numbers that have gone through a four-vector, others not.
VECTOR_PT = Regular(
    name="probe_pt",
    column="probe_vector_pt",
    bins=200,
    start=0,
    stop=200,
    label=r"probe $p_T$ [GeV]",
)
VECTOR_ETA = ETA.model_copy(update={"column": "probe_vector_eta", "bins": 56})
VECTOR_PHI = PHI.model_copy(update={"column": "probe_vector_phi", "bins": 180})
VECTOR_PT_WIDENING = Variable(
    name="probe_pt",
    column="probe_vector_pt",
    edges=(
        *(0, 5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 90, 110, 130, 150),
        *(200, 250, 300, 400, 500, 750),
    ),
    label=r"probe $p_T$ [GeV]",
)
RUN = Category(name="run", label="run")
INST_LUMI = Regular(
    name="inst_lumi",
    bins=50,
    start=0,
    stop=25_000,
    label=r"instantaneous luminosity [Hz/$\mu$b]",
)
PILEUP = Regular(name="pileup", bins=50, start=0, stop=100, label="average pile-up")

LOCAL_X = Regular(name="local_x", bins=42, start=-210, stop=210, label="local x [cm]")
LOCAL_Y = Regular(name="local_y", bins=14, start=-140, stop=140, label="local y [cm]")
MASS = Regular(name="mass", bins=100, start=50, stop=150, label=r"$m_{\mu\mu}$ [GeV]")

# the rows of the reference's blocks: one a station within acceptance, one a fiducial crossing
MEASURED = ("is_first", "is_eligible")
IN_ETA = (*MEASURED, "is_in_eta")
FOUND = (*IN_ETA, "station_passing")
FIDUCIAL = ("is_eligible", "is_in_eta", "is_fiducial")
MATCHED = (*FIDUCIAL, "passing")


def _counts(name: str, stop: float, label: str) -> Regular:
    return Regular(name=name, bins=round(stop + 0.5), start=-0.5, stop=stop, label=label)


def _candidate(title: str, *axes: Regular, rows: tuple[str, ...] = ()) -> Measurement:
    return Measurement(title=title, table="pairs", rows=rows, axes=axes)


def _probe(title: str, *axes: Regular, rows: tuple[str, ...]) -> Measurement:
    return Measurement(title=title, table="crossings", rows=rows, axes=(STATION, *axes))


def _acceptance(
    title: str, *axes: Regular | Variable, rows: tuple[str, ...] = IN_ETA
) -> Measurement:
    return Measurement(
        title=f"efficiency x acceptance {title}",
        table="crossings",
        rows=rows,
        axes=(STATION, *axes),
        passed="station_passing",
    )


def _efficiency(
    title: str, *axes: Regular | Variable | Integer | AtLeast | Category
) -> Measurement:
    return Measurement(
        title=f"fiducial efficiency {title}",
        table="crossings",
        rows=FIDUCIAL,
        axes=(STATION, *axes),
        passed="passing",
    )


def _residual(column: str, bins: int, stop: float, label: str) -> Measurement:
    axis = Regular(name=column, bins=bins, start=0, stop=stop, label=label)
    return _probe(f"{label} against pT", VECTOR_PT, axis, rows=FOUND)


STANDARD: Mapping[str, Measurement] = MappingProxyType(
    {
        "probe_pixel_hits": _candidate(
            "pixel hits of every candidate", _counts("probe_pixel_hits", 9.5, "pixel hits")
        ),
        "probe_tracker_layers": _candidate(
            "tracker layers of every candidate",
            _counts("probe_tracker_layers", 29.5, "tracker layers"),
        ),
        "probe_rpc_layers": _candidate(
            "RPC layers of every candidate", _counts("probe_rpc_layers", 29.5, "RPC layers")
        ),
        "probe_orig_algo": _candidate(
            "first tracking step of every candidate",
            _counts("probe_orig_algo", 19.5, "tracking step"),
        ),
        "probe_iso": _candidate(
            "relative isolation of every candidate",
            Regular(name="probe_iso", bins=100, start=0, stop=5, label="relative isolation"),
        ),
        "pair_mass": _candidate(
            "invariant mass of tag and probe",
            MASS,
            rows=("is_probe",),
        ),
        "pair_dz": _candidate(
            "distance of tag and probe along the beam",
            Regular(name="dz", bins=100, start=-5, stop=5, label=r"$\Delta z$ [cm]"),
            rows=("is_probe",),
        ),
        "pair_dr_vs_probe_pt": _candidate(
            "distance of tag and probe in (eta, phi) against pT",
            VECTOR_PT.model_copy(update={"bins": 100, "stop": 1000.0}),
            Regular(name="dr", bins=100, start=0, stop=6.2831853072, label=r"$\Delta R$"),
            rows=("is_probe",),
        ),
        "other_stations_vs_eta": _probe(
            "other stations with matched segments",
            ETA.model_copy(update={"bins": 96}),
            _counts("n_other_stations", 4.5, "other stations"),
            rows=("is_first",),
        ),
        "probe_pt": _probe("pT of the probes", VECTOR_PT, rows=IN_ETA),
        "probe_eta": _probe("eta of the probes", VECTOR_ETA, rows=IN_ETA),
        "probe_phi": _probe("phi of the probes", VECTOR_PHI, rows=IN_ETA),
        "residual_dr_vs_pt": _residual("station_dr", 50, 0.5, r"$\Delta R$ [cm]"),
        "residual_dx_vs_pt": _residual("station_dx", 50, 50, r"$|\Delta x|$ [cm]"),
        "residual_dy_vs_pt": _residual("station_dy", 50, 50, r"$|\Delta y|$ [cm]"),
        "acceptance_vs_eta": _acceptance("against eta", ETA, rows=MEASURED),
        "acceptance_map": _acceptance(
            "in (phi, eta)",
            CHARGE,
            PHI,
            ETA.model_copy(update={"bins": 96, "start": -1.4, "stop": 1.4}),
            rows=MEASURED,
        ),
        "acceptance_vs_phi": _acceptance("against phi", CHARGE, PHI),
        "acceptance_vs_pt": _acceptance("against pT", VECTOR_PT_WIDENING),
        "efficiency_vs_pt": _efficiency("against pT", VECTOR_PT_WIDENING),
        "efficiency_vs_phi_hits": _efficiency(
            "against the least number of phi hits",
            AtLeast(name="phi_hits", first=1, last=8, label=r"$\phi$ hits, at least"),
        ),
        "by_chamber": _efficiency("of each chamber", WHEEL, SECTOR),
        "by_chamber_and_run": _efficiency("of each chamber against run", WHEEL, SECTOR, RUN),
        "eligible_by_sector_and_run": Measurement(
            title="eligible fraction of the fiducial probes of each chamber against run",
            table="crossings",
            # not is_eligible: a dead sector takes its probes out of all other denominators
            rows=("is_in_eta", "is_fiducial"),
            axes=(STATION, WHEEL, SECTOR, RUN),
            passed="is_eligible",
        ),
        "efficiency_vs_mass": _efficiency("against the mass of tag and probe", MASS),
        "inside_chambers": Measurement(
            title="efficiency inside each chamber, edges and all",
            table="crossings",
            rows=("is_eligible", "is_in_eta"),
            axes=(STATION, WHEEL, SECTOR, LOCAL_X, LOCAL_Y),
            passed="passing",
        ),
        "efficiency_vs_run": _efficiency("against run", RUN),
        "efficiency_vs_lumi": _efficiency("against instantaneous luminosity", INST_LUMI),
        "efficiency_vs_pileup": _efficiency("against pile-up", PILEUP),
        "t0": Measurement(
            title="t0 of the matched segments",
            table="crossings",
            rows=MATCHED,
            axes=(
                STATION,
                WHEEL,
                SECTOR,
                Regular(name="t0", bins=50, start=-12.5, stop=12.5, label=r"$t_0$ [ns]"),
            ),
        ),
        "t0_profile": Measurement(
            title="mean t0 of the matched segments within 12.5 ns",
            table="crossings",
            rows=(*MATCHED, "is_in_time"),
            axes=(STATION, WHEEL, SECTOR),
            mean_of="t0",
        ),
    }
)
