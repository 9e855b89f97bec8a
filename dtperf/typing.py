"""Names of arrays in annotations, by the type of what they hold.

Comparisons are made in single precision wherever the reference program makes them so: what an array
holds has to be seen at each function, and has one name in the whole package.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "F32",
    "F64",
    "I8",
    "I16",
    "I32",
    "I64",
    "U8",
    "U16",
    "U32",
    "U64",
    "AnyArray",
    "Bools",
    "Floating",
    "Integers",
    "Intp",
]

Bools = npt.NDArray[np.bool_]
I8 = npt.NDArray[np.int8]
I16 = npt.NDArray[np.int16]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Intp = npt.NDArray[np.intp]
"""Positions in an array, as numpy gives them."""
U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer[Any]]
"""Of any width."""
Floating = npt.NDArray[np.floating[Any]]
"""Of any precision."""
AnyArray = npt.NDArray[Any]
"""Of a type that is known only when it is read."""
