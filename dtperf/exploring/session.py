"""Measurements for somebody who looks at them: what has changed, how long it took."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from dtperf.errors import ConfigError
from dtperf.exploring.command import command
from dtperf.exploring.content import content
from dtperf.exploring.cuts import with_cuts
from dtperf.exploring.explorer import Explorer

__all__ = ["Session"]


class Session:
    """An explorer, and what it gave for the config's own cuts."""

    def __init__(self, explorer: Explorer) -> None:
        """Measure with the config's own cuts."""
        self.explorer = explorer
        explorer.measure()  # compiles what has to be: its time would mislead
        self.result = self._before = explorer.measure()
        """What was measured last."""
        self.before = self.answer({})

    def answer(self, cuts: Mapping[str, Any]) -> dict[str, Any]:
        """Measure.

        Args:
            cuts: Values by key, from whoever it may be.

        Returns:
            What `content` gives, and the command line that gives the same; or, under 'problem',
            what is wrong with the cuts.
        """
        start = time.perf_counter()
        try:
            result = self.explorer.measure(cuts)
        except ConfigError as error:
            return {"problem": str(error)}
        seconds = time.perf_counter() - start
        self.result = result
        config = with_cuts(self.explorer.config, cuts)
        found = content(result, self._before, seconds)
        return found | {"command": command(self.explorer.origin, config)}
