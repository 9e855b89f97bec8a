"""One measurement as a table, CSV or Parquet, with the columns of `Result.to_pandas`."""

from __future__ import annotations

from dtperf.results.export.about import PREFIX, about
from dtperf.results.result import Result

__all__ = ["csv_file", "parquet_file"]


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
        of its schema, as texts: what `about` returns, with `dtperf.` before each key.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(result.to_pandas(measurement), preserve_index=False)
    texts = {f"{PREFIX}{name}": text for name, text in about(result, measurement).items()}
    stream = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **texts}), stream)
    content: bytes = stream.getvalue().to_pybytes()
    return content
