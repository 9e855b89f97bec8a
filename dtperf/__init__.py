"""Columnar tag-and-probe efficiency measurements for the CMS Drift Tubes.

config = dtperf.load_config("reference_2023")
result = dtperf.run(config, "data/*.root")
result["by_chamber"]
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dtperf.clusters import cluster
    from dtperf.config import AnalysisConfig, load_config
    from dtperf.errors import ConfigError, DtperfError, InputError
    from dtperf.exploring import Analysis, explore
    from dtperf.processor import SegmentEfficiency
    from dtperf.results import Result
    from dtperf.runner import run
    from dtperf.selection import tag_and_probe

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
_MODULES = (
    *("background", "comparison", "filesets", "flags", "geometry", "lazy", "measurements"),
    *("nanoaod", "plot", "skim", "statistics", "synthetic"),
)
_HOMES = {
    "clusters": ("cluster",),
    "config": ("AnalysisConfig", "load_config"),
    "errors": ("ConfigError", "DtperfError", "InputError"),
    "exploring": ("Analysis", "explore"),
    "processor": ("SegmentEfficiency",),
    "results": ("Result",),
    "runner": ("run",),
    "selection": ("tag_and_probe",),
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module, or a public module."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
