"""The luminosity of luminosity blocks, for files that do not have it: a table of brilcalc."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from dtperf.errors import DtperfError, InputError
from dtperf.selection.brilcalc import block_keys, read_luminosity
from dtperf.typing import F64, U64
from dtperf.validation import Model

__all__ = ["BlockTable", "LuminosityByBlock"]

HOW = "write it with: brilcalc lumi --byls -u /ub --output-style csv -o FILE …"


@dataclass(frozen=True, eq=False)
class BlockTable:
    """Luminosity blocks in order, arrays of shape (blocks,)."""

    keys: U64
    """Those of `block_keys`, increasing."""
    inst_lumi: F64
    """Instantaneous luminosity, delivered, average of the block, Hz/ub."""
    pileup: F64 | None
    """Average number of collisions; None: the table does not tell."""

    @property
    def sha256(self) -> str:
        """Of its numbers: equal however the file is named, sorted or compressed."""
        state = hashlib.sha256()
        for column in (self.keys, self.inst_lumi, self.pileup):
            state.update(b"none" if column is None else column.tobytes())
        return state.hexdigest()

    def at(self, keys: U64) -> dict[str, F64]:
        """Return the values of events, NaN where the table lacks their block.

        Args:
            keys: Blocks of the events, shape (events,).

        Returns:
            'inst_lumi', and 'pileup' if the table has it; shape (events,).
        """
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        is_known = self.keys[place] == keys
        columns = {"inst_lumi": self.inst_lumi, "pileup": self.pileup}
        return {
            name: np.where(is_known, column[place], np.nan)
            for name, column in columns.items()
            if column is not None
        }


class LuminosityByBlock(Model):
    """A table of brilcalc that has been read, known by its content."""

    file: str
    """Where it was read from; no number depends on it."""
    blocks: Annotated[int, Field(ge=1)]
    """How many luminosity blocks it has."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of their luminosities."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read a table of brilcalc by luminosity block.

        Raises:
            InputError: It cannot be read, is of runs, or is no such table.
        """
        table = _read(path)
        made = cls(file=str(path.absolute()), blocks=len(table.keys), sha256=table.sha256)
        made.__dict__["table"] = table
        return made

    @cached_property
    def table(self) -> BlockTable:
        """The content, which goes along to workers.

        Raises:
            InputError: It was not kept, as in a result, and its file is not what it was.
        """
        found = _read(Path(self.file))
        if found.sha256 != self.sha256:
            raise InputError(
                f"{self.file}: has other luminosities than it had: name the table again "
                "(input.luminosity_by_block)",
                "changed",
            )
        return found

    def __getstate__(self) -> dict[Any, Any]:
        """Return what is pickled: also the content, since its file is not on every machine."""
        with suppress(DtperfError):  # then a worker that needs it says so
            self.table  # noqa: B018
        return super().__getstate__()


def _read(path: Path) -> BlockTable:
    found = read_luminosity(path, HOW)
    if found.block is None or found.rate is None:
        raise InputError(
            f"{path}: is a table of runs, whose luminosity changes; what is needed is one of "
            f"luminosity blocks: {HOW}"
        )
    keys = block_keys(found.run, found.block)
    order = np.argsort(keys)
    pileup = None if found.pileup is None else found.pileup[order]
    return BlockTable(keys[order], found.rate[order], pileup)
