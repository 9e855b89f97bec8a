"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["FalseAlarms"]

FalseAlarms = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Part of false alarms to allow among the chambers that are listed."
    ),
]
