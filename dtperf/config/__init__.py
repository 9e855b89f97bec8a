"""Analysis configuration: YAML in, validated, defaults named after their source."""

from __future__ import annotations

from dtperf.config.ini import from_ini
from dtperf.config.load import ConfigSource, load_config
from dtperf.config.model import AnalysisConfig
from dtperf.config.show import config_to_yaml
from dtperf.lazy_import import listed
from dtperf.selection.cuts import PairCuts, PassingCuts, ProbeCuts, Selection, StationCuts, TagCuts

__all__ = [
    "AnalysisConfig",
    "ConfigSource",
    "PairCuts",
    "PassingCuts",
    "ProbeCuts",
    "Selection",
    "StationCuts",
    "TagCuts",
    "config_to_yaml",
    "from_ini",
    "load_config",
]
__dir__ = listed(__name__)
