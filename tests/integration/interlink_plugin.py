"""A small plugin of interLink: pods become jobs of Slurm, in `bwrap` instead of a container.

It follows the table in interLink's documentation: five calls, GETs with bodies, HTTP 200 always.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers.http import Answering, serving
from tests.integration.slurm import Slurm

__all__ = ["Plugin", "serve"]

Object = dict[str, Any]
FLAGS = "slurm-job.vk.io/flags"
STAMP = "1970-01-01T00:00:00Z"
WAITING = ("PENDING", "CONFIGURING", "REQUEUED")
RUNNING = ("RUNNING", "COMPLETING")
RESOURCES = {"cpu": "128", "memory": "512Gi", "pods": "1000"}
END_S = 60
SAME_S = 10


class Plugin:
    """Jobs by the pod's UID."""

    def __init__(self, folder: Path, slurm: Slurm, *, keeps_base64: bool = False) -> None:
        """Serve a Slurm.

        Args:
            folder: For files of jobs.
            slurm: Where they run.
            keeps_base64: Leave Secrets as they come, as the plugin for HTCondor does.
        """
        self.folder = folder
        self.slurm = slurm
        self.keeps_base64 = keeps_base64
        self.jobs: dict[str, str] = {}
        self._told: Any = None
        self._told_at = 0.0
        self.url = ""

    def create(self, body: Object) -> Object:
        """POST /create: write the files, submit the job."""
        pod = body["pod"]
        uid = pod["metadata"]["uid"]
        folder = self.folder / uid
        folder.mkdir(mode=0o700)
        modes = {
            one["secret"]["secretName"]: one["secret"].get("defaultMode", 0o644)
            for one in pod["spec"].get("volumes", [])
        }
        for part in body["container"]:
            for secret in part.get("secrets") or []:
                name = secret["metadata"]["name"]
                self.write_secret(folder / "secrets" / name, secret, modes[name])
        (container,) = pod["spec"]["containers"]
        script = folder / "job.sh"
        script.write_text(self.script(pod, container, folder))
        limits = container["resources"]["limits"]
        flags = pod["metadata"].get("annotations", {}).get(FLAGS, "")
        job = self.slurm.ask(
            *("sbatch", "--parsable", f"--output={folder / container['name']}.log"),
            *(f"--cpus-per-task={limits['cpu']}", f"--mem={megabytes(limits['memory'])}M"),
            *shlex.split(flags),
            str(script),
        ).strip()
        if not job:
            raise RuntimeError(f"Slurm has refused {pod['metadata']['name']}")
        self.jobs[uid] = job
        return {"PodUID": uid, "PodJID": job}

    def write_secret(self, folder: Path, secret: Object, mode: int) -> None:
        """Write a Secret where the site's nodes see it, with the mode that its volume asks for."""
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        for name, value in secret["data"].items():
            content = base64.b64decode(value, validate=True)
            path = folder / name
            path.write_bytes(value.encode() if self.keeps_base64 else content)
            path.chmod(mode)

    def script(self, pod: Object, container: Object, folder: Path) -> str:
        """Write what the job runs; values are quoted, and $(NAME) is left as it is."""
        named = {v["name"]: v["secret"]["secretName"] for v in pod["spec"].get("volumes", [])}
        mounts = {
            mount["mountPath"]: folder / "secrets" / named[mount["name"]]
            for mount in container.get("volumeMounts", [])
        }
        exports = [
            f"export {one['name']}={shlex.quote(one['value'])}" for one in container.get("env", [])
        ]
        words = [*container["command"], *container.get("args", [])]
        last = shlex.join(["exec", "bwrap", *root(mounts), "--", *words])
        return "\n".join(["#!/bin/bash", *exports, last, ""])

    def status(self, pods: list[Object]) -> Any:
        """GET /status: of each pod; without any, whether there is somebody."""
        if not pods:
            return {"status": "ok", "resources": RESOURCES}
        # as the real one: it tells the same again, of whatever pods, for some time
        if time.monotonic() - self._told_at > SAME_S:
            self._told = [self.status_of(pod) for pod in pods]
            self._told_at = time.monotonic()
        return self._told

    def status_of(self, pod: Object) -> Object:
        meta = pod["metadata"]
        job = self.jobs.get(meta["uid"], "")
        state, code = self.job(job)
        names = [container["name"] for container in pod["spec"]["containers"]]
        told = {"image": "", "imageID": "", "restartCount": 0}
        return {
            "name": meta["name"],
            "UID": meta["uid"],
            "namespace": meta["namespace"],
            "JID": job,
            "containers": [
                {"name": name, **told, "ready": state in RUNNING, "state": shown(state, code)}
                for name in names
            ],
            "initContainers": [],
        }

    def job(self, job: str) -> tuple[str, int]:
        """Ask for state and exit code of a job."""
        text = self.slurm.ask("scontrol", "show", "job", "-o", job) if job else ""
        state = re.search(r"JobState=(\w+)", text)
        code = re.search(r"ExitCode=(\d+):(\d+)", text)
        return (state[1] if state else "UNKNOWN", int(code[1]) or int(code[2]) if code else 1)

    def delete(self, pod: Object) -> Object:
        """POST /delete: end the job, and forget all of it."""
        uid = pod["metadata"]["uid"]
        job = self.jobs.pop(uid, None)
        if job:
            self.slurm.ask("scancel", job)
            deadline = time.monotonic() + END_S
            while job in self.slurm.jobs() and time.monotonic() < deadline:
                time.sleep(0.1)
        shutil.rmtree(self.folder / uid, ignore_errors=True)
        return {}

    def logs(self, asked: Object) -> str:
        """GET /getLogs."""
        path = self.folder / asked["PodUID"] / f"{asked['ContainerName']}.log"
        lines = path.read_text(errors="replace").splitlines(keepends=True)
        return "".join(lines[-int(asked.get("Opts", {}).get("Tail") or 0) :])


