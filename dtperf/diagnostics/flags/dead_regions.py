"""Regions inside a chamber that give no segments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dtperf import detector
from dtperf.diagnostics.flags.model import Flag, PlaceTest, percent
from dtperf.results.result import Result
from dtperf.statistics import special
from dtperf.typing import AnyArray

__all__ = ["dead_regions"]

BORDER_CM = 15.0
"""Nearer to the edges scattering carries probes out of the chamber."""
MARGIN = 0.1
"""The region misses more than the rest of the chamber by at least this part of the probes."""
DEAD = 0.5
"""A region is flagged if its efficiency is below this."""
WIDTHS = (1, 2, 3, 4, 6, 8, 10, 14, 20)
HEIGHTS = (1, 2, 3, 4, 6, 8, 12)
"""Sizes of the regions, in bins."""


class _Best(NamedTuple):
    """The rectangle with the smallest p-value in each chamber, arrays of shape (chambers,)."""

    p_value: AnyArray
    box: AnyArray
    """First and last edge in x, first and last edge in y, shape (chambers, 4)."""
    failed: AnyArray
    total: AnyArray
    rest: AnyArray
    """Part that fails elsewhere in the chamber, 0 where no rectangle is any."""


class _Tried(NamedTuple):
    """Rectangles with failed probes, in order of x and y, arrays of shape (rectangles,)."""

    x: AnyArray
    """First bin."""
    y: AnyArray
    chamber: AnyArray
    failed: AnyArray
    total: AnyArray


def dead_regions(result: Result) -> list[PlaceTest]:
    """Test for a rectangle in which a chamber misses probes that it finds elsewhere.

    Args:
        result: With 'inside_chambers', else nothing is tested.

    Returns:
        One test per chamber that has probes. Its p-value is the smallest binomial one of all
        rectangles, times their number.
    """
    if "inside_chambers" not in result.counts:
        return []
    counts = result.counts["inside_chambers"]
    edges = [np.asarray(counts.axes[name].edges) for name in ("local_x", "local_y")]
    chambers = detector.chambers()
    cells = detector.of_chambers(np.asarray(counts.view()))
    fiducial = np.stack([_fiducial(chamber, *edges) for chamber in chambers])
    failed = cells[..., 0] * fiducial
    total = cells.sum(axis=-1) * fiducial
    best, n_tests = _scan(failed, total)
    return [
        _test(chamber, i, best, n_tests, edges, int(probes))
        for i, (chamber, probes) in enumerate(zip(chambers, total.sum(axis=(1, 2)), strict=True))
        if probes
    ]


def _fiducial(chamber: detector.Chamber, x_edges: AnyArray, y_edges: AnyArray) -> AnyArray:
    """Return which bins lie wholly inside the border, shape (bins in x, bins in y)."""
    sizes = (detector.widths_cm()[chamber.code], detector.lengths_cm()[chamber.code])
    x, y = (
        np.maximum(np.abs(edges[:-1]), np.abs(edges[1:])) <= size / 2 - BORDER_CM
        for edges, size in zip((x_edges, y_edges), sizes, strict=True)
    )
    inside: AnyArray = x[:, np.newaxis] & y
    return inside


def _scan(failed: AnyArray, total: AnyArray) -> tuple[_Best, AnyArray]:
    """Try all rectangles in all chambers.

    Args:
        failed: Counts, shape (chambers, bins in x, bins in y).
        total: Counts of the same shape.

    Returns:
        The best of each chamber, and how many of its rectangles had probes, shape (chambers,).
    """
    n = len(failed)
    zeros = np.zeros(n, dtype=np.int64)
    best = _Best(np.ones(n), np.zeros((n, 4), dtype=np.int64), zeros, zeros.copy(), np.zeros(n))
    n_tests = zeros.copy()
    all_failed, all_total = (each.sum(axis=(1, 2)) for each in (failed, total))
    # as short as holds them, chambers side by side: numpy takes many of them in one step
    short = np.int32 if all_total.max(initial=0) < 2**31 else np.int64
    sums = [_summed(each.transpose(1, 2, 0).astype(short, order="C")) for each in (failed, total)]
    half = (all_total // 2).astype(short)
    for width, height in _sizes(failed.shape[1], failed.shape[2]):
        f, t = (_boxes(each, width, height) for each in sums)
        # what is as large as the rest is no region of a chamber
        smaller = (t > 0) & (t <= half)
        n_tests += smaller.reshape(-1, n).sum(axis=0, dtype=np.int32)
        at = np.flatnonzero(smaller & (f > 0))  # few of them
        counted = (each.ravel()[at].astype(np.int64) for each in (f, t))
        found = _Tried(*np.divmod(at // n, f.shape[1]), at % n, *counted)
        _better(best, found, all_failed, all_total, (width, height))
    rest = _rest(all_failed, all_total, best.failed, best.total)
    return best._replace(rest=np.where(best.total > 0, rest, 0.0)), n_tests


def _rest(all_failed: AnyArray, all_total: AnyArray, failed: AnyArray, total: AnyArray) -> AnyArray:
    """Return the part that fails elsewhere in the chamber."""
    return np.asarray((all_failed - failed) / np.maximum(all_total - total, 1))


def _sizes(most_x: int, most_y: int) -> Iterator[tuple[int, int]]:
    for width in WIDTHS:
        for height in HEIGHTS:
            if width <= most_x and height <= most_y:
                yield width, height


def _better(
    best: _Best,
    tried: _Tried,
    all_failed: AnyArray,
    all_total: AnyArray,
    size: tuple[int, int],
) -> None:
    """Take the best rectangle of this size where it is better than the best so far.

    Args:
        best: Of smaller sizes; is changed.
        tried: Those of this size.
        all_failed: In each chamber.
        all_total: In each chamber.
        size: Bins in x and in y.
    """
    x, y, chamber, failed, total = tried
    rest = _rest(all_failed[chamber], all_total[chamber], failed, total)
    p = special.bdtrc(failed - 1, total, np.minimum(rest + MARGIN, 1.0))
    least = best.p_value.copy()
    np.minimum.at(least, chamber, p)
    new = np.flatnonzero((p == least[chamber]) & (p < best.p_value[chamber]))[::-1]
    at = chamber[new]  # of those as good as one another the first one, which is written last
    best.p_value[at], best.failed[at], best.total[at] = p[new], failed[new], total[new]
    for column, edge in enumerate((x, x + size[0], y, y + size[1])):
        best.box[at, column] = edge[new]


def _summed(counts: AnyArray) -> AnyArray:
    """Sum up from the first corner, shape (bins in x + 1, bins in y + 1, chambers)."""
    sums: AnyArray = np.pad(counts, ((1, 0), (1, 0), (0, 0)))
    for axis in (0, 1):
        np.cumsum(sums, axis=axis, dtype=sums.dtype, out=sums)
    return sums


def _boxes(sums: AnyArray, width: int, height: int) -> AnyArray:
    """Return the contents of every rectangle of one size."""
    tall = sums[:, height:] - sums[:, :-height]
    return np.asarray(tall[width:] - tall[:-width])


def _test(
    chamber: detector.Chamber,
    i: int,
    best: _Best,
    n_tests: AnyArray,
    edges: list[AnyArray],
    probes: int,
) -> PlaceTest:
    failed, total = int(best.failed[i]), int(best.total[i])
    x0, x1, y0, y1 = best.box[i]
    (x_low, x_high), (y_low, y_high) = edges[0][[x0, x1]].tolist(), edges[1][[y0, y1]].tolist()
    reason = (
        f"{failed:,} of {total:,} probes have no segment at local x {x_low:.0f} to "
        f"{x_high:.0f} cm, y {y_low:.0f} to {y_high:.0f} cm, "
        f"while {percent(best.rest[i])} have none elsewhere in the chamber"
    )
    p_value = min(float(best.p_value[i]) * max(int(n_tests[i]), 1), 1.0)
    region = (x_low, x_high, y_low, y_high)
    place, loss = detector.Place(*chamber), failed / probes
    flag = Flag(place, "dead region", reason, p_value, region=region, loss=loss)
    return PlaceTest(flag, failed > DEAD * total)
