"""Make a processor ready for any worker: ``portable("mine.py:Mine", config)``."""

from __future__ import annotations

import inspect
import linecache
import pickle
import sys
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import cloudpickle
from coffea.processor import ProcessorABC

from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.instance_state import code_of, described
from dtperf.execution.outputs import checked
from dtperf.execution.processor_class import load_class, packaged_class
from dtperf.execution.processor_faults import blamed, place_in
from dtperf.execution.provenance import digest_of

if TYPE_CHECKING:
    from dtperf.config import AnalysisConfig

__all__ = ["PortableProcessor", "portable"]

INSTALLED = {"dtperf", "coffea", *sys.stdlib_module_names}
"""Packages that every worker has: their classes travel by name, and `code_version` knows them."""
ATTRIBUTES = {
    "process": "a method process(events)",
    "columns": "an attribute or property 'columns': the branches that it reads",
}


@dataclass(frozen=True)
class PortableProcessor(ProcessorABC):  # type: ignore[misc]  # coffea is untyped
    """A processor as bytes: a worker needs neither its file nor its module.

    Each chunk is measured by the processor as it was made: what it notes on itself is gone with
    the chunk, on every executor alike.
    """

    name: str
    """Of the class."""
    label: str
    """Name and state of the source and of what the instance was made with."""
    columns: frozenset[str]
    optional_columns: frozenset[str]
    is_packaged: bool
    content: bytes = field(repr=False)
    """The instance, and the measurements that its output may have, pickled by value."""
    sources: Mapping[str, str] = field(repr=False)
    """File name to source text, for tracebacks where the file is not."""

    def process(self, events: Any) -> dict[str, Any]:
        """Measure one chunk.

        Args:
            events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`.

        Returns:
            The output in one form, see `dtperf.execution.outputs.checked`.

        Raises:
            DtperfError: The processor fails, or returns something that cannot be kept.
        """
        try:
            made, expected = _opened(self.content)
            self._remember_sources()
            output = deepcopy(made).process(events)
        except (Exception, SystemExit) as error:
            raise blamed(self, events, error) from error
        return checked(self.name, output, len(events), expected)

    def postprocess(self, accumulator: Any) -> Any:
        """Leave the sum as it is: results of several runs are added up later."""
        return accumulator

    def _remember_sources(self) -> None:
        for name, text in self.sources.items():
            if not Path(name).is_file():
                linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)


@lru_cache(maxsize=4)
def _opened(content: bytes) -> Any:
    made, measurements = pickle.loads(content)  # noqa: S301  # of our own client
    return made, {name: tuple(each.empty().axes) for name, each in measurements.items()}


def portable(processor: Any, config: AnalysisConfig) -> PortableProcessor:
    """Make a processor ready for workers.

    Args:
        processor: What `load_class` takes; a class, which is called with the config; an instance;
            or None, for the packaged one.
        config: The analysis.

    Raises:
        ConfigError: It is not found, is no processor, cannot be made or cannot be sent.
    """
    if isinstance(processor, str):
        processor = load_class(processor)
    kind = packaged_class() if processor is None else processor
    is_class = isinstance(kind, type)
    cls = kind if is_class else type(kind)
    files = _files(cls)
    made = _made(cls, config, files) if is_class else kind
    _refuse_others(cls.__name__, made)
    own = [*_own_classes(cls)]
    _ship_by_value(own)
    try:
        content = cloudpickle.dumps((made, config.filled_measurements()))
    except Exception as error:  # whatever its attributes raise
        raise ConfigError(
            f"the processor {cls.__name__} cannot be sent to workers: {error}"
        ) from error
    return PortableProcessor(
        name=cls.__name__,
        label=_label(cls, own, None if is_class else made),
        columns=_names(cls.__name__, "columns", made.columns),
        optional_columns=_names(
            cls.__name__, "optional_columns", getattr(made, "optional_columns", ())
        ),
        is_packaged=is_class and cls is packaged_class(),
        content=content,
        sources={name: "".join(linecache.getlines(name)) for name in files},
    )


def _made(cls: type, config: AnalysisConfig, files: Iterable[str]) -> Any:
    if not callable(getattr(cls, "process", None)):
        raise ConfigError(f"{cls.__name__} is no processor: it lacks {ATTRIBUTES['process']}")
    try:
        return cls(config)
    except DtperfError:
        raise
    except Exception as error:
        where = place_in(files, error)
        raise ConfigError(
            f"the processor {cls.__name__} cannot be made as {cls.__name__}(config)"
            f"{f', at {where}' if where else ''}: {error!r}"
        ) from error


def _refuse_others(name: str, made: Any) -> None:
    lacking = [told for attribute, told in ATTRIBUTES.items() if not hasattr(made, attribute)]
    if lacking:
        raise ConfigError(f"{name} is no processor: it lacks {', and '.join(lacking)}")


def _names(cls: str, attribute: str, value: Any) -> frozenset[str]:
    names = [] if isinstance(value, str) or not isinstance(value, Iterable) else [*value]
    if (names or attribute == "optional_columns") and all(isinstance(n, str) for n in names):
        return frozenset(names)
    raise ConfigError(f"{cls}.{attribute}: {value!r} is no set of names of branches")


def _own_classes(cls: type) -> Iterator[type]:
    """List a class and its bases, but for those that every worker has."""
    for each in cls.__mro__:
        if each.__module__.partition(".")[0] not in INSTALLED or each.__module__ == "__main__":
            yield each


def _ship_by_value(classes: Iterable[type]) -> None:
    for each in classes:
        if each.__module__ != "__main__":  # which always travels so
            package = sys.modules[each.__module__.partition(".")[0]]
            cloudpickle.register_pickle_by_value(package)


def _files(cls: type) -> tuple[str, ...]:
    """List the files that a class and its bases are written in; cells of a notebook are such."""
    files = dict.fromkeys(
        function.__code__.co_filename
        for each in _own_classes(cls)
        for function in vars(each).values()
        if inspect.isfunction(function)
    )
    return tuple(files)


def _label(cls: type, own: Iterable[type], instance: Any) -> str:
    """Name a class with the state of all that is not of dtperf and can change its numbers."""
    parts: list[str | bytes] = []
    for module in dict.fromkeys(each.__module__ for each in own):
        parts += _source(sys.modules[module], [each for each in own if each.__module__ == module])
    if instance is not None:
        parts.append(repr(described(vars(instance) if hasattr(instance, "__dict__") else {})))
    return f"{cls.__name__}@{digest_of(parts)}"


def _source(module: ModuleType, classes: Iterable[type]) -> Iterator[str | bytes]:
    """Return the source of a module, or of all modules of its package.

    A notebook has none, and its classes are told by their code.
    """
    package = sys.modules[module.__name__.partition(".")[0]]
    folders = [Path(folder) for folder in getattr(package, "__path__", ())]
    if folders:
        for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
            yield path.name
            yield path.read_bytes()
    elif getattr(module, "__file__", None):
        yield Path(str(module.__file__)).read_bytes()
    else:
        yield from (code_of(each) for each in classes)
