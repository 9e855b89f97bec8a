"""Workers with other software are not worked with; code of this machine travels with the work."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from dtperf.clusters import environment, local_client
from dtperf.clusters.environment import check_same, ship, versions_everywhere
from dtperf.errors import ConfigError, DtperfError
from dtperf.identity import package_state

HERE = dict.fromkeys(environment.PACKAGES, "1.0")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """What client, scheduler and workers tell."""
    found = {"client": {**HERE}, "scheduler": {**HERE}}
    monkeypatch.setattr(environment, "versions_everywhere", lambda _: found)
    return found


def refused() -> str:
    client: Any = None
    with pytest.raises(DtperfError, match="software is not the same everywhere") as caught:
        check_same(client)
    return str(caught.value)


def test_all_the_same(told: dict[str, dict[str, str]]) -> None:
    told["a"] = {**HERE}
    client: Any = None
    check_same(client)


def test_a_table_says_what_differs_where(told: dict[str, dict[str, str]]) -> None:
    told |= {f"w{n}": {**HERE, "uproot": "0.9"} for n in range(5)}
    told["scheduler"]["msgpack"] = "2.0"
    text = refused()
    assert "uproot       1.0 on client, scheduler; 0.9 on w0, w1, w2 and 2 more" in text
    assert "msgpack      1.0 on client, w0, w1 and 3 more; 2.0 on scheduler" in text
    assert "awkward" not in text


def test_something_is_not_installed_there(told: dict[str, dict[str, str]]) -> None:
    told["a"] = {name: version for name, version in HERE.items() if name != "dtperf"}
    assert "dtperf       1.0 on client, scheduler; not installed on a" in refused()


def test_equal_versions_of_edited_source(told: dict[str, dict[str, str]]) -> None:
    told |= {"a": {**HERE}, "b": {**HERE, "source": "0123456789ab"}}
    assert "source       1.0 on client, scheduler, a; 0123456789ab on b" in refused()


def test_what_is_told_on_a_real_cluster() -> None:
    with local_client(2) as client:
        found = versions_everywhere(client)
        assert found.keys() == {"client", "scheduler", *client.nthreads()}
    for its in found.values():
        assert its == found["client"]
    assert found["client"].keys() == {*environment.PACKAGES}
    assert found["client"]["uproot"] == version("uproot")
    assert found["client"]["source"] == package_state()


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "my_own_analysis.py"
    path.write_text("def answer():\n    return 42\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield path
    module = sys.modules.pop("my_own_analysis", None)
    if module is not None:
        cloudpickle.unregister_pickle_by_value(module)


def test_own_code_is_run_where_it_is_not_installed(own_module: Path) -> None:
    ship(("my_own_analysis",))
    import my_own_analysis  # type: ignore[import-not-found]

    shipped = cloudpickle.dumps(my_own_analysis.answer)
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer)())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=shipped,
        capture_output=True,
        cwd=own_module.parent.parent,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == b"42"


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="ship: no_such_module: cannot be imported here"):
        ship(("no_such_module",))
