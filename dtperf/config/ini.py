"""The reference program's configuration: ``from_ini(text, "TnP.ini")``."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    Error,
    MissingSectionHeaderError,
    ParsingError,
)
from operator import attrgetter
from typing import Any, NamedTuple

from dtperf.config.explain import Loc
from dtperf.config.load import validate
from dtperf.config.model import AnalysisConfig
from dtperf.config.overrides import Override, apply
from dtperf.config.suggest import shorten, suggest
from dtperf.errors import ConfigError

__all__ = ["from_ini"]

SECTION = "TagAndProbe"


def _trigger(text: str) -> str:
    return "isolated" if ConfigParser.BOOLEAN_STATES[text.lower()] else "single"


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(map(float, re.split(r"[,\s]+", text)))


class _Key(NamedTuple):
    loc: str
    read: Callable[[str], object]
    allowed: str


def _number(loc: str) -> _Key:
    return _Key(f"selection.{loc}", float, "number")


def _count(loc: str) -> _Key:
    return _Key(f"selection.{loc}", int, "whole number")


KEYS = {
    "pair_minInvMass": _number("pair.min_mass"),
    "pair_maxInvMass": _number("pair.max_mass"),
    "pair_maxAbsDz": _number("pair.max_abs_dz"),
    "pair_minDr": _number("pair.min_dr"),
    "tag_useIsoHltPath": _Key("selection.tag.trigger", _trigger, "true or false"),
    "tag_isoCut": _number("tag.max_iso"),
    "tag_minPt": _number("tag.min_pt"),
    "probe_minPt": _number("probe.min_pt"),
    "probe_maxAbsEta": _Key("selection.station.max_abs_eta", _numbers, "four numbers"),
    "probe_minTrkLayers": _count("probe.min_tracker_layers"),
    "probe_minPixelHits": _count("probe.min_pixel_hits"),
    "probe_isoCut": _number("probe.max_iso"),
    "probe_minNMatchedSeg": _count("station.min_other_stations"),
    "probe_minNRPCLayers": _count("station.min_rpc_layers"),
    "probe_maxBorderDx": _number("station.border_x"),
    "probe_maxBorderDy": _number("station.border_y"),
    "passing_probe_maxTkSegDx": _number("passing.max_dx"),
    "passing_probe_maxTkSegDy": _number("passing.max_dy"),
    "passing_probe_maxTkSegDr": _number("passing.max_dr"),
}
"""The program's keys, and where their values go."""
BY_LOWER_CASE = {key.lower(): key for key in KEYS}
COMPATIBILITY = {"truncate_extrapolation": True, "four_vector_rounding": True}
"""What the program does whatever its configuration says."""
TRUNCATED = (
    "compatibility.truncate_extrapolation is on, as in the reference program: "
    "switch it off for physics"
)
BINNING = (
    "compatibility.root_binning is 'newer', as in ROOT since 2025: "
    "set it to 'older' to compare with histograms of ROOT before"
)


class _Line(NamedTuple):
    number: int
    value: str


def from_ini(text: str, name: str) -> tuple[AnalysisConfig, list[str]]:
    """Convert a configuration of the reference program.

    Args:
        text: Content of the INI file.
        name: Its name, for messages.

    Returns:
        The config, and notes on what the file did not say.

    Raises:
        ConfigError: It has another section, an unknown key or a wrong value; the message has the
            key, the line and what is allowed.
    """
    lines = _read(text, name)
    data: Mapping[str, Any] = {"compatibility": COMPATIBILITY}
    where = {}
    for key, line in lines.items():
        override = Override(tuple(KEYS[key].loc.split(".")), _value(key, line, name), key)
        where[override.loc] = f"{name}, line {line.number} ({key})"
        data = apply(data, override, name)

    def origin(loc: Loc) -> str:
        return next((text for at, text in where.items() if loc[: len(at)] == at), name)

    config = validate(AnalysisConfig, data, origin)
    return config, [*_missing(lines, config), TRUNCATED, BINNING]


def _read(text: str, name: str) -> dict[str, _Line]:
    """Read the lines that have a value, by the key as the program writes it."""
    # configparser takes an indented line for a part of the one before
    stripped = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    written = [line.partition("=")[0].strip() for line in stripped]
    numbers = {key.lower(): number for number, key in enumerate(written, 1)}
    lines = {}
    for key, value in _section("\n".join(stripped), name).items():
        number = numbers[key]
        if key not in BY_LOWER_CASE:
            given = written[number - 1]
            hint = suggest(given, KEYS)
            raise ConfigError(f"{name}, line {number}: unknown key {shorten(given)}{hint}")
        lines[BY_LOWER_CASE[key]] = _Line(number, value.partition(";")[0].strip())
    return lines


def _section(text: str, name: str) -> Mapping[str, str]:
    parser = ConfigParser(
        delimiters=("=",),
        comment_prefixes=(";", "#"),
        interpolation=None,
        default_section="",
    )
    try:
        parser.read_string(text)
    except Error as error:
        raise ConfigError(f"{name}, {_describe(error)}") from None
    for section in parser.sections():
        if section.lower() != SECTION.lower():
            raise ConfigError(f"{name}: unknown section [{section}]; known is [{SECTION}]")
    if len(parser.sections()) != 1:
        number = "two sections" if parser.sections() else "no section"
        raise ConfigError(f"{name}: {number} [{SECTION}]; there must be one")
    return parser[parser.sections()[0]]


def _describe(error: Error) -> str:
    match error:
        case DuplicateOptionError():
            return f"line {error.lineno}: the key '{error.option}' is given twice"
        case DuplicateSectionError():
            return f"line {error.lineno}: the section [{error.section}] is given twice"
        case MissingSectionHeaderError():
            return f"line {error.lineno}: no section [{SECTION}] before the first key"
        case ParsingError():
            return f"line {error.errors[0][0]}: not of the form key = value"
    return error.message


def _value(key: str, line: _Line, name: str) -> object:
    try:
        return KEYS[key].read(line.value)
    except (KeyError, ValueError):
        raise ConfigError(
            f"{name}, line {line.number}: {key} is {shorten(line.value)}; "
            f"allowed: {KEYS[key].allowed}"
        ) from None


def _missing(given: Collection[str], config: AnalysisConfig) -> list[str]:
    return [
        f"{key} is not given: {loc} keeps the reference's {shorten(attrgetter(loc)(config))}"
        for key, (loc, _, _) in KEYS.items()
        if key not in given
    ]
