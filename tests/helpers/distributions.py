"""What a release consists of, looked at: `python -m tests.helpers.distributions dist/`.

Neither dtperf nor pytest is needed for it.
"""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from zipfile import ZipFile

from tests.helpers.pages import ROOT

__all__ = ["faults"]

LARGEST = {".whl": 2_000_000, ".gz": 2_500_000}
"""Bytes."""
NEEDED = {
    ".whl": {
        "dtperf/configs/analyses/reference_2023.yaml",
        "dtperf/configs/helm/dtperf/.helmignore",
        "dtperf/configs/helm/dtperf/Chart.yaml",
        "dtperf/configs/helm/dtperf/files/rules.yaml",
        "dtperf/configs/helm/dtperf/templates/_helpers.tpl",
        "dtperf/detector/data/yoke_field.csv",
        "dtperf/pages/map.css",
        "dtperf/processors/segment_efficiency.py",
        "dtperf/py.typed",
    },
    ".gz": {"CITATION.cff", "docs/tutorial.md", "notebooks/quickstart.ipynb", "pyproject.toml"},
}
LEFT_OUT = ("/tests/", "/benchmarks/", "__pycache__", ".nbi", ".nbc", ".pyc")


def faults(folder: Path) -> Iterator[str]:
    """Yield what is wrong with an sdist, its wheel, and the wheel of the tree it was made of."""
    [sdist], [wheel] = folder.glob("*.tar.gz"), folder.glob("*.whl")
    [of_the_tree] = (folder / "of-the-tree").glob("*.whl")
    contents = {sdist: _sdist(sdist), wheel: _wheel(wheel)}
    for path, content in contents.items():
        kind = path.suffix
        if path.stat().st_size > LARGEST[kind]:
            yield f"{path.name}: {path.stat().st_size:,} bytes"
        names = {name.partition("/")[2] if kind == ".gz" else name for name in content}
        yield from (f"{path.name}: lacks {name}" for name in sorted(NEEDED[kind] - names))
        for licence in ("LICENSE", "NOTICE.md"):
            if not any(name.endswith(f"/{licence}") for name in content):
                yield f"{path.name}: lacks {licence}"
        for name, text in content.items():
            if any(part in f"/{name}" for part in LEFT_OUT):
                yield f"{path.name}: holds {name}"
            if str(ROOT).encode() in text:
                yield f"{path.name}: {name} names {ROOT}"
    other = _wheel(of_the_tree)
    for name in sorted(contents[wheel].keys() | other.keys()):
        if contents[wheel].get(name) != other.get(name):
            yield f"{wheel.name}: {name} is not that of the tree"


def _sdist(path: Path) -> Mapping[str, bytes]:
    with tarfile.open(path) as archive:
        members = [each for each in archive.getmembers() if each.isfile()]
        return {each.name: _read(archive, each) for each in members}


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    assert stream is not None
    return stream.read()


def _wheel(path: Path) -> Mapping[str, bytes]:
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


if __name__ == "__main__":
    found = [*faults(Path(sys.argv[1]))]
    sys.stdout.write("".join(f"{each}\n" for each in found))
    sys.exit(bool(found))
