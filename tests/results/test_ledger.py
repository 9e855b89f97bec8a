"""The ledger: its rows in order, counted, written and read."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from dtperf.results.ledger import SCHEMA, Ledger, LedgerRow
from tests.helpers.ledgers import row

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def test_rows_come_in_order_of_file_and_event() -> None:
    rows = [row("b", 0, 5), row("a", 10, 20), row("a", 0, 10)]
    assert Ledger(rows) == (rows[2], rows[1], rows[0])


def test_events_are_counted_by_status() -> None:
    ledger = Ledger([row("a", 0, 7), row("b", 0, 5, "timeout"), row("b", 5, 6, "corrupt")])
    assert ledger.events("read") == 7
    assert ledger.events("skipped") == 6


@given(
    st.lists(
        st.builds(
            LedgerRow,
            *(TEXT, TEXT.filter(bool), st.integers(0, 10), st.integers(10, 2**62)),
            *(st.just("read"), st.just(""), TEXT, TEXT),
            *(st.integers(0, 2**31 - 1), st.integers(0, 2**62), st.floats(0, 1e300), TEXT),
            *(st.floats(0, 1e300), st.integers(0, 2**62)),
        ),
        max_size=6,
    )
)
def test_what_is_written_is_read(tmp_path_factory, rows: list[LedgerRow]) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.parquet"
    path.write_bytes(Ledger(rows).to_parquet())
    found = Ledger.read(path)
    assert found == Ledger(rows)
    assert all(type(a) is type(b) for one in found for a, b in zip(one, rows[0], strict=True))


def test_it_is_a_table_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "ledger.parquet"
    path.write_bytes(Ledger([row("a", 0, 7), row("b", 0, 5, "timeout")]).to_parquet())
    table = pq.read_table(path)
    assert table.schema == SCHEMA
    assert table.column("cause").to_pylist() == ["", "timeout"]
    assert table.column("stop").to_pylist() == [7, 5]
