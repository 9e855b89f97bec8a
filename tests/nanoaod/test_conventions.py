from __future__ import annotations

import re
from importlib.resources import files

import numpy as np

from dtperf.nanoaod import branch_table, convention_table

COLLECTIONS = {
    *("dtDigi", "dtSegment", "dtSegment_hits", "dtSegment_extr"),
    *("ltTwinMuxIn", "ltTwinMuxOut", "ltBmtfIn", "ltTwinMuxInTh", "ltBmtfInTh"),
    *("rpcDigi", "rpcRecHit", "dtToRpc", "cscToRpc"),
}


def test_every_branch_of_dt_trigger_and_rpc_has_its_convention_and_no_other_one() -> None:
    known = [b for b in branch_table("B").values() if b.collection in COLLECTIONS]
    assert len({b.collection for b in known}) == 13
    assert list(convention_table()) == [b.name for b in known if not b.is_counter]


def test_limits_can_be_stored_and_sentinels_lie_outside_of_them() -> None:
    for name, rule in convention_table().items():
        dtype = np.dtype(branch_table("B")[name].dtype)
        numbers = [n for n in (rule.least, rule.most, rule.sentinel) if n is not None]
        assert all(dtype.kind == "f" or dtype.type(n) == n for n in numbers), name
        if rule.least is not None and rule.most is not None:
            assert rule.least <= rule.most, name
        if rule.sentinel is not None and rule.least is not None:
            assert rule.sentinel < rule.least, name


def test_sources_are_listed_with_their_paths() -> None:
    readme = files("dtperf.nanoaod").joinpath("data/README.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`[\w/]*/(\w+\.(?:cc|h|py))`", readme))
    assert {rule.source for rule in convention_table().values()} <= paths
    assert all(rule.meaning for rule in convention_table().values())
