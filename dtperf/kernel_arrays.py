"""Arrays that kernels make: `empty`, which numba writes into a kernel where it is called.

For each `np.empty`, of each dtype and kind of shape, it compiles a function first, which takes as
long as a small kernel.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from dtperf.typing import AnyArray

__all__ = ["empty", "teach_numba"]


def empty(shape: Any, dtype: Any) -> AnyArray:
    """Return an array with whatever stands in memory.

    Args:
        shape: Its length, or a tuple of lengths; none is negative.
        dtype: A type of NumPy.
    """
    return np.empty(shape, dtype)


@cache
def teach_numba() -> None:
    """Have numba compile `empty`; what it needs is imported when the first kernel is compiled."""
    import numba  # noqa: F401  # all of it, see dtperf.execution.clusters.preload_site
    from numba.core import types
    from numba.core.typing.npydecl import parse_dtype, parse_shape
    from numba.extending import lower_builtin, type_callable

    @type_callable(empty)
    def type_empty(_: Any) -> Any:
        def typer(shape: Any, dtype: Any) -> Any:
            return types.Array(parse_dtype(dtype), parse_shape(shape), "C")

        return typer

    @lower_builtin(empty, types.Any, types.Any)  # type: ignore[untyped-decorator]
    def lower_empty(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        from numba.core.cgutils import unpack_tuple
        from numba.core.imputils import impl_ret_new_ref
        from numba.np import arrayobj

        shape, kind = arguments[0], signature.args[0]
        lengths: Any = [(shape, kind)]
        if isinstance(kind, types.BaseTuple):
            lengths = zip(unpack_tuple(builder, shape), signature.args[0].types, strict=True)
        sizes = [context.cast(builder, length, of, types.intp) for length, of in lengths]
        made = arrayobj._empty_nd_impl(context, builder, signature.return_type, sizes)
        return impl_ret_new_ref(context, builder, signature.return_type, made._getvalue())
