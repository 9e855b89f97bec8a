"""Files of compiled functions: each with a checksum, and with what it was compiled for."""

from __future__ import annotations

import glob
import hashlib
import pickle
from pathlib import Path
from typing import Any

import numba  # noqa: F401  # all of it, see dtperf.execution.clusters.preload_site
from numba.core import caching

from dtperf.kernel_sharing import unsealed

__all__ = ["Files", "of_key", "opened"]


class Files(caching.IndexDataCacheFile):
    """Files of one function, each with a checksum: code that is damaged would still be run.

    What is compiled is stored with what it was compiled for. Two processes that write at once, as
    those do that wait no longer, may leave an index that names one's file for the other's.
    """

    def _load_index(self) -> dict[Any, str]:
        try:
            version, stamp, names = self._load(self._index_path)
        except Exception:  # noqa: BLE001  # nothing there, or nothing of use
            return {}
        return dict(names) if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        content = (self._version, self._source_stamp, overloads)
        self._write(self._index_path, self._sealed(content))
        self._remove_older()

    def _remove_older(self) -> None:
        """Remove what was compiled when the function stood elsewhere in its file."""
        own = Path(self._index_path)
        function, place = own.stem.rsplit("-", 1)
        python = place.partition(".")[2]
        for path in own.parent.glob(f"{glob.escape(function)}-*.{python}.*"):
            if not path.name.startswith(f"{own.stem}."):
                path.unlink(missing_ok=True)

    def save(self, key: Any, data: Any) -> None:
        """Store what was compiled, under types, processor and code."""
        self.put(key, self._sealed((key, data)))

    def put(self, key: Any, content: bytes) -> None:
        """Store a file of another machine as it is."""
        super().save(key, content)

    def load(self, key: Any) -> Any:
        """Return what is stored under exactly these; None if nothing is."""
        return of_key(key, super().load(key))

    def entries(self) -> list[tuple[Any, Path]]:
        """List what there is, and where."""
        return [(key, Path(self._data_path(name))) for key, name in self._load_index().items()]

    def _load_data(self, name: str) -> Any:
        return self._load(self._data_path(name))

    def _save_data(self, name: str, data: bytes) -> None:
        self._write(self._data_path(name), data)

    def _load(self, path: str) -> Any:
        return opened(Path(path).read_bytes())

    def _sealed(self, content: Any) -> bytes:
        stored: bytes = self._dump(content)
        return hashlib.sha256(stored).digest() + stored

    def _write(self, path: str, content: bytes) -> None:
        with self._open_for_write(path) as file:
            file.write(content)


def opened(content: bytes) -> Any:
    """Return what a file has, of a folder of this user or of another process of this run."""
    return pickle.loads(unsealed(content))  # noqa: S301  # as numba does


def of_key(key: Any, stored: Any) -> Any:
    """Return what is stored if it is for these types and this processor; else None."""
    return stored[1] if stored is not None and stored[0] == key else None
