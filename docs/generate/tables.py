"""Tables of columns, measurements and branches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from dtperf.measurements import BY_GROUP, Measurement
from dtperf.measurements.labels import as_text
from dtperf.nanoaod import Convention, branch_table, convention_table
from dtperf.selection import needed_branches
from dtperf.selection.details.described import COLUMNS

__all__ = ["pages", "table"]


def pages() -> Mapping[str, str]:
    """Write the pages, by name."""
    return {
        "columns.md": _columns(),
        "measurements.md": _measurements(),
        "branches.md": _branches(),
    }


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown; a cell's bars do not end it."""
    lines = [titles, ["---"] * len(titles), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


ROWS = {
    "pairs": "One row for each tag with each other muon that was looked at.",
    "crossings": "One row for each selected pair and chamber crossed, or station without crossing.",
    "segments": "One row for each segment, whether a probe crossed there or not.",
    "layers": "One row for each layer of a view that a segment has, where it crosses a cell.",
    "mean_timers": "One row for three layers in a row with hits on alternating sides of the wires.",
    "digis": "One row for each digi of a cell that exists.",
    "rpc_crossings": "One row for each point where a segment crosses a roll of the barrel's RPCs.",
}


def _columns() -> str:
    parts = [
        """# Columns

What a measurement can cut on (`rows`, columns that are true or false), bin (`axes`), ask for
(`passed`) and average (`mean_of`). `dtperf measurements --columns` prints the same.
"""
    ]
    for name, columns in COLUMNS.items():
        text = ROWS[name]
        rows = ([f"`{column}`", _escaped(meaning)] for column, meaning in columns.items())
        parts.append(f"\n## `{name}`\n\n{text}\n\n{table(('column', 'meaning'), rows)}")
    return "".join(parts)


def _measurements() -> str:
    text = """# Measurements

What is measured unless the config says otherwise. Each is one histogram of integers,
`result["by_chamber"]`; one with *passed* is an efficiency, one with a mean is a profile.
`dtperf measurements` lists them. Binnings can be changed, and measurements added or left out,
in the config: [](configuration.md). What the columns are: [](columns.md).
"""
    for group, members in BY_GROUP.items():
        if group != "tag_and_probe":
            text += f"\n## Group `{group}`\n\nWith `measurements: {{groups: [{group}]}}`.\n"
        text += "".join(_described(name, each) for name, each in members.items())
    return text


def _described(name: str, each: Measurement) -> str:
    parts = {
        "Axes": [axis.name for axis in each.axes],
        f"Rows of {each.table}": [*each.rows],
        "Passed": [each.passed] if each.passed else [],
        "Mean of": [each.mean_of] if each.mean_of else [],
    }
    listed = ". ".join(
        f"{title}: {', '.join(f'`{column}`' for column in columns) or 'all'}"
        for title, columns in parts.items()
        if columns or title.startswith("Rows")
    )
    return f"\n`{name}`\n: {_sentence(each.title)} {listed}.\n"


def _sentence(text: str) -> str:
    plain = as_text(text)
    starts_a_word = plain[1:2].islower()  # pT and t0 stay as they are
    return _escaped((plain[:1].upper() if starts_a_word else plain[:1]) + plain[1:]) + "."


def _branches() -> str:
    older, newer = branch_table("A"), branch_table("B")
    conventions, used = convention_table(), needed_branches("isolated")
    text = f"""# Branches

Muon DPG NANO by generation: A, of before 2024, has {len(older)} branches, B, of since then,
{len(newer)}. [](../files.md) says how the generations differ. ● marks the {
        len(used & newer.keys())
    } branches that a run with the reference's cuts reads in any case; measurements may
add some. Units, limits and meanings stand where they were read in CMSSW;
`dtperf.nanoaod.convention_table()` has them with their source.
"""
    names = [*newer, *(name for name in older if name not in newer)]
    by_collection = sorted(names, key=lambda name: _collection(name, newer, older))
    for collection, members in groupby(
        by_collection, key=lambda name: _collection(name, newer, older)
    ):
        title = f"`{collection}`" if collection else "One value an event"
        rows = (
            [
                f"`{name}`" + (" ●" if name in used else ""),
                older[name].dtype if name in older else "–",
                newer[name].dtype if name in newer else "–",
                " ".join(_convention(conventions.get(name))),
            ]
            for name in members
        )
        text += f"\n## {title}\n\n{table(('branch', 'A', 'B', 'what'), rows)}"
    return text


def _collection(name: str, *tables: Mapping[str, object]) -> str:
    return next(str(table[name].collection) for table in tables if name in table)  # type: ignore[attr-defined]


def _convention(convention: Convention | None) -> Iterator[str]:
    if convention is None:
        return
    yield _escaped(convention.meaning, code=True)
    limits = " to ".join(
        f"{each:g}" for each in (convention.least, convention.most) if each is not None
    )
    if limits or convention.unit:
        yield f"[{f'{limits} {convention.unit}'.strip()}]"
    if convention.sentinel is not None:
        yield f"({convention.sentinel:g}: none)"


def _escaped(text: str, *, code: bool = False) -> str:
    text = text.replace("<", "&lt;")
    return text if code else text.replace("_", "\\_").replace("*", "\\*")
