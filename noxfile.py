"""Tests on each Python, with the oldest and the newest libraries, and what else CI looks at.

`nox --list` names the sessions; what follows `--` goes to pytest. `.ci/run` runs `lazy`, `docs` and
`wheel`, and the few tests that show most, tests/central.txt, on another Python and with the lowest
libraries.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
HERE = Path(__file__).parent
DIST = HERE / "dist"
EXTRAS = "clusters,notebook,xrootd,dev"
WITH_LAZY = ("-k", "laz or dask or reduction or environment")
"""The extra `lazy`, and what else meets the older Dask that comes with it."""

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False

# uv compiles nothing that it installs: each process would do so again, for five seconds
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def install(session: nox.Session, *options: str, extras: str = EXTRAS) -> None:
    """Install dtperf with extras, as it is in this folder."""
    session.install("--editable", f".[{extras}]", *options)


def pytest(session: nox.Session, *default: str) -> None:
    """Run the tests that the command line names, or else the default ones."""
    command = ["python", "-m", "pytest", "-n", "logical", "--maxprocesses", "8"]
    session.run(*command, "--dist", "worksteal", *(session.posargs or default))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Test with the versions of constraints.txt."""
    install(session, "--constraint", "constraints.txt")
    pytest(session)


@nox.session(python=PYTHONS[0], venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """Test with the lowest version of each library that pyproject.toml allows."""
    install(session, "--resolution", "lowest-direct")
    pytest(session)


@nox.session(python=PYTHONS[-1])
def newest(session: nox.Session) -> None:
    """Test with the newest version of each library that there is."""
    install(session)
    pytest(session)


@nox.session
def lazy(session: nox.Session) -> None:
    """Test the extra `lazy`, and Dask, with the versions of constraints-lazy.txt."""
    install(session, "--constraint", "constraints-lazy.txt", extras=f"lazy,{EXTRAS}")
    pytest(session, *WITH_LAZY)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into docs/_build/html, with the notebooks run."""
    # the notebook on dask-awkward needs the older Dask
    install(session, "--constraint", "constraints-lazy.txt", extras="docs,lazy,clusters,notebook")
    where = "from tests.helpers import kernels; print(kernels.folder())"
    kept = str(session.run("python", "-c", where, silent=True)).strip()
    # all anew: a notebook shows what the code does, which Sphinx does not look at
    options = ("--fail-on-warning", "--keep-going", "--fresh-env", "--jobs", "auto")
    places = ("docs", "docs/_build/html")
    session.run("sphinx-build", *options, *session.posargs, *places, env={"NUMBA_CACHE_DIR": kept})


@nox.session
def build(session: nox.Session) -> None:
    """Make what a release consists of, in dist/, and look at it."""
    # what others release must not fail a change of ours
    tools = ("build[uv]==1.6.1", "cffconvert==2.0.0", "twine==7.0.0")
    session.install(*tools)
    shutil.rmtree(DIST, ignore_errors=True)
    made = ("python", "-m", "build", "--installer", "uv", "--outdir")
    session.run(*made, str(DIST))  # the wheel from what the sdist holds
    session.run(*made, str(DIST / "of-the-tree"), "--wheel")
    session.run("python", "-m", "tests.helpers.distributions", str(DIST))
    shutil.rmtree(DIST / "of-the-tree")
    session.run("twine", "check", "--strict", *map(str, DIST.iterdir()))
    session.run("cffconvert", "--validate")


@nox.session(requires=["build"])
def wheel(session: nox.Session) -> None:
    """Install the wheel alone, and go from events to pictures and a page, far from this folder."""
    session.install("--constraint", "constraints.txt", *map(str, DIST.glob("*.whl")))
    place = Path(session.create_tmp()) / "try"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    session.chdir(place)
    session.env["PYTHONPATH"] = None  # it would bring the tree back
    session.run("python", "-c", "import dtperf, sys; assert dtperf.__file__.startswith(sys.prefix)")
    for command in (
        ("generate", "-o", "sample", "--events", "5000", "--files", "2"),
        ("run", "reference_2023", "sample", "-o", "result"),
        ("plot", "result", "--only", "chambers"),
        ("report", "result"),
    ):
        session.run("dtperf", *command)
    made = [Path("result/plots/chambers.png"), Path("result/report.html")]
    session.log(", ".join(f"{path}: {path.stat().st_size:,} bytes" for path in made))


@nox.session
def lint(session: nox.Session) -> None:
    """Look for mistakes and for another format."""
    session.install("--constraint", "constraints.txt", "ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    install(session, "--constraint", "constraints.txt")
    session.run("mypy")
