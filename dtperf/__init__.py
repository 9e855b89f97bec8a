"""Columnar tag-and-probe efficiency measurements for the CMS Drift Tubes.

result = dtperf.run("reference_2023", "data/*.root")
result["by_chamber"]
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtperf.api import run, tag_and_probe
    from dtperf.config import AnalysisConfig, load_config
    from dtperf.errors import ConfigError, DtperfError, InputError
    from dtperf.execution.clusters import cluster
    from dtperf.execution.processor import SegmentEfficiency
    from dtperf.pages.explore import explore
    from dtperf.results.result import Result
    from dtperf.skim.analysis import Analysis

__all__ = [
    "Analysis",
    "AnalysisConfig",
    "ConfigError",
    "DtperfError",
    "InputError",
    "Result",
    "SegmentEfficiency",
    "cluster",
    "explore",
    "load_config",
    "run",
    "tag_and_probe",
]
__version__ = version("dtperf")

# coffea, awkward and numba take seconds to import: each name is fetched when it is first used
_MODULES = {
    "background": "diagnostics.background",
    "comparison": "diagnostics.comparison",
    "detector": "detector",
    "filesets": "filesets",
    "flags": "diagnostics.flags",
    "lazy": "execution.lazy",
    "measurements": "measurements",
    "nanoaod": "nanoaod",
    "plot": "plot",
    "skim": "skim",
    "statistics": "statistics",
    "synthetic": "synthetic",
}
_HOMES = {
    "execution.clusters": ("cluster",),
    "execution.processor": ("SegmentEfficiency",),
    "config": ("AnalysisConfig", "load_config"),
    "errors": ("ConfigError", "DtperfError", "InputError"),
    "skim.analysis": ("Analysis",),
    "pages.explore": ("explore",),
    "results.result": ("Result",),
    "api": ("run", "tag_and_probe"),
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module, or a public module."""
    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
