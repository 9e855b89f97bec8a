"""Run the command line as the entry point does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from dtperf.cli import main

__all__ = ["Call", "Done", "call"]


class Done(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Done]
"""The command line, which the fixture `dtperf` gives."""


def call(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str | Path
) -> Done:
    monkeypatch.setattr(sys, "argv", ["dtperf", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "200")
    capfd.readouterr()
    try:
        main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    return Done(code, *capfd.readouterr())
