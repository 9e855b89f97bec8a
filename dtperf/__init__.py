"""Columnar tag-and-probe efficiency measurements for the CMS Drift Tubes.

result = dtperf.run("reference_2023", "data/*.root")
result["by_chamber"]
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from dtperf.lazy_import import attach

if TYPE_CHECKING:
    from dtperf import detector, filesets, measurements, nanoaod, plot, skim, statistics, synthetic
    from dtperf.api import run, tag_and_probe
    from dtperf.config import AnalysisConfig, load_config
    from dtperf.diagnostics import ageing, background, comparison, flags
    from dtperf.errors import ConfigError, DtperfError, InputError
    from dtperf.execution import lazy as lazy
    from dtperf.execution.clusters import cluster
    from dtperf.execution.processor_class import SegmentEfficiency
    from dtperf.pages.explore import explore
    from dtperf.results.export import export
    from dtperf.results.result import Result
    from dtperf.skim.analysis import Analysis
    from dtperf.skim.systematics import systematics

__all__ = [
    "Analysis",
    "AnalysisConfig",
    "ConfigError",
    "DtperfError",
    "InputError",
    "Result",
    "SegmentEfficiency",
    "ageing",
    "background",
    "cluster",
    "comparison",
    "detector",
    "explore",
    "export",
    "filesets",
    "flags",
    "load_config",
    "measurements",
    "nanoaod",
    "plot",
    "run",
    "skim",
    "statistics",
    "synthetic",
    "systematics",
    "tag_and_probe",
]
__version__ = version("dtperf")
__getattr__, __dir__ = attach(__name__, __file__, optional=["lazy"])
