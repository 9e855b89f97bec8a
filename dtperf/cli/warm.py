"""Compile all kernels beforehand: `python -m dtperf.cli.warm`, once after an installation.

They are kept where numba keeps what it compiles, see `dtperf.kernel_cache`; whatever a user does
first then begins at once.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["warm"]

EVENTS = 500
LAYOUTS = ("ttree", "rntuple")
ANALYSES = ("reference_2023", "dt_performance")


def warm(*, runs_only: bool = False) -> None:
    """Make a few events in each layout of files, and do with them all that has kernels.

    Args:
        runs_only: Only the default analysis, in runs: half of the time.
    """
    from dtperf.api import run
    from dtperf.synthetic import generate, load_settings

    print(f"compiling the kernels, once: about {35 if runs_only else 70} s", flush=True)
    begin = time.monotonic()
    with TemporaryDirectory(prefix="dtperf-warm-") as folder:
        for layout in LAYOUTS:
            events = Path(folder, layout)
            settings = load_settings(None, [f"events={EVENTS}", f"format={layout}"])
            generate(settings, events, progress=False)
            for analysis in ANALYSES[: 1 if runs_only else None]:
                run(analysis, [events], progress=False)
        if not runs_only:
            _make_and_use_skims(Path(folder))
    print(f"compiled in {time.monotonic() - begin:.0f} s", flush=True)


def _make_and_use_skims(folder: Path) -> None:
    from dtperf.api import run
    from dtperf.skim import skim
    from dtperf.skim.systematics import systematics

    events = [folder / LAYOUTS[0]]
    for loosest, analysis in (("loosest", "reference_2023"), ("dt_performance", "dt_performance")):
        out = folder / loosest
        skim(loosest, events, out=out, progress=False)
        run(analysis, [out], progress=False)
    systematics(folder / "loosest", "reference_2023")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m dtperf.cli.warm", description=__doc__)
    parser.add_argument("--runs-only", action="store_true", help="the default analysis, in runs")
    warm(runs_only=parser.parse_args().runs_only)
