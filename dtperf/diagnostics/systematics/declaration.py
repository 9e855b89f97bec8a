"""Variations of the cuts: a declaration in YAML, ``load_variations("standard")``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, FiniteFloat, model_validator

from dtperf.config import AnalysisConfig
from dtperf.config.load import packaged, read_sections, validate
from dtperf.config.suggest import suggest
from dtperf.config.values import flat_values
from dtperf.errors import ConfigError
from dtperf.validation import Model

__all__ = ["Change", "Combination", "Variation", "Variations", "changes_of", "load_variations"]

Estimated = Literal["mass_sidebands", "mass_fit", "same_sign", "isolation_sideband"]
Combination = Literal["linear", "largest"]
DownUp = tuple[FiniteFloat | int, FiniteFloat | int]
DIGITS = 9
"""Of a sum or product, so that 0.15 + 0.05 is what one would write."""


class Variation(Model):
    """One change of cuts, or one estimate of what they let through; exactly one of the four."""

    text: Annotated[str, Field(min_length=1, max_length=200)]
    """What is varied, in a few words."""
    plus: dict[str, DownUp] | None = None
    """By key what is added to the analysis' value, down and up."""
    times: dict[str, DownUp] | None = None
    """By key what the analysis' value is multiplied with, down and up."""
    instead: dict[str, tuple[Any, ...]] | None = None
    """By key values, of which the first counts that is another one than the analysis' own."""
    estimate: Estimated | None = None
    """An estimate of the efficiency without background."""
    limits: tuple[FiniteFloat, FiniteFloat] | None = None
    """Of an estimate: lowest and highest mass, GeV, or isolation of the sidebands."""
    group: str = ""
    """Of the variations that have one cause with it."""
    correlated: bool = True
    """Whether it moves all stations together."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        ways = ("plus", "times", "instead", "estimate")
        given = [name for name in ways if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(ways)}, not {' and '.join(given) or 'none'}")
        needs_limits = self.estimate in ("mass_sidebands", "mass_fit", "isolation_sideband")
        if needs_limits != (self.limits is not None):
            raise ValueError("limits are those of an estimate by sidebands, which needs them")
        if self.limits and self.limits[0] >= self.limits[1]:
            raise ValueError("limits: lowest, then highest")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the config that it changes."""
        return tuple(self.plus or self.times or self.instead or {})


class Variations(Model):
    """All that is varied."""

    _load_with: ClassVar[str] = "load_variations"

    title: str = ""
    """One line for tables and pages."""
    groups: dict[str, Combination] = Field(default_factory=dict)
    """How the variations of a group go together: added up, or the largest one."""
    variations: Annotated[dict[str, Variation], Field(min_length=1)]
    """By name."""
    not_varied: dict[str, str] = Field(default_factory=dict)
    """Why a key of the config is left as it is."""

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        known = {*flat_values(AnalysisConfig())}
        for name, each in self.variations.items():
            for key in each.keys:
                if key not in known:
                    raise ValueError(f"variations.{name}: no key {key!r}{suggest(key, known)}")
            if each.group and each.group not in self.groups:
                raise ValueError(f"variations.{name}: {each.group!r} is not among the groups")
        return self


class Change(NamedTuple):
    """Other values of some keys."""

    direction: str
    """'down', 'up', or 'other'."""
    cuts: Mapping[str, Any]
    """Values by key."""


def load_variations(source: str | Path | Mapping[str, Any] | Variations) -> Variations:
    """Read variations.

    Args:
        source: Name of packaged ones, such as 'standard'; YAML file; its content; or variations.

    Raises:
        ConfigError: There is no such file, or its content is wrong; the message names file and key.
    """
    if isinstance(source, Variations):
        return source
    if isinstance(source, Mapping):
        return validate(Variations, source, lambda _: "variations")
    names = packaged("systematics")
    path = names.get(str(source), Path(source))
    if not path.exists():
        hint = suggest(str(source), names)
        raise ConfigError(f"{source}: no such file, and no packaged variations of this name{hint}")
    content = read_sections(path, str(source), "variations") or {}
    return validate(Variations, content, lambda _: str(source))


def changes_of(variation: Variation, nominal: AnalysisConfig) -> tuple[list[Change], str]:
    """Return what a variation makes of an analysis; or none, and why.

    Args:
        variation: No estimate.
        nominal: The analysis.
    """
    values = flat_values(nominal)
    if variation.instead is not None:
        other = {}
        for key, allowed in variation.instead.items():
            others = [value for value in allowed if value != values[key]]
            if not others:
                return [], f"{key}: the analysis has {values[key]!r}, and no other value is given"
            other[key] = others[0]
        return [Change("other", other)], ""
    if none := [key for key in variation.keys if values[key] is None]:
        return [], f"{none[0]}: the analysis has no such limit"
    return [Change(*each) for each in _down_and_up(variation, values)], ""


def _down_and_up(
    variation: Variation, values: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for at, direction in enumerate(("down", "up")):
        cuts = {}
        for key in variation.keys:
            if variation.plus is not None:
                cuts[key] = _each(values[key], lambda x, by=variation.plus[key][at]: x + by)
            elif variation.times is not None:
                cuts[key] = _each(values[key], lambda x, by=variation.times[key][at]: x * by)
        yield direction, cuts


def _each(value: Any, change: Any) -> Any:
    """Change a number, or each of a list."""
    if isinstance(value, list | tuple):
        return [_each(each, change) for each in value]
    changed = change(value)
    return changed if isinstance(changed, int) else round(changed, DIGITS)
