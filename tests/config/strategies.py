"""Configs of every kind, made by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dtperf.config import AnalysisConfig
from dtperf.measurements import KNOWN, STANDARD
from dtperf.measurements.groups import GROUPS
from dtperf.selection.details.described import COLUMNS

__all__ = ["configs"]

TEXT = st.text(max_size=30)
POSITIVE = st.floats(min_value=1e-30, max_value=1e30)
COUNT = st.integers(min_value=0, max_value=127)
MIN_PT = st.floats(min_value=0, max_value=7000, allow_subnormal=False).filter(
    lambda x: x == 0 or x > 1e-30
)


def _section(**keys: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


MASK = st.dictionaries(
    st.integers(1, 400_000).map(str),
    st.lists(st.tuples(st.integers(1, 99), st.integers(100, 999)), max_size=3).map(tuple),
    max_size=3,
)
SELECTION = _section(
    luminosity_mask=st.none() | MASK,
    tag=_section(
        trigger=st.sampled_from(["isolated", "single", "none"]), max_iso=POSITIVE, min_pt=MIN_PT
    ),
    probe=_section(max_iso=POSITIVE, min_pt=MIN_PT, min_tracker_layers=COUNT, min_pixel_hits=COUNT),
    pair=_section(
        min_mass=st.floats(min_value=1, max_value=100),
        max_mass=st.floats(min_value=101, max_value=1e6),
        max_abs_dz=POSITIVE,
        min_dr=st.floats(min_value=1e-3, max_value=5.5),
    ),
    station=_section(
        max_abs_eta=st.tuples(POSITIVE, POSITIVE, POSITIVE, POSITIVE),
        min_other_stations=st.integers(0, 7),
        min_rpc_layers=st.none() | st.integers(0, 32_767),
        border_x=st.floats(min_value=-200, max_value=-1),
        border_y=st.floats(min_value=-120, max_value=-1),
    ),
    passing=_section(max_dx=POSITIVE, max_dy=st.none() | POSITIVE, max_dr=POSITIVE),
)

EDGES = st.lists(st.floats(-1e6, 1e6).map(float), min_size=2, max_size=8, unique=True).map(
    lambda edges: tuple(sorted(edges))
)
REGULAR = st.fixed_dictionaries(
    {"bins": st.integers(1, 500), "start": st.floats(-1e3, 0), "stop": st.floats(1, 1e3)}
)


@st.composite
def _axes(draw: st.DrawFn, columns: list[str]) -> tuple[dict[str, Any], ...]:
    names = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=2, unique=True))
    kinds = st.one_of(
        REGULAR.map(lambda axis: {"type": "regular", **axis}),
        EDGES.map(lambda edges: {"type": "variable", "edges": edges}),
        st.integers(-9, 9).map(lambda i: {"type": "integer", "first": i, "last": i + 3}),
        st.just({"type": "category"}),
    )
    return tuple({"name": name, "label": draw(TEXT), **draw(kinds)} for name in names)


@st.composite
def _measurement(draw: st.DrawFn) -> dict[str, Any]:
    table, known, passed = draw(
        st.sampled_from(
            [
                ("pairs", COLUMNS["pairs"], "selected"),
                ("crossings", COLUMNS["crossings"], "passing"),
                ("segments", COLUMNS["segments"], "has_phi"),
                ("layers", COLUMNS["layers"], "detected"),
            ]
        )
    )
    measured = {"title": draw(TEXT), "table": table, "axes": draw(_axes(sorted(known)))}
    return measured | draw(_section(passed=st.just(passed), rows=st.just((passed,))))


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in KNOWN
)
MEASUREMENTS = _section(
    groups=st.lists(st.sampled_from(sorted(GROUPS)), max_size=3).map(tuple),
    skip=st.lists(st.sampled_from(sorted(STANDARD)), max_size=3).map(tuple),
    binning=_section(
        efficiency_vs_pt=_section(probe_pt=REGULAR | EDGES.map(lambda edges: {"edges": edges})),
        pair_mass=_section(mass=REGULAR),
    ),
    add=st.dictionaries(NAMES, _measurement(), max_size=2),
)


def configs() -> SearchStrategy[AnalysisConfig]:
    """Draw a config with some keys given, in any order of sections."""
    content = _section(
        title=TEXT,
        selection=SELECTION,
        compatibility=_section(
            truncate_extrapolation=st.booleans(),
            four_vector_rounding=st.booleans(),
            root_binning=st.sampled_from(["newer", "older"]),
        ),
        measurements=MEASUREMENTS,
        input=_section(tree=st.text(min_size=1, max_size=9)),
        run=_section(
            executor=st.sampled_from(["iterative", "futures", "dask"]),
            workers=st.none() | st.integers(1, 100_000),
            chunksize=st.integers(1, 1_000_000_000),
        ),
    )
    return content.map(AnalysisConfig.model_validate)
