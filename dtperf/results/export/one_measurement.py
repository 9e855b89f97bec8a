"""One measurement as a table, CSV or Parquet, with the columns of `Result.to_pandas`."""

from __future__ import annotations

from dtperf.results.bin_columns import is_efficiency
from dtperf.results.result import Result
from dtperf.statistics import ONE_SIGMA

__all__ = ["CHAMBERS", "csv_file", "parquet_file"]

CHAMBERS = "by_chamber"
"""The measurement that is written unless another one is asked for."""


def csv_file(result: Result, measurement: str) -> bytes:
    """Write a table as text.

    Args:
        result: What was measured.
        measurement: Its name; with 'extra/' before it, of what the processor has counted.

    Returns:
        A line of names and a line a bin. Numbers read back as the same numbers; what is not there,
        as the efficiency of a chamber without entries, is nan.

    Raises:
        UnknownHistogram: There is none of this name.
        InputError: An axis has the name of another column.
    """
    frame = result.to_pandas(measurement)
    text: str = frame.to_csv(index=False, na_rep="nan", lineterminator="\n")
    return text.encode()


def parquet_file(result: Result, measurement: str) -> bytes:
    """Write a table as Parquet. Arguments and errors are those of `csv_file`.

    Returns:
        A file that pandas, pyarrow and others read. What was measured and how is in the metadata
        of its schema, as texts: `dtperf.measurement`, `.title`, `.analysis`, `.config`, which is
        the hash that results of the same config share, `.code`, `.events`, and of an efficiency
        `.interval`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(result.to_pandas(measurement), preserve_index=False)
    about = {f"dtperf.{name}": text for name, text in _about(result, measurement).items()}
    stream = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **about}), stream)
    content: bytes = stream.getvalue().to_pybytes()
    return content


def _about(result: Result, measurement: str) -> dict[str, str]:
    titles = {entry.name: entry.title for entry in result.histograms}
    about = {
        "measurement": measurement,
        "title": titles[measurement],
        "analysis": result.config.title,
        "config": result.config.hash,
        "code": result.code,
        "events": str(result.totals["events"]),
    }
    counts = {**result.counts, **result.extra_histograms}[measurement]
    if is_efficiency(counts):
        about["interval"] = f"Clopper-Pearson, coverage {ONE_SIGMA:.6f}"
    return about
