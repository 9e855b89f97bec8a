"""Transport tracks from the vertex to the chambers, by a fine integration of the field."""

from __future__ import annotations

from math import cos, cosh, sin, tanh
from typing import NamedTuple

import numpy as np

from dtperf.compiled import compiled, inlined
from dtperf.detector.edges import ACCEPT_CM
from dtperf.detector.flight import NORMALS, SECTOR
from dtperf.detector.frames import (
    DISTANCE,
    HALF_LENGTH,
    HALF_WIDTH,
    Z,
    frame_table,
    local_direction,
    local_point,
)
from dtperf.detector.layers import layers
from dtperf.detector.numbering import chamber_code, second_sector
from dtperf.detector.planes import LARGEST_OVERLAP_CM
from dtperf.detector.propagation import propagate
from dtperf.synthetic.rows import take
from dtperf.synthetic.rungekutta import cross_region, step
from dtperf.synthetic.space import Space, space
from dtperf.synthetic.stages import DrawnCrossings, DrawnTracks, MuonOrigin, TrueMuons
from dtperf.typing import F64, I16, I32, I64, AnyArray, Bools, Intp

__all__ = ["transport", "transport_reconstructed", "transport_true"]


STEP_CM = 20.0
INTEGRATED_PT_GEV = 10.0
COARSE_STEP_CM = 40.0  # of extrapolations, which then are right to 0.05 cm
MAX_CROSSINGS = 12
FAST = {"contract", "reassoc", "arcp", "nsz"}  # not those that take NaN for impossible
N_STATIONS = 4
MAX_ETA = 1.35  # no track beyond gets to a chamber
MIN_PT_GEV = 2.4  # nor one below


class TrackStart(NamedTuple):
    """Tracks at their vertex; all arrays of shape (n,)."""

    pt: F64
    eta: F64
    phi: F64
    charge: I32
    vx: F64
    vy: F64
    vz: F64


def transport_true(rng: np.random.Generator, muons: TrueMuons, margin_cm: float) -> DrawnCrossings:
    """Transport the true muons through field and matter, with scattering and fluctuating losses.

    A chamber is crossed if both edge distances are below `margin_cm`; fakes are not
    transported. `track` of the crossings is the index into the muons.
    """
    sent = np.flatnonzero(
        (muons.kind != MuonOrigin.FAKE) & _may_reach_chambers(muons.pt, muons.eta)
    )
    start = TrackStart(*(getattr(muons, name)[sent] for name in TrackStart._fields))
    crossings = transport(start, margin_cm, rng)
    return crossings._replace(track=sent[crossings.track])


def transport_reconstructed(tracks: DrawnTracks, field_scale: float = 1.0) -> DrawnCrossings:
    """Extrapolate inner tracks as CMS does: mean energy loss, no scattering, edges under 5 cm.

    Tracks that may be probes are integrated, independently of `dtperf.detector.propagation`,
    which is accurate enough for the many softer ones. `track` of the crossings is the index
    into the tracks. A field that is wrong by a factor bends them as if their pT were wrong.
    """
    tracks = tracks._replace(pt=tracks.pt / field_scale)
    sent = tracks.exists & _may_reach_chambers(tracks.pt, tracks.eta)
    is_hard = tracks.pt > INTEGRATED_PT_GEV
    hard, soft = np.flatnonzero(sent & is_hard), np.flatnonzero(sent & ~is_hard)
    first, second = _integrated(tracks, hard)._asdict(), _propagated(tracks, soft)._asdict()
    columns = {name: np.concatenate((first[name], second[name])) for name in first}
    order = np.argsort(columns["track"], kind="stable")
    return DrawnCrossings(**{name: column[order] for name, column in columns.items()})


def _integrated(tracks: DrawnTracks, rows: Intp) -> DrawnCrossings:
    pt, eta, phi, dxy, dz = (
        np.asarray(column[rows], dtype=np.float64)
        for column in (tracks.pt, tracks.eta, tracks.phi, tracks.dxy, tracks.dz)
    )
    vertex = (-dxy * np.sin(phi), dxy * np.cos(phi), dz)
    start = TrackStart(pt, eta, phi, tracks.charge[rows], *vertex)
    crossings = transport(start, ACCEPT_CM, None, COARSE_STEP_CM)
    return crossings._replace(track=rows[crossings.track])


def _propagated(tracks: DrawnTracks, rows: Intp) -> DrawnCrossings:
    pt, eta, phi, charge, dxy, dz, _ = take(tracks, rows)
    found = propagate(pt, eta, phi, charge, dxy, dz, layers(), frame_table(), ACCEPT_CM)
    track = np.repeat(rows, np.diff(found.offsets))
    singles = (found.x, found.y, found.dxdz, found.dydz)
    return DrawnCrossings(track, found.code, *(column.astype(np.float64) for column in singles))


def _may_reach_chambers(pt: AnyArray, eta: AnyArray) -> Bools:
    reaches: Bools = (np.abs(eta) < MAX_ETA) & (pt > MIN_PT_GEV)
    return reaches


def transport(
    start: TrackStart,
    margin_cm: float,
    rng: np.random.Generator | None = None,
    longest_cm: float = STEP_CM,
) -> DrawnCrossings:
    """Integrate tracks out to MB4, in steps of at most `longest_cm`.

    A chamber is crossed if both edge distances are below `margin_cm`. Without random numbers
    there is no scattering and no fluctuation. `track` of the crossings is the index into the
    start.
    """
    unused = np.random.default_rng(0)
    args = (margin_cm, longest_cm, rng is not None, unused if rng is None else rng)
    track, code, values = _transport(*start, space(), frame_table(), *args)
    return DrawnCrossings(track, code, *values)


