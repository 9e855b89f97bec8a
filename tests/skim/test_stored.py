"""Damage, and what others read of a skim without us."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dtperf
from dtperf import Analysis
from dtperf.skim import skim
from tests.helpers.golden import GOLDEN
from tests.nanoaod.files import read_arrays


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("skim") / "out"
    skim(dtperf.load_config("reference_2023", ["run.chunksize=1000"]), GOLDEN, out=out)
    return out


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "skim")
    return tmp_path / "skim"


def part(out: Path) -> Path:
    return min((out / "events").iterdir())


def _flip(out: Path) -> None:
    content = bytearray(part(out).read_bytes())
    content[len(content) // 2] ^= 4
    part(out).write_bytes(content)


def _cut(out: Path) -> None:
    part(out).write_bytes(part(out).read_bytes()[:-100])


def _edit(out: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((out / "skim.json").read_text())
    change(content)
    (out / "skim.json").write_text(json.dumps(content))


DAMAGE: list[tuple[str, Callable[[Path], object], str]] = [
    ("a bit", _flip, r"content is not what was written"),
    ("cut", _cut, r"bytes, not .*damaged"),
    ("a part is gone", lambda out: part(out).unlink(), r"is missing: make the skim again"),
    ("no manifest", lambda out: (out / "skim.json").unlink(), r"unfinished skim.*resume=True"),
    ("no ledger", lambda out: (out / "ledger.parquet").unlink(), r"ledger\.parquet"),
    ("no blocks", lambda out: (out / "blocks.parquet").unlink(), r"blocks\.parquet"),
    ("blocks", lambda out: (out / "blocks.parquet").write_bytes(b"PAR1"), r"was changed since"),
    ("no JSON", lambda out: (out / "skim.json").write_text("{"), r"skim\.json: not readable"),
    ("newer", lambda out: _edit(out, lambda c: c.update(schema_version=99)), r"newer dtperf"),
    ("a path", lambda out: _edit(out, lambda c: c["parts"].update({"../../x": {}})), r"skim\.json"),
    ("parts", lambda out: _edit(out, lambda c: c["parts"].popitem()), r"make it again"),
]


@pytest.mark.parametrize(("change", "match"), [d[1:] for d in DAMAGE], ids=[d[0] for d in DAMAGE])
def test_damage_is_told(copy: Path, change: Callable[[Path], object], match: str) -> None:
    change(copy)
    with pytest.raises(dtperf.InputError, match=match):
        Analysis(copy)


def test_lists_that_leave_their_columns(copy: Path) -> None:
    import xxhash

    path = part(copy)
    with pa.OSFile(str(path)) as source:
        reader = pa.ipc.open_file(source)
        batch, schema = reader.get_batch(0), reader.schema
    at = schema.get_field_index("muon")
    lists = batch.column(at)
    offsets = np.array(lists.offsets)
    offsets[5], offsets[6] = offsets[6], offsets[5] - 1
    broken = pa.Array.from_buffers(
        lists.type, len(lists), [None, pa.py_buffer(offsets)], children=[lists.values]
    )
    columns = [broken if i == at else batch.column(i) for i in range(len(schema))]
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    content = path.read_bytes()
    told = {"bytes": len(content), "xxh3": xxhash.xxh3_128_hexdigest(content)}
    _edit(copy, lambda c: c["parts"][path.stem].update(told))
    with pytest.raises(dtperf.InputError, match=r"is no part of a skim"):
        Analysis(copy)


def test_pyarrow_and_awkward_read_it_alone(whole: Path) -> None:
    original = read_arrays(GOLDEN)
    tables = []
    for path in sorted((whole / "events").iterdir(), key=lambda p: int(p.stem.split("-")[-2])):
        with pa.memory_map(str(path)) as source:
            tables.append(pa.ipc.open_file(source).read_all())
    events = ak.from_arrow(pa.concat_tables(tables))
    # an event matters if it has a tag, isolated in one of the two ways, and another muon
    tags = (
        original["muon_isTight"]
        & original["muon_firesIsoTrig"]
        & (np.minimum(original["muon_pfIso04"], original["muon_trkIso03"]) < np.float32(0.15))
        & (original["muon_pt"] > np.float32(27))
    )
    kept = ak.any(tags, axis=1) & (ak.num(original["muon_pt"]) > 1)
    assert len(events) == ak.sum(kept)
    for name in events.muon.fields:
        if not name.startswith("matches_"):
            flat = (
                ak.flatten(each) for each in (events.muon[name], original[f"muon_{name}"][kept])
            )
            np.testing.assert_array_equal(*map(ak.to_numpy, flat), err_msg=name)
    assert ak.all(ak.num(events.muon) == ak.num(original["muon_pt"][kept]))
    for name in ("run", "luminosityBlock"):
        assert ak.all(events[name] == original[name][kept])
    # a possible probe has the crossings that it had
    ends, begins = (
        [ak.to_numpy(ak.flatten(each)).astype(int) for each in pair]
        for pair in (
            (events.muon.matches_end, original["muon_matches_end"][kept]),
            (events.muon.matches_begin, original["muon_matches_begin"][kept]),
        )
    )
    after, before = (end - begin for end, begin in zip(ends, begins, strict=True))
    assert (after[after > 0] == before[after > 0]).all()
    assert 0 < after.sum() == ak.sum(ak.num(events.muon_matches)) < before.sum()
    assert ak.sum(ak.num(events.dtSegment)) < ak.sum(ak.num(original["dtSegment_wheel"][kept]))


def test_how_many_events_each_block_had(whole: Path) -> None:
    original = read_arrays(GOLDEN)
    table = pq.read_table(whole / "blocks.parquet").to_pydict()
    counts: dict[tuple[int, int], int] = {}
    for place in zip(original["run"].tolist(), original["luminosityBlock"].tolist(), strict=True):
        counts[place] = counts.get(place, 0) + 1
    found = zip(table["run"], table["luminosityBlock"], table["events"], strict=True)
    assert {(run, block): n for run, block, n in found} == counts


def test_columns_stay_in_the_file(whole: Path) -> None:
    with pa.memory_map(str(part(whole))) as source:
        before = pa.total_allocated_bytes()
        batch = pa.ipc.open_file(source).get_batch(0)
        pt = batch.column("muon").values.field("pt").to_numpy(zero_copy_only=True)
        assert len(pt) > 1000
        assert pa.total_allocated_bytes() - before < pt.nbytes
