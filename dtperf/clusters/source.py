"""The state of dtperf's source, to be asked for as the version of this module.

Dask's `get_versions` imports modules by name and tells their versions: so a scheduler can be asked
without any code being sent to it.
"""

from __future__ import annotations

from dtperf.identity import package_state

__all__ = ["__version__"]

__version__ = package_state()
