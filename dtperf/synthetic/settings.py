"""Read the settings of a sample: ``load_settings("sample.yaml", ["events=20000"])``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from dtperf.config.load import override, read_sections
from dtperf.config.overrides import Overrides, read_overrides
from dtperf.errors import ConfigError
from dtperf.nanoaod.branches import Generation
from dtperf.synthetic.detector import Detector
from dtperf.synthetic.luminosity import FIRST_RUN
from dtperf.synthetic.muons import Muons
from dtperf.synthetic.physics import Physics
from dtperf.synthetic.readout import Readout
from dtperf.validation import Model

__all__ = ["Fault", "Settings", "SettingsSource", "load_settings"]

Fault = Literal[
    "truncated",
    "header-only",
    "empty",
    "not-root",
    "wrong-tree",
    "no-events",
    "missing-branch",
    "wrong-type",
    "garbled-basket",
    "bad-range",
]

LUMI_BLOCKS_PER_RUN = 50
CLUSTER_EVENTS = {"lean": 20_000, "full": 1_500}
HIGHEST_LEVEL = {"zstd": 22, "lzma": 9, "lz4": 12}
DEFAULT_LEVEL = {"zstd": 1, "lzma": 1, "lz4": 4}

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


class Settings(Model):
    """One synthetic sample; equal settings give equal events.

    `files`, `format`, `compression`, `compression_level` and `cluster_events` only say how the
    same events are stored.
    """

    _load_with: ClassVar[str] = "load_settings"

    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1
    """Another seed gives other events."""
    events: Count = 10_000
    """Events in all files together."""
    files: Annotated[int, Field(ge=1, le=9_999)] = 1
    """Files with equal numbers of events, to within one."""
    runs: Annotated[int, Field(ge=1, le=10_000)] = 4
    """Runs with equal numbers of events, to within one."""
    first_run: Annotated[int, Field(ge=1, le=2_000_000_000)] = FIRST_RUN
    """Number of the first run; the others follow with gaps."""
    lumi_blocks_per_run: Annotated[int, Field(ge=1, le=10_000)] = LUMI_BLOCKS_PER_RUN
    """The luminosity falls from the first luminosity block of a run to its last."""
    generation: Generation = "B"
    """'A' has int8 and 382 branches, 'B' int16 and 410."""
    format: Literal["ttree", "rntuple"] = "ttree"
    """How the tree is stored."""
    compression: Literal["zstd", "lzma", "lz4"] = "zstd"
    """Algorithm."""
    compression_level: Annotated[int, Field(ge=1, le=22)] | None = None
    """Higher is smaller and slower; null: 1 for zstd, 1 for lzma, 4 for lz4."""
    content: Literal["lean", "full"] = "lean"
    """'lean' fills what the analysis reads, 'full' every collection, with 10 to 20 kB an event."""
    cluster_events: Annotated[int, Field(ge=10, le=1_000_000)] | None = None
    """Events in one basket of each branch; null: 20,000 if lean, 1,500 if full."""
    truth_events: bool = False
    """Whether to write every true crossing of a muon with a chamber as well."""
    broken: tuple[Fault, ...] = ()
    """Faults of the last files, one each."""
    physics: Physics = Physics()
    detector: Detector = Detector()
    readout: Readout = Readout()
    muons: Muons = Muons()

    @property
    def level(self) -> int:
        """Level of the compression."""
        return self.compression_level or DEFAULT_LEVEL[self.compression]

    @property
    def basket_events(self) -> int:
        """Events in one basket of each branch."""
        return self.cluster_events or CLUSTER_EVENTS[self.content]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.events < self.files:
            raise ValueError(f"events: {self.events:,} are too few for {self.files:,} files")
        if len(self.broken) >= self.files:
            raise ValueError(
                f"broken: {len(self.broken)} of the files would be broken; "
                f"files must be more than that, not {self.files}"
            )
        repeated = [fault for fault, times in Counter(self.broken).items() if times > 1]
        if repeated:
            raise ValueError(f"broken: '{repeated[0]}' is given twice")
        if self.level > HIGHEST_LEVEL[self.compression]:
            raise ValueError(
                f"compression_level: {self.level} is more than {self.compression} has, "
                f"{HIGHEST_LEVEL[self.compression]}"
            )
        return self


SettingsSource = str | Path | Mapping[str, Any] | Settings | None
"""What settings can be given as: YAML file, content, settings, or None for the defaults."""


def load_settings(source: SettingsSource = None, overrides: Overrides = ()) -> Settings:
    """Make the settings of a sample.

    Args:
        source: YAML file, or its content, or settings; None for the defaults.
        overrides: Values that replace others: ``{"physics.mean_fakes": 0}``, or texts such as
            ``physics.mean_fakes=0``.

    Raises:
        ConfigError: There is no such file, or its content is wrong; the message names file and
            key, and what is allowed.
    """
    if isinstance(source, Settings) and not overrides:
        return source
    label, data = _read(source)
    return override(Settings, data, read_overrides(overrides), label)


def _read(source: SettingsSource) -> tuple[str, Mapping[str, Any]]:
    if source is None:
        return "settings", {}
    if isinstance(source, Settings):
        return "settings", source.model_dump()
    if isinstance(source, Mapping):
        return "settings", source
    if not Path(source).exists():
        raise ConfigError(f"{source}: no such file")
    return str(source), read_sections(Path(source), str(source), "physics") or {}
