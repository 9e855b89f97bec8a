"""Commands whose --help reads like that of other programs: OUT, INPUTS..., flags without a type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from dtperf.errors import ConfigError

__all__ = ["Commands", "arguments", "options", "usage", "what_it_does"]


Function = TypeVar("Function", bound=Callable[..., Any])


def what_it_does(command: Any) -> str:
    """Return the first paragraph of a command's help."""
    return " ".join((command.help or "").split("\n\n")[0].split())


def usage(command: Any) -> list[str]:
    """List what the usage line has behind the command's name."""
    if hasattr(command, "commands"):
        return ["[OPTIONS]", "COMMAND ..."]
    needed = (each for each in command.params if not _is_argument(each) and each.required)
    pieces = ["[OPTIONS]", *(f"{min(each.opts, key=len)} {each.metavar}" for each in needed)]
    for each in filter(_is_argument, command.params):
        name = each.metavar if each.required else f"[{each.metavar}]"
        pieces.append(name + _more(each))
    return pieces


def arguments(command: Any, context: Any) -> list[tuple[str, str]]:
    """List the arguments of a command with what they mean."""
    return [
        (f"{each.metavar}{_more(each)}", _meaning(each, context))
        for each in command.get_params(context)
        if _is_argument(each)
    ]


def options(command: Any, context: Any) -> list[tuple[str, str]]:
    """List the options of a command, ``-o, --out OUT``, with what they mean."""
    records = (
        (each, each.get_help_record(context))
        for each in command.get_params(context)
        if not _is_argument(each)
    )
    return [(record[0], _range(record[1], each)) for each, record in records if record]


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _more(parameter: Any) -> str:
    return "" if parameter.nargs == 1 else "..."


def _meaning(parameter: Any, context: Any) -> str:
    text: str = parameter.get_help_record(context)[1]
    # an argument without brackets in the usage is needed
    return _range(text, parameter).replace("; required]", "]").removesuffix("[required]").rstrip()


def _range(text: str, parameter: Any) -> str:
    """Call a value by its name in what typer says of its range: ``[N>=1]``."""
    return re.sub(r"(?<=[\[ =])x(?=[<>]=)|(?<=<=)x", str(parameter.metavar), text)


MAY_BE_EMPTY = ("--label",)


def _refuse_empty(args: list[str]) -> None:
    """Refuse empty names: of `-o "$OUT"` without such a variable the working folder is made."""
    for before, argument in zip(["", *args], args, strict=False):
        option, is_option, value = argument.partition("=")
        if not argument:
            option = before if before.startswith("-") else "an argument"
        elif value or not (is_option and option.startswith("--")):
            continue
        if option not in MAY_BE_EMPTY:
            raise ConfigError(f"{option}: is empty; is it a variable of the shell that is not set?")


def _name_values(parameters: list[Any]) -> None:
    """Name by its own name what a parameter takes; typer shows its Python type."""
    for each in parameters:
        if each.metavar is None and not getattr(each, "is_flag", False):
            each.metavar = each.name.strip("_").upper()


class _Described:
    """What commands and groups of them have in common."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_values(self.params)  # type: ignore[attr-defined]  # of click, which is mixed in

    def collect_usage_pieces(self, _context: Any) -> list[str]:
        """Return what the usage line has behind the command's name."""
        return usage(self)

    def format_options(self, context: Any, formatter: Any) -> None:
        """Write arguments and options below the usage line."""
        for title, rows in (
            ("Arguments", arguments(self, context)),
            ("Options", options(self, context)),
        ):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


class _Command(_Described, TyperCommand):
    """One command."""

    def parse_args(self, context: Any, args: list[str]) -> Any:
        """Refuse what is empty, and take the rest.

        Raises:
            ConfigError: Something is empty.
        """
        if not context.resilient_parsing:
            _refuse_empty(args)
        return super().parse_args(context, args)


class _Group(_Described, TyperGroup):
    """Several commands below a name."""

    def format_options(self, context: Any, formatter: Any) -> None:
        """Write options and commands below the usage line."""
        super().format_options(context, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, what_it_does(each)) for name, each in self._shown()])

    def _shown(self) -> Iterator[tuple[str, Any]]:
        return ((name, each) for name, each in self.commands.items() if not each.hidden)


class Commands(typer.Typer):
    """An application, or a group of its commands."""

    def __init__(self, description: str, **more: Any) -> None:
        """Make one without commands.

        Args:
            description: What they do.
            **more: Of `typer.Typer`.
        """
        super().__init__(
            cls=_Group,
            help=description,
            no_args_is_help=True,
            rich_markup_mode=None,  # its frames break lines, and fill a mail or a log
            pretty_exceptions_enable=False,
            **more,
        )

    def command(self, name: str | None = None, **more: Any) -> Callable[[Function], Function]:
        """Make a command of a function, as `typer.Typer.command` does."""
        return super().command(name, cls=_Command, **more)
