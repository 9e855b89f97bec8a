from __future__ import annotations

import os
import re
import stat
import webbrowser
from pathlib import Path
from threading import Event
from typing import Any
from urllib.request import url2pathname

import pytest

import dtperf
from dtperf.pages.explore.server import bind
from tests.cli.commands import call
from tests.helpers.golden import GOLDEN

URL = "http://127.0.0.1:1234/token/"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    dtperf.run(dtperf.load_config("reference_2023"), GOLDEN, out=tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSH_CONNECTION", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":99")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect what a browser is asked to show while the page is served."""
    seen: list[Any] = []
    is_open = Event()

    def look(url: str) -> None:
        path = Path(url2pathname(url.removeprefix("file://")))
        seen.append((url, path.read_text(), stat.S_IMODE(path.parent.stat().st_mode)))
        is_open.set()

    def serve(explorer: Any, _: Any, on_ready: Any) -> None:
        on_ready(URL)
        # where none is asked, one that comes all the same comes soon
        is_open.wait(0.5 if "SSH_CONNECTION" in os.environ else 240)
        seen.append(explorer.events)

    monkeypatch.setattr(webbrowser, "open", look)
    monkeypatch.setattr("dtperf.pages.explore.server.serve", serve)
    return seen


def test_it_says_what_it_has_and_opens_the_page(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    out: Path,
    shown: list[Any],
) -> None:
    done = call(monkeypatch, capfd, "explore", out)
    assert done.code == 0
    assert re.search(r"out: all 4,000 events of 1 file \(\d+ MB in memory\)", done.out)
    assert URL in done.out
    (url, content, mode), events = shown
    # the arguments of a browser are there for all users to see
    assert "token" not in url
    assert URL in content
    assert mode == 0o700
    assert events == 4000
    assert not Path(url2pathname(url.removeprefix("file://"))).exists()


def test_no_browser_and_a_part(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    out: Path,
    shown: list[Any],
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "somewhere")
    done = call(monkeypatch, capfd, "explore", out, "--no-browser", "--limit-events", "70")
    assert "only the first 70 of 4,000 events" in done.out
    assert re.search(r"ssh -L (\d+):127\.0\.0\.1:\1 ", done.out)
    assert shown == [70]
    monkeypatch.delenv("DISPLAY")
    call(monkeypatch, capfd, "explore", out)
    assert shown == [70, 4000]


@pytest.mark.parametrize("name", ["nothing", "empty", "file"])
def test_what_is_no_result(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("{}")
    done = call(monkeypatch, capfd, "explore", tmp_path / name)
    assert done.code == 1
    assert name in done.err
    assert "Traceback" not in done.err


def test_a_port_that_is_taken(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], out: Path
) -> None:
    with bind(0) as taken:
        port = str(taken.getsockname()[1])
        done = call(monkeypatch, capfd, "explore", out, "--port", port)
    assert done.code == 2
    assert f"port {port}: cannot be used: Address already in use" in done.err
