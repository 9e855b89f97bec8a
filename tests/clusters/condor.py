"""A stand-in for condor_submit, condor_q and condor_rm that starts real processes for jobs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import htcondor2


def words(text: str) -> list[str]:
    """Undo the quotes of HTCondor's new syntax."""
    text = text.strip('"').replace('""', '"')
    found, quoted = [""], False
    for place, letter in enumerate(text):
        if letter == "'":
            if not quoted and text[place - 1 : place] == "'":
                found[-1] += "'"
            quoted = not quoted
        elif letter == " " and not quoted:
            found.append("")
        else:
            found[-1] += letter
    return found


def submit(jobs: Path, description: Path) -> None:
    said = htcondor2.Submit(description.read_text())
    number = len([*jobs.iterdir()]) + 1
    place = jobs / str(number)
    place.mkdir()
    for name in said["transfer_input_files"].split(","):
        source = Path(name.strip())
        (place / source.name).write_bytes(source.read_bytes())
    told = dict(word.split("=", 1) for word in words(said["environment"]))
    with (place / "out").open("wb") as out:
        process = subprocess.Popen(
            [said["Executable"], *words(said["Arguments"])],
            cwd=place,
            env={**os.environ, **told},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    (place / "pid").write_text(str(process.pid))
    sys.stdout.write(f"1 job(s) submitted to cluster {number}.\n")


def remove(jobs: Path, job: str) -> None:
    with suppress(ProcessLookupError):
        os.killpg(int((jobs / job.split(".", maxsplit=1)[0] / "pid").read_text()), signal.SIGTERM)


def queue(jobs: Path) -> None:
    for job in sorted(jobs.iterdir()):
        with suppress(OSError, ProcessLookupError):
            os.kill(int((job / "pid").read_text()), 0)
            sys.stdout.write(f"{job.name}\n")


if __name__ == "__main__":
    _, command, folder, *rest = sys.argv
    if command == "condor_submit":
        submit(Path(folder), Path(rest[-1]))
    elif command == "condor_rm":
        remove(Path(folder), rest[-1])
    else:
        queue(Path(folder))