def root(mounts: dict[str, Path]) -> list[str]:
    """Bind all that is in /, and put some folders where a container would have them.

    Their places need not be there: what is above them is made of its parts.
    """
    options = [
        "--die-with-parent",
        "--unshare-pid",
        "--proc",
        "/proc",
        "--dev-bind",
        "/dev",
        "/dev",
    ]
    above = {place for path in mounts for place in Path(path).parents}

    def bind(folder: Path) -> None:
        for entry in sorted(folder.iterdir()):
            if str(entry) in ("/proc", "/dev"):
                continue
            if entry.is_symlink():
                options.extend(["--symlink", os.readlink(entry), str(entry)])  # noqa: PTH115
            elif entry in above:
                bind(entry)
            else:
                options.extend(["--bind", str(entry), str(entry)])

    bind(Path("/"))
    for path, source in mounts.items():
        options += ["--ro-bind", str(source), path]
    return options


def shown(state: str, code: int) -> Object:
    """Say Slurm's state in the words of a v1.ContainerState."""
    if state in WAITING:
        return {"waiting": {"reason": state}}
    if state in RUNNING:
        return {"running": {"startedAt": STAMP}}
    return {
        "terminated": {
            "exitCode": code,
            "reason": "Completed" if state == "COMPLETED" else "Error",
            "startedAt": STAMP,
            "finishedAt": STAMP,
        }
    }


def megabytes(memory: str) -> int:
    number, unit = memory[:-2], memory[-2:]
    return int(number) * {"Mi": 1, "Gi": 1024}[unit]


@contextmanager
def serve(folder: Path, slurm: Slurm, *, keeps_base64: bool = False) -> Iterator[Plugin]:
    """Answer on loopback."""
    plugin = Plugin(folder, slurm, keeps_base64=keeps_base64)

    class Handler(Answering):
        def do_GET(self) -> None:
            calls = {"/status": plugin.status, "/getLogs": plugin.logs}
            self.answer(calls[self.path])

        def do_POST(self) -> None:
            calls = {"/create": plugin.create, "/delete": plugin.delete}
            self.answer(calls[self.path])

        def answer(self, call: Any) -> None:
            try:
                content = call(self.body())
            except Exception as error:  # noqa: BLE001  interLink takes nothing but 200
                content = f"{type(error).__name__}: {error}"
            self.tell(200, content)

    with serving(Handler) as url:
        plugin.url = url
        yield plugin
