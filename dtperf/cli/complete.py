"""What a shell offers when Tab is pressed; imported by all commands, so that it imports little."""

from __future__ import annotations

import typer

__all__ = ["analyses", "clusters", "keys", "plots"]


def analyses(incomplete: str) -> list[str]:
    """Return the packaged analyses; without any that fits the shell offers files."""
    return _packaged("analyses", incomplete)


def clusters(incomplete: str) -> list[str]:
    """Return the packaged clusters; without any that fits the shell offers files."""
    return _packaged("clusters", incomplete)


def keys(context: typer.Context, incomplete: str) -> list[str]:
    """Return the keys that --set takes, each with the ``=`` that follows it."""
    from dtperf.config.keys import all_keys

    if context.command.name == "generate":
        from dtperf.synthetic.settings import Settings

        every = all_keys(Settings)
    else:
        every = all_keys()
    sections = {key.rpartition(".")[0] for key in every}
    return [f"{key}=" for key in every if key.startswith(incomplete) and key not in sections]


def plots(incomplete: str) -> list[str]:
    """Return the names of groups of measurements, of plots, and of measurements."""
    from dtperf.measurements import BY_GROUP, KNOWN
    from dtperf.plot.catalogue import PLOTS
    from dtperf.plot.group_catalogue import GROUP_PLOTS

    names = dict.fromkeys((*BY_GROUP, *PLOTS, *GROUP_PLOTS, *KNOWN))
    return [name for name in names if name.startswith(incomplete)]


def _packaged(kind: str, incomplete: str) -> list[str]:
    from dtperf.config.load import packaged

    return [name for name in packaged(kind) if name.startswith(incomplete)]
