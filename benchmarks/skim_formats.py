"""The same columns in several formats: how large, and how fast they are numpy arrays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot

from dtperf.skim.columns import view

__all__ = ["Measured", "measure_formats"]


class Measured(NamedTuple):
    """One format."""

    name: str
    bytes: int
    write_s: float
    load_s: float
    """CPU time until every column is a numpy array, file in the cache of the system."""
    in_place: bool
    """Numbers stay where they are in the file: nothing is copied."""


def measure_formats(batch: pa.RecordBatch, folder: Path, rounds: int) -> list[Measured]:
    """Write a record batch in each format, and load it again and again."""
    table = pa.Table.from_batches([batch])
    arrays = ak.from_arrow(table)
    writers: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
        f"Arrow IPC, {name}": (lambda path, c=codec: _write_ipc(batch, path, c), _load_ipc)
        for name, codec in (("not compressed", None), ("LZ4", "lz4"), ("ZSTD", "zstd"))
    }
    for codec in ("lz4", "zstd"):
        writers[f"Parquet, {codec.upper()}"] = (
            lambda path, c=codec: pq.write_table(table, path, compression=c),
            _load_parquet,
        )
    writers["RNTuple, ZSTD"] = (lambda path: _write_rntuple(arrays, path), _load_rntuple)
    found = []
    for name, (write, load) in writers.items():
        path = folder / f"{name.replace(' ', '').replace(',', '-')}.root"
        begin = time.process_time()
        write(path)
        write_s = time.process_time() - begin
        load(path)
        times = [_cpu(lambda p=path, read=load: read(p)) for _ in range(rounds)]
        in_place = name.endswith("not compressed")
        found.append(Measured(name, path.stat().st_size, write_s, median(times), in_place))
    return found


def _cpu(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _write_ipc(batch: pa.RecordBatch, path: Path, codec: str | None) -> None:
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, batch.schema, options=options) as writer,
    ):
        writer.write_batch(batch)


def _write_rntuple(arrays: Any, path: Path) -> None:
    columns = {}
    for name in arrays.fields:
        fields = arrays[name].fields
        columns |= {f"{name}_{f}": arrays[name][f] for f in fields} or {name: arrays[name]}
    with uproot.recreate(path, compression=uproot.ZSTD(5)) as file:
        file.mkrntuple("Events", columns)


def _load_ipc(path: Path) -> int:
    with pa.memory_map(str(path)) as source:
        return _touch(view(pa.ipc.open_file(source).get_batch(0)))


def _load_parquet(path: Path) -> int:
    [batch] = pq.read_table(path).combine_chunks().to_batches()
    return _touch(view(batch))


def _load_rntuple(path: Path) -> int:
    with uproot.open(path) as file:
        arrays = file["Events"].arrays()
    return sum(len(np.asarray(ak.flatten(arrays[name], axis=None))) for name in arrays.fields)


def _touch(columns: Any) -> int:
    return sum(map(len, _all(columns)))


def _all(columns: Any) -> Iterator[Any]:
    yield from columns.events.values()
    for offsets, content in columns.collections.values():
        yield offsets
        yield from content.values()
