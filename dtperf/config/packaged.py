"""The configs that come with dtperf: ``packaged("analyses")["reference_2023"]``."""

from __future__ import annotations

from pathlib import Path

import dtperf

__all__ = ["packaged"]


def packaged(kind: str) -> dict[str, Path]:
    """Find the YAML files of one kind.

    Args:
        kind: Folder, such as 'analyses'.

    Returns:
        Files by name, sorted; without the suffix.
    """
    package = Path(dtperf.__file__).parent
    # a wheel has them within the package, a checkout next to it
    for folder in (package / "configs" / kind, package.parent / "configs" / kind):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {}
