"""What all commands print with: nothing is lost on a narrow terminal, and lists are cut short."""

from __future__ import annotations

import pytest

from dtperf.cli.terminal import SHOWN, console, duration, first_lines, first_names, table

NAME, NUMBER, TEXT = "a_name_that_is_long.root", "12.345 ± 0.123", "words of a text"


@pytest.mark.parametrize("columns", ["", "12", "30", "45", "60", "120"])
def test_a_narrow_terminal_breaks_no_name_and_no_number(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    shown = table("file", ">number in points", "what", title="A title of many words, " * 3)
    shown.add_row(NAME, NUMBER, TEXT)
    shown.add_row(NAME, "", "")
    console().print(shown)
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.count(NAME) for line in lines) == 2
    assert sum(line.count(NUMBER) for line in lines) == 1
    for word in TEXT.split():
        assert any(word in line.split() for line in lines)
    assert "…" not in "".join(lines)
    if columns in ("12", "30", "45"):  # not even the words have room beside each other
        assert [line.split() for line in lines[1:3]] == [
            ["file", NAME],
            ["number", "in", "points", *NUMBER.split()],
        ]
    elif columns == "60":
        assert max(len(line) for line in lines[1:]) <= 60
        assert not any(TEXT in line for line in lines)
    else:
        assert any(line.split() == [NAME, *NUMBER.split(), *TEXT.split()] for line in lines)


def test_parts_of_a_row_stay_below_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    shown = table("station", ">efficiency")
    for row in (("MB1", "99.1"), ("  eligible", "90.1"), ("", "80.1"), ("MB2", "99.2")):
        shown.add_row(*row)
    console().print(shown)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["station", "MB1"],
        ["efficiency", "99.1"],
        ["station", "eligible"],
        ["efficiency", "90.1"],
        ["efficiency", "80.1"],
        [],
        ["station", "MB2"],
        ["efficiency", "99.2"],
        [],
    ]


def test_a_pipe_is_as_wide_as_what_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    shown = table("file", "what")
    shown.add_row("/a/path" * 20, TEXT * 20)
    console().print(shown)
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("count", "last"),
    [(0, None), (SHOWN, f"  {SHOWN - 1}"), (SHOWN + 1234, "  … and 1,234 more such files")],
)
def test_a_list_is_cut_short(count: int, last: str | None) -> None:
    lines = [*first_lines(map(str, range(count)), "more such files", "  ")]
    assert lines[:SHOWN] == [f"  {number}" for number in range(min(count, SHOWN))]
    assert (lines[-1] if lines else None) == last


def test_names_are_cut_short() -> None:
    assert first_names(["a", "b"], 2) == "a, b"
    assert first_names(["a", "b", "c", "d"], 2) == "a, b and 2 more"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (119.9, "119.9 s"), (150, "2.5 min"), (7200, "2.0 h"), (1e6, "277.8 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
