"""Objects of a ROOT file, as uproot reads them."""

from __future__ import annotations

import io
from typing import Any

import uproot


def read(content: bytes) -> Any:
    return uproot.open(io.BytesIO(content))
