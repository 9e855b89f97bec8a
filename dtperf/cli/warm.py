"""Compile all kernels that runs need: `python -m dtperf.cli.warm`, once after an installation.

They are kept where numba keeps what it compiles, see `dtperf.kernel_cache`; the first run of a user
then begins at once.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["warm"]

EVENTS = 500
LAYOUTS = ("ttree", "rntuple")


def warm() -> None:
    """Make a few events in each layout of files, and measure them."""
    from dtperf.api import run
    from dtperf.synthetic import generate, load_settings

    print("compiling the kernels, once: about 35 s", flush=True)
    begin = time.monotonic()
    with TemporaryDirectory(prefix="dtperf-warm-") as folder:
        for layout in LAYOUTS:
            events = Path(folder, layout)
            settings = load_settings(None, [f"events={EVENTS}", f"format={layout}"])
            generate(settings, events, progress=False)
            run("reference_2023", [events], progress=False)
    print(f"compiled in {time.monotonic() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    warm()