@compiled(error_model="numpy", fastmath=FAST)
def _transport(
    pt: F64,
    eta: F64,
    phi: F64,
    charge: I32,
    vx: F64,
    vy: F64,
    vz: F64,
    space: Space,
    frames: F64,
    margin_cm: float,
    longest_cm: float,
    is_random: bool,
    rng: np.random.Generator,
) -> tuple[I64, I16, F64]:
    n = len(pt)
    track = np.empty(n * MAX_CROSSINGS, dtype=np.int64)
    code = np.empty(n * MAX_CROSSINGS, dtype=np.int16)
    values = np.empty((4, n * MAX_CROSSINGS))
    state, probe = np.empty(8), np.empty(8)
    outer, is_flat, station = space.outer_cm, space.is_flat, space.station
    is_solenoid, has_field, stretch = space.is_solenoid, space.has_field, space.stretch
    solenoid, outside, loss, per_x0 = space.solenoid, space.outside, space.loss, space.per_x0
    row = 0
    for i in range(n):
        state[0], state[1], state[2] = vx[i], vy[i], vz[i]
        state[3] = cos(phi[i]) / cosh(eta[i])
        state[4] = sin(phi[i]) / cosh(eta[i])
        state[5] = tanh(eta[i])
        state[6], state[7] = pt[i] * cosh(eta[i]), charge[i]
        sector, nx, ny = 0, 1.0, 0.0
        for k in range(len(outer)):
            if is_flat[k]:
                sector = _sector(state)
                nx, ny = NORMALS[sector, 0], NORMALS[sector, 1]
            if station[k] > 0:
                row = _cross_station(
                    state,
                    probe,
                    sector,
                    k,
                    station[k],
                    has_field[k],
                    solenoid,
                    outside,
                    frames,
                    margin_cm,
                    longest_cm,
                    i,
                    row,
                    track,
                    code,
                    values,
                )
                if station[k] == N_STATIONS:
                    break
            if not cross_region(
                state,
                k,
                nx,
                ny,
                outer[k],
                is_flat[k],
                is_solenoid[k],
                has_field[k],
                solenoid,
                outside,
                loss,
                per_x0,
                longest_cm * stretch[k],
                is_random,
                rng,
            ):
                break
    return track[:row].copy(), code[:row].copy(), values[:, :row].copy()


@inlined
def _sector(state: F64) -> int:
    """Return the number of the sector of a point, 0 to 11."""
    return int(np.rint(np.arctan2(state[1], state[0]) / SECTOR)) % 12


@inlined
def _cross_station(
    state: F64,
    probe: F64,
    sector: int,
    k: int,
    station: int,
    has_field: bool,
    solenoid: F64,
    outside: F64,
    frames: F64,
    margin_cm: float,
    longest_cm: float,
    i: int,
    row: int,
    track: I64,
    code: I16,
    values: F64,
) -> int:
    """Find the chambers crossed in the sector of the track and in the nearest neighbour."""
    is_left = state[1] * NORMALS[sector, 0] - state[0] * NORMALS[sector, 1] > 0
    for neighbour in range(2):
        number = (sector + neighbour * (1 if is_left else -1)) % 12
        nx, ny = NORMALS[number, 0], NORMALS[number, 1]
        for j in range(8):  # quicker than probe[:] = state
            probe[j] = state[j]
        distance = frames[chamber_code(-2, number + 1, station), DISTANCE]
        if not _to_plane(probe, nx, ny, distance, k, has_field, solenoid, outside, longest_cm):
            continue
        innermost_cm = 0.0
        for sector_number in (number + 1, second_sector(number + 1, station)):
            if not sector_number:
                continue
            for wheel in range(-2, 3):
                c = chamber_code(wheel, sector_number, station)
                if abs(probe[2] - frames[c, Z]) > frames[c, HALF_LENGTH] + margin_cm:
                    continue
                x, y, _ = local_point(frames, c, probe[0], probe[1], probe[2])
                edge = abs(x) - frames[c, HALF_WIDTH]
                innermost_cm = min(innermost_cm, edge)
                if edge < margin_cm:
                    u, v, w = local_direction(frames, c, probe[3], probe[4], probe[5])
                    track[row], code[row] = i, c
                    values[0, row], values[1, row] = x, y
                    values[2, row], values[3, row] = u / w, v / w
                    row += 1
        if innermost_cm < -LARGEST_OVERLAP_CM - margin_cm:
            break
    return row


@inlined
def _to_plane(
    state: F64,
    nx: float,
    ny: float,
    distance: float,
    k: int,
    has_field: bool,
    solenoid: F64,
    outside: F64,
    longest_cm: float,
) -> bool:
    """Transport a track to the plane of a sector's chambers, through air."""
    arrived = False
    for _ in range(1000):
        rate = state[3] * nx + state[4] * ny
        if rate < 0.1:
            break
        to_plane = (distance - state[0] * nx - state[1] * ny) / rate
        if abs(to_plane) < 1e-3:
            arrived = True
            break
        if has_field:
            h = min(max(to_plane, -longest_cm), longest_cm)
            step(state, h, state[6], solenoid, outside, False, k)
        else:
            for j in range(3):
                state[j] += to_plane * state[3 + j]
    return arrived
