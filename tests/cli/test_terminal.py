"""What all commands print with: nothing is lost on a narrow terminal, and lists are cut short."""

from __future__ import annotations

import pytest

from dtperf.cli.terminal import SHOWN, console, duration, first_lines, first_names, table


def test_a_narrow_terminal_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    shown = table("file", ">events", whole=True)
    shown.add_row("a_name_that_is_too_long.root", "1,234,567")
    console().print(shown)
    lines = capsys.readouterr().out.splitlines()
    assert "".join(line[:14].strip() for line in lines[1:]) == "a_name_that_is_too_long.root"
    assert lines[1].endswith("1,234,567 ")


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
