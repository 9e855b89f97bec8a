"""Cuts that can be moved: events stay in memory, and are measured anew in a fraction of a second.

explorer = Explorer("result")                                   # or files and a config
explorer.measure({"selection.probe.min_pt": 25}).by_station()   # what a new run would give
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dtperf.config import ConfigSource
from dtperf.errors import ConfigError
from dtperf.extras import install_command
from dtperf.lazy_import import listed
from dtperf.progress import progress_bar
from dtperf.skim.analysis import Analysis, Explorer
from dtperf.skim.recut.inputs import Source, find_inputs
from dtperf.skim.stored import is_skim

if TYPE_CHECKING:
    from dtperf.pages.explore.widget import App

__all__ = ["Analysis", "Explorer", "explore"]
__dir__ = listed(__name__)


def explore(
    source: Source,
    config: ConfigSource | None = None,
    *,
    limit_events: int | None = None,
    progress: bool = True,
) -> App:
    """Show sliders for the cuts in a notebook; map, curve and table follow them.

    The events stay in memory until `close()` of what is returned, or until its cell runs again. Who
    explores the same with the same config shares them.

    Args:
        source: The directory of a skim; or a `Result`, a result directory, or files as
            `dtperf.run` takes them.
        config: What `dtperf.load_config` takes; files need one, a result and a skim have their own.
        limit_events: How many events to keep in memory; None: all of a skim, and 1,000,000 of
            others.
        progress: Show a bar while events are read.

    Returns:
        What the notebook shows. Its `cuts` can be read and assigned, `result` is what was measured
        last, and `config` the config with these cuts.

    Raises:
        ConfigError: The config cannot be used, or anywidget is not installed.
        InputError: A file cannot be read.
    """
    if find_spec("anywidget") is None:
        raise ConfigError(f"explore needs anywidget: {install_command('notebook')}")
    from dtperf.pages.explore.cells import close_earlier, remember
    from dtperf.pages.explore.events import events_key, load_events, shared_events
    from dtperf.pages.explore.session import Session
    from dtperf.pages.explore.widget import App

    if not (isinstance(source, str | Path) and is_skim(Path(source))):
        source = find_inputs(source, config)  # once: servers may be asked for their directories
    key = events_key(source, config, limit_events)
    explorer = shared_events(key)  # held while what this cell has made before is closed
    close_earlier()
    with progress_bar(progress) as show:  # also of what the first measurement compiles
        if explorer is None:
            explorer = load_events(key, source, config, limit_events, show)
        app = App(Session(explorer))
    remember(app)
    return app
