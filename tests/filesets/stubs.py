"""Programs that stand for those of CMS."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

__all__ = ["executable"]


def executable(path: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a Python program, and put its directory on the PATH."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
