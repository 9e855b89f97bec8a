"""The jobs of the template for GitLab, from a clone to a page, on data with a dead chamber."""

from __future__ import annotations

import base64
import os
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import junitparser
import pytest

from dtperf.results.result import Result
from tests.ci.conftest import CHAMBER, Project
from tests.ci.platforms import GitLab, Process, bash, gitlab_jobs

WAIT_S = 120


@pytest.fixture(scope="module")
def gitlab(project: Project, tmp_path_factory: pytest.TempPathFactory) -> GitLab:
    variables = {
        "DTPERF_FILESET": str(project.ill),
        "DTPERF_CLUSTER": "cluster.yaml",
        "DTPERF_REFERENCE": "reference",
        "CI_COMMIT_REF_SLUG": "main",
    }
    return GitLab(project.origin, tmp_path_factory.mktemp("runner"), variables)


def cut(process: Process, folder: Path) -> None:
    """End a job as a runner does whose time is over, once something is saved."""
    end = time.monotonic() + WAIT_S
    while process.poll() is None and time.monotonic() < end:
        if [*folder.glob("runs/*/partial/*/result.json")]:
            break
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()[0]
    os.killpg(process.pid, signal.SIGKILL)


def failed(report: Path) -> dict[str, str]:
    suites = junitparser.JUnitXml.fromfile(str(report))
    return {
        case.name: case.result[0].message for suite in suites for case in suite if case.is_failure
    }


@pytest.mark.slow
def test_from_a_clone_to_a_page(gitlab: GitLab, project: Project) -> None:
    assert gitlab.run("dtperf check") == 0, gitlab.log
    assert "all well" in gitlab.log
    assert "generation B" in gitlab.log
    assert max(map(len, gitlab.log.splitlines())) <= 120
    result_folder = gitlab.dotenv["dtperf check"]["DTPERF_RESULT"]

    # the job is cut; what was measured with another config is in the cache, too
    (gitlab.place / "cache/runs/of-another-config").mkdir(parents=True)
    assert gitlab.run("dtperf run", cut) == -signal.SIGKILL
    cached = gitlab.place / "cache" / result_folder
    assert [path.name for path in cached.parent.iterdir()] == [cached.name]
    [saved] = (cached / "partial").iterdir()
    before = Result.load(saved)
    assert 0 < before.totals["events"] < 10_000

    # the next one goes on, and is allowed to end with 3, as one file is cut off
    code = gitlab.run("dtperf run")
    assert code == gitlab.jobs["dtperf run"]["allow_failure"]["exit_codes"] == 3, gitlab.log
    result = Result.load(gitlab.kept["dtperf run"] / result_folder)
    assert result.totals["events"] == result.ledger.events("read") == 10_000
    # with the seconds that each has taken: none of them was measured again
    assert {*before.ledger} <= {*result.ledger}
    assert len(result.jobs) == 2
    assert result.skipped_files == 1

    # the gate closes, and says for whom
    assert gitlab.run("dtperf compare") == 4, gitlab.log
    assert f"{CHAMBER} has changed by −" in gitlab.log
    [(name, message)] = failed(gitlab.place / "reports/junit.xml").items()
    assert name == CHAMBER
    assert message.startswith(f"{CHAMBER} has changed by −100")
    assert (gitlab.kept["dtperf compare"] / "compare.html").stat().st_size > 10_000

    # the page is there all the same
    assert gitlab.run("dtperf report") == 0, gitlab.log
    assert gitlab.run("pages") == 0, gitlab.log
    page = (gitlab.kept["pages"] / "public/index.html").read_text()
    assert CHAMBER in page


class Service(BaseHTTPRequestHandler):
    """Gives a proxy to who shows the token of a job."""

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "token of the job"
        self.send_response(200 if known else 403)
        self.end_headers()
        self.wfile.write(b'"' + base64.b64encode(b"a proxy\n") + b'"' if known else b"who is it?")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("token", ["token of the job", "another"])
def test_a_job_changes_its_token_for_a_proxy(token: str, service: str, tmp_path: Path) -> None:
    steps = gitlab_jobs()[".cms-grid-proxy"]["before_script"]
    lines = [*steps, 'cat "$X509_USER_PROXY"; stat -c %a "$X509_USER_PROXY"; pwd; ls']
    variables = {"MY_JOB_JWT": token, "DTPERF_PROXY_SERVICE": service, "TMPDIR": str(tmp_path)}
    folder = tmp_path / "clone"
    folder.mkdir()
    process = bash("\n".join(lines), folder, variables, tmp_path)
    output, _ = process.communicate(timeout=WAIT_S)
    if token == "another":
        assert process.returncode == 1
        assert "403" in output
    else:
        # none but its owner reads it, and no artefact has it
        assert output.split("\n") == ["a proxy", "600", str(folder), ""]
