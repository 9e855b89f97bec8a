"""Tag-and-probe on a dask-awkward array, with the counts of `dtperf.run`; the extra `lazy`.

tables = lazy.tables(lazy.events("data/*.root", config), config)
tables.pairs.mass                                          # a dask-awkward array
(measured,) = dask.compute(lazy.histograms(tables, config))  # one graph, one pass over the files
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, get_args

import awkward as ak
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from dtperf.addresses import complete
from dtperf.config import AnalysisConfig, ConfigSource, load_config
from dtperf.errors import ConfigError
from dtperf.execution.planning import event_bytes, events_at_once
from dtperf.extras import install_command
from dtperf.filesets import resolve
from dtperf.lazy_import import listed
from dtperf.measurements import Measurement
from dtperf.measurements.declaration import Histogram
from dtperf.measurements.fill import fill
from dtperf.measurements.histograms import presented, sort_categories
from dtperf.nanoaod import collection_of, lazy_events, open_tree
from dtperf.nanoaod.branches import known_collections
from dtperf.selection import branches_of, tag_and_probe
from dtperf.selection.cuts import TableName
from dtperf.selection.tables import Table

try:
    import dask_awkward as dak
    from dask_awkward.lib.core import partitionwise_layer, typetracer_array
    from dask_histogram import AggHistogram
    from dask_histogram.core import PartitionedHistogram
except ModuleNotFoundError as error:
    raise ConfigError(f"dtperf.lazy needs {error.name}: {install_command('lazy')}") from None

__all__ = ["LazyTables", "events", "histograms", "tables"]
__dir__ = listed(__name__)

TABLES: tuple[TableName, ...] = get_args(TableName)


class LazyTables(NamedTuple):
    """The tables of `dtperf.tag_and_probe` as dask-awkward arrays, a partition of each an input's.

    All columns are there, one record a row.
    """

    pairs: Any
    crossings: Any
    segments: Any
    layers: Any
    """Without columns where the config does not measure it, as the next three."""
    mean_timers: Any
    digis: Any
    rpc_crossings: Any
    anomalies: Any
    """One record for each partition: how often something was found that no detector writes."""


def events(inputs: str | Path | Iterable[str | Path], config: ConfigSource) -> Any:
    """Open files as one dask-awkward array, in partitions of `config.run.chunksize` events.

    Args:
        inputs: What `dtperf.run` takes. Each file is opened here to count its events, unless a
            fileset knows them.
        config: The analysis, as `dtperf.load_config` takes it; of its `run` only
            `chunksize` (else 200,000, and 13,333 where it measures hits or digis) and `timeout_s`
            count.

    Raises:
        InputError: A file cannot be opened.
    """
    config, files = load_config(config), {}
    read = frozenset().union(*branches_of(config))
    size = config.run.chunksize or events_at_once(None, event_bytes(read))
    for file in resolve(inputs, config.input.tree, config.run.timeout_s):
        ranges = file.to_read
        if not file.is_counted:
            with open_tree(file.path, file.tree, config.run.timeout_s) as tree:
                ranges = ((0, tree.num_entries),)
        steps = [
            [begin, min(begin + size, stop)]
            for start, stop in ranges
            for begin in range(start, stop, size)
        ]
        files[complete(file.path)] = {"object_path": file.tree, "steps": steps}
    return lazy_events(files)


def tables(events: Any, config: ConfigSource) -> LazyTables:
    """Select pairs and match segments to their probes, when it is computed.

    Args:
        events: A dask-awkward array of `events` or `dtperf.nanoaod.lazy_events`, or a slice of it.
        config: The analysis. The branches that `dtperf.run` would read are read, and no others.

    Returns:
        Tables whose columns `dtperf.selection.columns` describes.

    Raises:
        InputError: A column that the selection needs is not there.
    """
    config = load_config(config)
    # dask-awkward would hide an error that it meets when it looks for the type itself
    meta = _measured(typetracer_array(events), config)
    found = dak.map_partitions(_measured, events, config, meta=meta, label="tag-and-probe")
    flat = {name: dak.flatten(found[name], axis=1) for name in TABLES}
    return LazyTables(**flat, anomalies=found.anomalies)


def histograms(tables: LazyTables, config: ConfigSource) -> dict[str, AggHistogram]:
    """Fill the measurements of a config, when it is computed.

    Args:
        tables: Those of `tables`; rows may have been left out.
        config: The analysis.

    Returns:
        By name what computes to the histogram of `dtperf.Result`: with the bins of the reference
        at their edges, thresholds and exact sums, none of which `hist.dask` can fill. Without
        measurements that need a column that is not there. `dask.compute` makes one graph of all.
    """
    return {
        name: _histogram(name, measurement, getattr(tables, measurement.table))
        for name, measurement in load_config(config).filled_measurements().items()
        if measurement.columns <= {*getattr(tables, measurement.table).fields}
    }


def _measured(events: Any, config: AnalysisConfig) -> Any:
    """Measure one partition: one record that holds the tables, as a partition has one length.

    A partition without data, with which dask-awkward finds out what is read, is measured as one
    without events: that touches the columns that are taken here.
    """
    traced = ak.backend(events) == "typetracer"
    taken = _only(events, frozenset().union(*branches_of(config)))
    found = tag_and_probe(ak.typetracer.length_zero_if_typetracer(taken), config)
    tables = {name: table.to_awkward() for name, table in found.items()}
    record = ak.zip(
        {
            **{name: ak.unflatten(table, [len(table)]) for name, table in tables.items()},
            "anomalies": ak.Array([found.anomalies]),
        },
        depth_limit=1,
    )
    return ak.to_backend(record, "typetracer") if traced else record


def _only(events: Any, branches: Iterable[str]) -> Any:
    """Take branches out of events, as far as they are there."""
    fields = defaultdict(list)
    for branch in sorted(branches):
        collection = collection_of(branch, known_collections())
        fields[collection].append(branch.removeprefix(f"{collection}_"))
    plain = [name for name in fields.pop("") if name in events.fields]
    nested = {
        name: events[name][[column for column in columns if column in events[name].fields]]
        for name, columns in fields.items()
        if name in events.fields
    }
    return ak.zip({**{name: events[name] for name in plain}, **nested}, depth_limit=1)


def _histogram(name: str, measurement: Measurement, table: Any) -> AggHistogram:
    layer = f"{name}-{tokenize(measurement, table)}"
    filled = partitionwise_layer(partial(_filled, measurement), layer, table)
    graph = HighLevelGraph.from_collections(layer, filled, dependencies=[table])
    partitions = PartitionedHistogram(graph, layer, table.npartitions, measurement.empty())
    total = partitions.collapse()
    last = f"shown-{layer}"
    tasks: dict[Any, Any] = {(last, 0): (_shown, total.key)}
    dependencies: list[Any] = [total]
    graph = HighLevelGraph.from_collections(last, tasks, dependencies=dependencies)
    return AggHistogram(graph, last, measurement.empty())


def _filled(measurement: Measurement, rows: Any) -> Histogram:
    if ak.backend(rows) == "typetracer":
        return measurement.empty()
    make: Mapping[str, Any] = {
        name: partial(lambda column, _: ak.to_numpy(column), rows[name])
        for name in measurement.columns
    }
    table = Table(len(rows), make)
    return fill({"it": measurement}, {measurement.table: table})["it"]


def _shown(total: Histogram) -> Histogram:
    return presented(sort_categories(total))
