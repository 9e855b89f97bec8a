"""A result directory that somebody else has made: refused by name, and nothing of it runs."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dtperf.errors import InputError
from dtperf.results.event_sample import EVENT_BRANCHES, EventSample, SourceFile
from dtperf.results.ledger import SCHEMA, Ledger
from dtperf.results.result import Result
from dtperf.results.storage import EVENT_SAMPLE
from tests.helpers.ledgers import row
from tests.helpers.made_results import config, made

Change = Callable[[Any], Any]
RESULT, HISTOGRAMS, LEDGER = "result.json", "histograms.json.gz", "ledger.parquet"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return made([row("a", 0, 30), row("b", 0, 5, "timeout")]).save(tmp_path / "theirs")


def seal(out: Path) -> Path:
    """Make the check sums right, as somebody who means harm would."""
    content = json.loads((out / RESULT).read_text())
    for name in content["sha256"]:
        content["sha256"][name] = hashlib.sha256((out / name).read_bytes()).hexdigest()
    (out / RESULT).write_text(json.dumps(content))
    return out


def change_result(out: Path, key: str, value: Any) -> None:
    content = json.loads((out / RESULT).read_text())
    inner = content
    *path, last = key.split(".")
    for name in path:
        inner = inner[name]
    inner[last] = value
    (out / RESULT).write_text(json.dumps(content))


def change_histogram(out: Path, change: Change) -> None:
    content = json.loads(gzip.decompress((out / HISTOGRAMS).read_bytes()))
    change(content)
    (out / HISTOGRAMS).write_bytes(gzip.compress(json.dumps(content).encode()))
    seal(out)


def change_ledger(out: Path, table: pa.Table, **options: Any) -> None:
    pq.write_table(table, out / LEDGER, **{"compression": "none", **options})
    seal(out)


def rows_of(out: Path, **columns: list[Any]) -> pa.Table:
    """The ledger with other values in some columns."""
    table = pq.read_table(out / LEDGER)
    for name, values in columns.items():
        number = SCHEMA.get_field_index(name)
        table = table.set_column(number, SCHEMA.field(name), pa.array(values, SCHEMA.types[number]))
    return table


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("schema_version", 1, "older dtperf.*measure again"),
        ("schema_version", 4, "newer dtperf"),
        ("schema_version", "2", "schema_version"),
        ("schema_version", True, "schema_version"),
        ("config", [], "config: "),
        ("config.selection.tag.min_pt", "much", r"selection\.tag\.min_pt"),
        ("config.extra", 1, "extra"),
        ("config.selection.tag.min_pt", 28.0, "config_hash: .*was changed"),
        ("config_hash", "0" * 64, "config_hash"),
        ("code", 5, "code: "),
        ("totals.events", -1, r"totals\.events: .*greater than or equal to 0"),
        ("totals.events", 1.5, r"totals\.events: .*integer"),
        ("totals.events", "30", r"totals\.events: .*integer"),
        ("totals.events", 29, "does not add up"),
        ("totals.files", 7, "does not add up"),
        ("totals.more", 7, "does not add up"),
        ("anomalies", None, "anomalies: "),
        ("jobs", [{"seconds_measuring": "long"}], r"jobs\.0\.seconds_measuring"),
        ("jobs", [{"seconds_measuring": float("inf")}], "jobs|Infinity|NaN|number"),
        ("jobs", {}, "jobs: "),
        ("sha256", {}, "was changed or written only in part"),
    ],
)
def test_result_json(saved: Path, key: str, value: Any, told: str) -> None:
    change_result(saved, key, value)
    with pytest.raises(InputError, match=told) as error:
        Result.load(saved)
    assert str(saved) in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "3", "{", '{"a": NaN}', "[" * 100_000, "\0", "ü" * 9])
@pytest.mark.parametrize("name", [RESULT, HISTOGRAMS])
def test_no_json_of_a_result(saved: Path, name: str, text: str) -> None:
    content = text.encode("latin-1")
    (saved / name).write_bytes(gzip.compress(content) if name == HISTOGRAMS else content)
    if name == HISTOGRAMS:
        seal(saved)
    with pytest.raises(InputError, match=name):
        Result.load(saved)


def of(name: str, *path: str | int, to: Any) -> Change:
    """Change one place of one histogram."""

    def change(content: dict[str, Any]) -> None:
        inner = content[name]
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = to

    return change


MASS = ("pair_mass", "axes", 0)
MASS_BEGINS = config().measurements.active()["pair_mass"].axes[0].start


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (of(*MASS, "bins", to=10**12), "pair_mass: its values are not of the shape"),
        (of(*MASS, "bins", to=-5), r"pair_mass\.axes\.0\.regular\.bins"),
        (of(*MASS, "bins", to=True), r"pair_mass\.axes\.0\.regular\.bins"),
        (of(*MASS, "bins", to=99), "pair_mass: its values are not of the shape"),
        (of(*MASS, "upper", to=MASS_BEGINS), "pair_mass: "),
        (of(*MASS, "upper", to="x"), r"pair_mass\.axes\.0\.regular\.upper"),
        (of(*MASS, "type", to="evil"), r"pair_mass\.axes\.0"),
        (of(*MASS, "circular", to=True), r"pair_mass\.axes\.0\.regular\.circular"),
        (of(*MASS, "metadata", to={"name": 5}), r"pair_mass\.axes\.0\.regular\.metadata\.name"),
        (of("pair_mass", "axes", to=[]), r"pair_mass\.axes"),
        (of("pair_mass", "axes", to=[{"type": "boolean"}] * 9), r"pair_mass\.axes"),
        (of("pair_mass", "uhi_schema", to=2), r"pair_mass\.uhi_schema"),
        (of("pair_mass", "storage", "type", to="double"), r"pair_mass\.storage\.type"),
        (of("pair_mass", "storage", "type", to="mean"), r"pair_mass\.storage\.type"),
        (of("pair_mass", "storage", "values", to="0"), "pair_mass: its values"),
        (of("pair_mass", "storage", "values", 3, to=-1), "pair_mass: has a negative number"),
        (of("pair_mass", "storage", "values", 3, to=1.5), "pair_mass: .*not whole numbers"),
        (of("pair_mass", "storage", "values", 3, to=1e300), "pair_mass: .*not whole numbers"),
        (of("pair_mass", "storage", "values", 3, to="1"), "pair_mass: .*not whole numbers"),
        (of("pair_mass", "storage", "values", 3, to=True), "pair_mass: .*not whole numbers"),
        (of("pair_mass", "storage", "values", 3, to=None), "pair_mass: .*not whole numbers"),
        (of("pair_mass", "storage", "values", 3, to=[1]), "pair_mass: .*not whole numbers"),
        (of("pair_mass", "storage", "values", 3, to=2**63), "pair_mass: "),
        (
            of("by_chamber", "axes", 1, "upper", to=7),
            r"by_chamber: .*bins \(5\) must equal upper - lower",
        ),
        (of("by_chamber", "axes", 1, "metadata", "name", to="station"), ".*axes share a name"),
        (of("efficiency_vs_run", "axes", 1, "categories", to=[1, 1, 2]), ".*same category twice"),
        (
            of("t0_profile", "axes", 3, "categories", to=[*"abcde"]),
            "t0_profile: a profile has the mom",
        ),
        (of("t0_profile", "storage", "values", 0, 0, 0, 0, to=-1), "t0_profile: has a negative"),
        (of("t0_profile", "storage", "values", 0, 0, 0, to=[1, 2]), "t0_profile: its values"),
    ],
)
def test_histograms(saved: Path, change: Change, told: str) -> None:
    change_histogram(saved, change)
    with pytest.raises(InputError, match=f"{HISTOGRAMS}: {told}"):
        Result.load(saved)


def test_a_result_whose_profiles_have_no_high_parts_is_read(saved: Path) -> None:
    """Versions before the third of the form have written such, and it adds up with a new one."""

    def without(content: Any) -> None:
        profile = content["t0_profile"]
        profile["axes"][3]["categories"] = ["entries", "sum", "sum_of_squares"]
        values = np.array(profile["storage"]["values"])[..., :3]
        profile["storage"]["values"] = values.tolist()

    change_histogram(saved, without)
    change_result(saved, "schema_version", 2)
    older, newer = Result.load(saved), made([row("c", 0, 30)])
    first = older["t0_profile"].view(flow=True)[0, 0, 0]
    assert (first["count"], first["value"]) == (1, -30)
    both = (older + newer)["t0_profile"].view(flow=True)[0, 0, 0]
    assert (both["count"], both["value"]) == (2, -30)


def test_what_is_told_beside_a_histogram_has_no_effect(saved: Path) -> None:
    evil = {"view": "x", "__class__": "os.system", "name": "mass", "label": "m"}
    change_histogram(saved, of("pair_mass", "metadata", to=evil))
    change_histogram(saved, of("pair_mass", "writer_info", to={"boost-histogram": evil}))
    change_histogram(saved, of(*MASS, "metadata", to=evil))
    histogram = Result.load(saved).counts["pair_mass"]
    assert not {*vars(histogram).values()} & {*evil.values()}
    assert type(histogram.view()).__name__ == "ndarray"
    assert histogram.axes["mass"].__dict__.keys() <= {"name", "label", "_raw_metadata", "metadata"}
    assert histogram.axes["mass"].label == "m"


def test_transformed_axes_are_refused(saved: Path) -> None:
    writer = {"boost-histogram": {"transform": "pow", "power": 2, "bins": 10**9}}
    change_histogram(saved, of(*MASS, "writer_info", to=writer))
    with pytest.raises(InputError, match="transform"):
        Result.load(saved)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"status": ["read", "lost"]}, "cannot be.*lost"),
        ({"cause": ["timeout", "timeout"]}, "cannot be"),
        ({"cause": ["", ""]}, "cannot be"),
        ({"cause": ["", "bad luck"]}, "cannot be"),
        ({"uuid": ["", "x"]}, "cannot be"),
        ({"start": [-1, 0]}, "cannot be"),
        ({"stop": [-1, 5]}, "cannot be"),
        ({"attempts": [-1, 5]}, "cannot be"),
        ({"bytes": [-1, 5]}, "cannot be"),
        ({"seconds": [-1.0, 5]}, "cannot be"),
        ({"seconds": [float("nan"), 5]}, "cannot be"),
        ({"seconds": [float("inf"), 5]}, "cannot be"),
        ({"cpu_seconds": [-1.0, 5]}, "cannot be"),
        ({"cpu_seconds": [float("inf"), 5]}, "cannot be"),
        ({"memory": [-1, 5]}, "cannot be"),
        ({"stop": [2**62, 5]}, "does not add up"),
    ],
)
def test_rows_of_the_ledger(saved: Path, columns: dict[str, list[Any]], told: str) -> None:
    change_ledger(saved, rows_of(saved, **columns))
    with pytest.raises(InputError, match=told):
        Result.load(saved)


def test_a_ledger_that_has_read_events_twice(saved: Path) -> None:
    twice = Ledger([row("a", 0, 20), row("a", 10, 20)])
    (saved / LEDGER).write_bytes(twice.to_parquet())
    with pytest.raises(InputError, match=r"a: events 10 to 20 .*count twice"):
        Result.load(seal(saved))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda table: table.drop_columns(["cause"]), "column 'cause'"),
        (lambda table: table.append_column("more", [[1, 2]]), "columns that no ledger has"),
        (lambda table: table.select([*reversed(SCHEMA.names)]), "columns"),
        (
            lambda table: table.set_column(2, "start", pa.array([0.0, 0.0])),
            "column 'start': missing, or not of type int64",
        ),
        (lambda table: table.set_column(0, "file", pa.array([b"a", b"b"])), "column 'file'"),
        (lambda table: table.set_column(0, "file", pa.array(["a", None])), "value is missing"),
        (lambda table: table.set_column(0, "file", pa.array([["a"], ["b"]])), "column"),
    ],
)
def test_another_table_than_a_ledger(saved: Path, change: Change, told: str) -> None:
    change_ledger(saved, change(pq.read_table(saved / LEDGER)))
    with pytest.raises(InputError, match=f"{LEDGER}: .*{told}"):
        Result.load(saved)


def test_no_parquet_at_all(saved: Path) -> None:
    for content in (
        b"",
        b"PAR1",
        b"PAR1" * 100,
        (saved / LEDGER).read_bytes()[:-30] + b"\xff" * 30,
    ):
        (saved / LEDGER).write_bytes(content)
        with pytest.raises(InputError, match=f"{LEDGER}: the ledger cannot be read"):
            Result.load(seal(saved))


def test_a_ledger_of_too_many_rows(saved: Path) -> None:
    many = pq.read_table(saved / LEDGER).slice(0, 1).take(pa.array([0] * 1_000_001))
    change_ledger(saved, many)
    with pytest.raises(InputError, match="claims 1,000,001 rows"):
        Result.load(saved)


def load_within(out: Path, megabytes: int) -> str:
    """Load a result in a process that has no more memory for it; return what it says."""
    script = (
        "import resource, sys, dtperf\n"
        "from dtperf.errors import InputError\n"
        "from dtperf.results.result import Result\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (used + {megabytes << 20},) * 2)\n"
        "try:\n    Result.load(sys.argv[1])\nexcept InputError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, out], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")
@pytest.mark.parametrize("bomb", ["gzip", "long json", "shared text", "compressed", "prefixes"])
def test_bombs_go_off_in_little_memory(saved: Path, bomb: str) -> None:
    megabyte = 1 << 20
    if bomb == "gzip":
        zeros = gzip.compress(b"0" * megabyte) * 4096
        (saved / HISTOGRAMS).write_bytes(zeros)
    elif bomb == "long json":
        with (saved / RESULT).open("ab") as file:
            file.truncate(8 << 30)
    elif bomb == "shared text":
        # a text of 1 MiB, 100,000 times: a small file, but 100 GB
        table = pq.read_table(saved / LEDGER).slice(1, 1).take(pa.array([0] * 100_000))
        text = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * megabyte])
        number = SCHEMA.get_field_index("message")
        change_ledger(saved, table.set_column(number, "message", text), store_schema=False)
    elif bomb == "compressed":
        change_ledger(saved, rows_of(saved, message=["", "x" * (64 << 20)]), compression="zstd")
    else:
        # each text begins with the whole of the one before
        texts = ["x" * (50 * k) for k in range(4000)]
        table = pq.read_table(saved / LEDGER).slice(1, 1).take(pa.array([0] * 4000))
        number = SCHEMA.get_field_index("message")
        table = table.set_column(number, SCHEMA.field("message"), pa.array(texts))
        encoding = {"message": "DELTA_BYTE_ARRAY"}
        change_ledger(saved, table, use_dictionary=False, column_encoding=encoding)
    if bomb != "long json":
        seal(saved)
    assert (saved / LEDGER).stat().st_size < 16 * megabyte
    said = load_within(saved, 512)
    if bomb == "shared text":
        # it is read, with its text once
        assert "does not add up" in said
    else:
        assert {"long json": RESULT, "gzip": HISTOGRAMS}.get(bomb, LEDGER) in said


def test_it_runs_nothing_and_writes_nothing(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "written"
    table = rows_of(saved, file=[str(target), "../../x"], source=[f"file://{target}", "x"])
    change_ledger(saved, table)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr("pickle.loads", None)
    monkeypatch.setattr("pickle.load", None)
    Result.load(saved)
    assert sorted(tmp_path.rglob("*")) == before


def sampled(tmp_path: Path) -> Path:
    """A result with the numbers of its events, some of which are there twice."""
    files = [SourceFile(uuid, "events") for uuid in "ab"]
    rows = [row(file.uuid, 0, 30)._replace(uuid=file.uuid) for file in files]
    numbers = {name: np.arange(30) for name in EVENT_BRANCHES}
    a, b = (EventSample.of(numbers, file) for file in files)
    return replace(made(rows), event_sample=a + b).save(tmp_path / "theirs")


def test_a_sample_of_events_is_saved_and_loaded(tmp_path: Path) -> None:
    loaded = Result.load(sampled(tmp_path))
    assert (loaded.doubled_events, loaded.unnumbered_events) == (30, 0)
    again = loaded.save(tmp_path / "again")
    assert (again / EVENT_SAMPLE).read_bytes() == (tmp_path / "theirs" / EVENT_SAMPLE).read_bytes()


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("count", 0, "a count cannot be"),
        ("count", -(2**63), "a count cannot be"),
        ("count", 2**62, "a count cannot be"),
        ("count", 1, "not in the files that it is counted in"),
        ("count", 3, "it has 61 of 60 events"),
        ("first", 2, "an event is in no file"),
        ("first", -1, "an event is in no file"),
        ("second", 2, "not in the files that it is counted in"),
        ("second", -1, "a count cannot be"),
        ("event", 1, "events that it cannot have"),
    ],
)
def test_rows_of_the_sample(tmp_path: Path, column: str, value: int, told: str) -> None:
    out = sampled(tmp_path)
    table = pq.read_table(out / EVENT_SAMPLE)
    if column == "event":  # makes it equal to another one
        for name in EVENT_BRANCHES:
            table = _with(table, name, value)
    else:
        table = _with(table, column, value)
    pq.write_table(table, out / EVENT_SAMPLE, compression="none")
    with pytest.raises(InputError, match=f"{EVENT_SAMPLE}: .*({told})"):
        Result.load(seal(out))


def _with(table: pa.Table, column: str, value: int) -> pa.Table:
    """The table with another value in the first row of a column."""
    values = table[column].to_pylist()
    number = table.schema.get_field_index(column)
    field = table.schema.field(number)
    return table.set_column(number, field, pa.array([value, *values[1:]], field.type))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", 2),
        ("events", -1),
        ("events", 59),
        ("events", 61),
        ("events", 1 << 62),
        ("events", "60"),
        ("halvings", -1),
        ("halvings", 1),
        ("halvings", 66),
        ("files", [["b", "events"], ["a", "events"]]),
        ("files", [["a", "events"], ["c", "events"]]),
        ("files", [["a", "events"]]),
        ("files", [["a", "events"], ["b", "events"], ["c", "events"]]),
        ("files", [[1, 2]]),
        ("more", 1),
    ],
)
def test_what_a_sample_says_of_itself(tmp_path: Path, key: str, value: Any) -> None:
    out = sampled(tmp_path)
    table = pq.read_table(out / EVENT_SAMPLE)
    about = json.loads(table.schema.metadata[b"dtperf"]) | {key: value}
    table = table.replace_schema_metadata({b"dtperf": json.dumps(about)})
    pq.write_table(table, out / EVENT_SAMPLE, compression="none")
    with pytest.raises(InputError, match=EVENT_SAMPLE):
        Result.load(seal(out))


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.drop_columns(["count"]),
        lambda table: table.append_column("more", [[1] * 30]),
        lambda table: table.replace_schema_metadata({}),
        lambda table: table.replace_schema_metadata({b"dtperf": b"["}),
        lambda table: pa.concat_tables([table] * 10_000),
    ],
)
def test_another_table_than_a_sample(tmp_path: Path, change: Change) -> None:
    out = sampled(tmp_path)
    table = change(pq.read_table(out / EVENT_SAMPLE))
    pq.write_table(table, out / EVENT_SAMPLE, compression="none")
    with pytest.raises(InputError, match=EVENT_SAMPLE):
        Result.load(seal(out))


def test_a_sample_that_is_damaged_or_gone(tmp_path: Path) -> None:
    out = sampled(tmp_path)
    content = (out / EVENT_SAMPLE).read_bytes()
    (out / EVENT_SAMPLE).write_bytes(content[:-1])
    with pytest.raises(InputError, match=f"{EVENT_SAMPLE}: was changed"):
        Result.load(out)
    with pytest.raises(InputError, match=f"{EVENT_SAMPLE}: the sample of events cannot be read"):
        Result.load(seal(out))
    (out / EVENT_SAMPLE).unlink()
    with pytest.raises(InputError, match=f"{EVENT_SAMPLE}: is missing"):
        Result.load(out)
