"""Measure a chunk and make its part of a skim, with all that tighter cuts can need."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from coffea.processor import ProcessorABC

from dtperf.config import AnalysisConfig
from dtperf.execution.attempt import SIDE_OUTPUT, ChunkProcessor
from dtperf.selection.branches import (
    OPTIONAL_EVENT_COLUMNS,
    TRACKER_ISO,
    TRIGGER_COLUMNS,
    isolations,
)
from dtperf.selection.details.branches import DETAIL_ANOMALIES
from dtperf.selection.flatten import flatten
from dtperf.selection.luminosity import WITHOUT_LUMINOSITY, with_luminosity, within
from dtperf.skim.cut_rules import loosest_limits
from dtperf.skim.details import kept_details
from dtperf.skim.folders import TOKEN
from dtperf.skim.parts import Compression, PackedChunk, pack
from dtperf.skim.tally import tally
from dtperf.skim.thin import thinned

__all__ = ["SkimEvents", "part_name"]


class SkimEvents(ProcessorABC):  # type: ignore[misc]  # coffea is untyped
    """Measure, and write the part of a skim, or send it along where the directory is not seen.

    What is sent: the two files of a chunk, in one message for each chunk; a worker holds no more of
    it than that. On a Dask cluster about 1 GiB, or one chunk for each core, may be on its way to
    the client, by way of the scheduler; both take two to three times the largest message for it.
    """

    def __init__(
        self,
        config: AnalysisConfig,
        measuring: ChunkProcessor,
        out: Path,
        token: str,
        compression: Compression = "none",
    ) -> None:
        """Set up the processor.

        Args:
            config: The loosest cuts.
            measuring: What measures with them.
            out: Directory of the skim, as the client sees it.
            token: Content of its file `TOKEN`, by which a worker knows that it sees the same.
            compression: Of the files of events.
        """
        self._config, self._measuring = config, measuring
        self._out, self._token, self._compression = out, token, compression

    @property
    def columns(self) -> frozenset[str]:
        """Branches that every input file must have."""
        return self._measuring.columns

    @property
    def optional_columns(self) -> frozenset[str]:
        """Branches that are read where a file has them."""
        triggers = (f"muon_{name}" for name in TRIGGER_COLUMNS.values() if name)
        triggers_kept = triggers if self._config.selection.tag.trigger == "none" else ()
        always = {*OPTIONAL_EVENT_COLUMNS.values(), f"muon_{TRACKER_ISO}"}
        return self._measuring.optional_columns | {*triggers_kept, *always}

    def process(self, events: Any) -> dict[str, Any]:
        """Measure one chunk.

        Args:
            events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`.

        Returns:
            What was measured, and under `SIDE_OUTPUT` what the client has to write.
        """
        output = self._measuring.process(events)
        packed = self._pack(events, output["anomalies"])
        if self._sees_directory():
            with suppress(OSError):  # it may see it, and not be allowed to write
                packed.write(self._out)
                return output
        return output | {SIDE_OUTPUT: {packed.name: packed}}

    def postprocess(self, accumulator: Any) -> Any:
        """Return the sum as it is."""
        return accumulator

    def _pack(self, events: Any, anomalies: Mapping[str, int]) -> PackedChunk:
        selection = self._config.selection
        events = with_luminosity(events, self._config.luminosity_by_block)
        inside = within(events, selection.luminosity_mask)
        used = isolations(self._config)._replace(with_tracker=TRACKER_ISO in inside.muon.fields)
        flat = flatten(inside, selection.tag.trigger, self._config.extrapolation, used)
        fires = {
            name: np.asarray(ak.to_numpy(ak.flatten(inside.muon[name]))).astype(np.bool_)
            for name in TRIGGER_COLUMNS.values()
            if name and name in inside.muon.fields
        }
        details = kept_details(inside, self._config)
        columns = thinned(flat, loosest_limits(self._config), fires, details)
        of_tables = {*flat.anomalies, *DETAIL_ANOMALIES} - {WITHOUT_LUMINOSITY}
        found = {name: count for name, count in anomalies.items() if name in of_tables}
        counted = tally(events, self._config, found)
        about = events.metadata
        name = part_name(about["fileuuid"], about["entrystart"], about["entrystop"])
        return pack(name, columns, counted, self._compression)

    def _sees_directory(self) -> bool:
        try:
            return (self._out / TOKEN).read_text() == self._token
        except OSError:
            return False


def part_name(uuid: str, start: int, stop: int) -> str:
    """Return the name of the part of a chunk, unique by file and events."""
    return f"{uuid}-{start}-{stop}"
