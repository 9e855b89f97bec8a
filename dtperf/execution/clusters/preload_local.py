"""What our own Dask workers load before all else: the client sees to Ctrl-C, and to errors."""

from __future__ import annotations

import logging
import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)

# at the end of a run one worker may still ask another, or the scheduler, which is gone already
logging.getLogger("distributed.worker").setLevel(logging.CRITICAL)
logging.getLogger("distributed.worker.memory").setLevel(logging.WARNING)
