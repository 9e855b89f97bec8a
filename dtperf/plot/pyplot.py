"""Figures in the hands of pyplot, where that shows figures without being asked.

In a notebook, or in matplotlib's interactive mode, a figure is shown as pyplot's own are: when the
cell ends, and with zoom under `%matplotlib widget`. Elsewhere none is handed over, for pyplot keeps
what it has until it is closed, and a report draws hundreds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import matplotlib as mpl
from matplotlib.figure import Figure

__all__ = ["each_shown", "hand_over", "shown"]

P = ParamSpec("P")
F = TypeVar("F", bound=Figure)

INLINE = ("inline", "module://matplotlib_inline.backend_inline")

_handed_over: WeakKeyDictionary[Figure, int] = WeakKeyDictionary()
"""Figures in order, with the number of the cell that they were drawn in."""


def shown(draw: Callable[P, F]) -> Callable[P, F]:
    """Return a function that draws the same figure, and has pyplot show it where that does so."""

    @wraps(draw)
    def drawn(*arguments: P.args, **named: P.kwargs) -> F:
        figure = draw(*arguments, **named)
        _show_as_pyplot_does(figure)
        return figure

    return drawn


def each_shown(
    draw: Callable[P, Iterable[tuple[str, F]]],
) -> Callable[P, Iterator[tuple[str, F]]]:
    """Do the same with what draws figure after figure."""

    @wraps(draw)
    def drawn(*arguments: P.args, **named: P.kwargs) -> Iterator[tuple[str, F]]:
        for name, figure in draw(*arguments, **named):
            _show_as_pyplot_does(figure)
            yield name, figure

    return drawn


def hand_over(figure: Figure) -> None:
    """Have pyplot manage a figure, on the backend that the user has chosen."""
    import matplotlib.pyplot as plt  # looks for a display: only where a figure is shown

    plt.figure(figure)
    _handed_over[figure] = _cell()
    if (shell := _shell()) is not None:
        # not by a method of the figure: what IPython has for all figures would come before it
        shell.display_formatter.ipython_display_formatter.for_type(type(figure), _show_once)


def _show_once(figure: Figure) -> None:
    """Prepare that IPython shows a figure now, and that pyplot does not show it once more.

    Figures that were drawn before it in the cell, and wait for its end, are shown before it.

    Raises:
        NotImplementedError: IPython is to show it, in the formats that the user has chosen.
    """
    if hasattr(type(figure.canvas), "_repr_mimebundle_"):  # a widget, which pyplot keeps alive
        from IPython.display import display

        if _handed_over.get(figure) != _cell():
            display(figure.canvas)
        return
    if _waits(figure):
        import matplotlib.pyplot as plt
        from IPython.display import display

        waiting = [each for each in _handed_over if _waits(each)]
        for each in waiting[: waiting.index(figure)]:
            display(each)
        plt.close(figure)
    raise NotImplementedError


def _show_as_pyplot_does(figure: Figure) -> None:
    if mpl.is_interactive() or getattr(_shell(), "kernel", None) is not None:
        hand_over(figure)


def _waits(figure: Figure) -> bool:
    """Return whether a figure will be shown, and closed, when the cell ends."""
    is_new = _handed_over.get(figure) == _cell()
    return is_new and figure.canvas.manager is not None and mpl.get_backend() in INLINE


def _shell() -> Any:
    """Return what runs the cells; None outside IPython, which is not imported to know."""
    found = sys.modules.get("IPython")
    return None if found is None else found.get_ipython()


def _cell() -> int:
    return getattr(_shell(), "execution_count", 0)
