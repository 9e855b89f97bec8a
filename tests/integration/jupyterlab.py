"""A JupyterLab on loopback, with notebooks open in a browser."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import psutil

from tests.helpers.ports import free_port

START_S, CELLS_S = 240, 300
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight are there, too
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
IDLE = """() => {
    const panels = [...window.jupyterapp.shell.widgets('main')];
    const kernel = panels.find(each => each.sessionContext)?.sessionContext?.session?.kernel;
    return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}"""


class Lab:
    """JupyterLab's server, whose settings, kernels and files are all in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = secrets.token_hex(16)
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        for name, values in SETTINGS.items():
            path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        self.port = free_port()
        # of kernels' sockets, whose names may not be long
        self._runtime = TemporaryDirectory(prefix="nb", dir="/tmp")
        self.log = folder / "lab.log"
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        private = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_RUNTIME_DIR": self._runtime.name,
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        env = {**os.environ, **{name: str(self.folder / at) for name, at in private.items()}}
        env.pop("MPLBACKEND", None)
        options = {
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.notebooks,
            "IdentityProvider.token": self.token,
            "LabApp.expose_app_in_browser": True,
            "LabApp.open_browser": False,
            # a port may be taken between its choice and the kernel's start
            "KernelManager.transport": "ipc",
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        command = [sys.executable, "-m", "jupyter", "lab", "--allow-root", "--ip=127.0.0.1", *given]
        with self.log.open("wb") as log:
            return subprocess.Popen(command, env=env, stdout=log, stderr=log)

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            TimeoutError: it does not, with the end of its log.
        """
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError):
                urllib.request.urlopen(f"{self.address}/api?token={self.token}", timeout=5).close()
                return
            time.sleep(0.2)
        raise TimeoutError(f"JupyterLab does not start: {self.log.read_text()[-2000:]}")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def processes(self) -> list[psutil.Process]:
        """Find what runs below the server: kernels, and all that they have started."""
        return psutil.Process(self._process.pid).children(recursive=True)

    def close(self) -> None:
        """End the server and what it has started."""
        below = self.processes() if self._process.poll() is None else []
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        for process in below:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.kill()
        self._process.wait()
        self._runtime.cleanup()


class Notebook:
    """A notebook that is open in a tab of the browser."""

    def __init__(self, lab: Lab, page: Any, name: str) -> None:
        self.lab, self.page, self.path = lab, page, lab.notebooks / name

    @classmethod
    def write(cls, lab: Lab, page: Any, name: str, cells: list[str]) -> Notebook:
        """Write a notebook of code cells, and open it."""
        notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
            cells=[nbformat.v4.new_code_cell(source) for source in cells],  # type: ignore[no-untyped-call]
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, lab.notebooks / name)  # type: ignore[no-untyped-call]
        return cls(lab, page, name).open()

    def open(self, *, kernel: bool = True) -> Notebook:
        """Show it, in a workspace of its own: as somebody who opens it for the first time."""
        token = secrets.token_hex(4)
        name = self.path.name
        address = f"{self.lab.address}/lab/workspaces/{token}/tree/{name}?token={self.lab.token}"
        self.page.goto(address)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        if kernel:
            self.page.wait_for_function(IDLE, timeout=START_S * 1000)
        return self

    def command(self, name: str, **arguments: Any) -> None:
        """Do what JupyterLab's menus do, and wait for the end of it."""
        self.page.evaluate(
            "([name, given]) => window.jupyterapp.commands.execute(name, given)", [name, arguments]
        )

    def run_all(self) -> None:
        self.page.set_default_timeout(CELLS_S * 1000)
        self.command("notebook:run-all-cells")

    def begin_all(self) -> None:
        """Run all cells, and do not wait for them."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")

    def wait_until_idle(self, seconds: float = CELLS_S) -> None:
        self.page.wait_for_function(IDLE, timeout=seconds * 1000)

    def stop(self) -> None:
        """Press the stop button."""
        self.page.locator('[data-jp-item-name="interrupt"]').click()

    def restart(self) -> None:
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
        )

    def save(self) -> Any:
        """Save it, and read what was saved."""
        self.command("docmanager:save")
        return nbformat.read(self.path, as_version=4)  # type: ignore[no-untyped-call]

    def cell(self, number: int) -> Any:
        """Find a cell's place on the page."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def output(self, number: int) -> Any:
        return self.cell(number).locator(".jp-Cell-outputArea")

    def close(self) -> None:
        """End its kernel, and any other."""
        self.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
