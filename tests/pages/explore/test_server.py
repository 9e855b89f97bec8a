from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any, NamedTuple

import pytest
from tornado.httpserver import HTTPServer

import dtperf
from dtperf.pages.explore.server import MOST_BYTES, ExploreSite, bind
from dtperf.pages.explore.session import Session, station_rows
from dtperf.results.html import chamber_rows
from dtperf.skim.analysis import Explorer
from tests.helpers.golden import GOLDEN

MIN_PT = "selection.probe.min_pt"


class Answer(NamedTuple):
    code: int
    headers: dict[str, str]
    body: str


class Served(NamedTuple):
    site: ExploreSite
    port: int

    def ask(self, path: str, body: Any = None, token: str | None = None, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, str | None) else json.dumps(body)
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=240)) as connection:
            where = f"/{self.site.token if token is None else token}/{path}"
            connection.request("GET" if body is None else "POST", where, content, given)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Serve the golden file from a thread."""
    site = ExploreSite(Session(Explorer(GOLDEN, "reference_2023")))
    taken = bind(0)
    ready, loops, ended = threading.Event(), [], asyncio.Event()

    async def work() -> None:
        server = HTTPServer(site.application(), max_body_size=MOST_BYTES)
        server.add_socket(taken)
        loops.append(asyncio.get_running_loop())
        ready.set()
        await ended.wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    assert ready.wait(240)
    yield Served(site, taken.getsockname()[1])
    loops[0].call_soon_threadsafe(ended.set)
    thread.join(240)


def fresh(*settings: str) -> dtperf.Result:
    return dtperf.run(dtperf.load_config("reference_2023", settings), GOLDEN)


@pytest.mark.parametrize(
    "cuts", [{}, {MIN_PT: 35}, {MIN_PT: 10.5, "selection.passing.max_dy": None}], ids=str
)
def test_it_measures_what_a_fresh_run_gives(served: Served, cuts: dict[str, Any]) -> None:
    run = fresh(*(f"{key}={json.dumps(value)}" for key, value in cuts.items()))
    found = json.loads(served.ask("measure", cuts).body)
    assert found["stations"] == station_rows(run, fresh())
    chambers = [{**row, "trend": None} for row in found["chambers"]]
    assert chambers == [{**row, "trend": None} for row in chamber_rows(run)]
    passed = sum(
        point[2] for curve in found["curves"]["efficiency_vs_pt"] for point in curve["points"]
    )
    total = sum(
        point[3] for curve in found["curves"]["efficiency_vs_pt"] for point in curve["points"]
    )
    counts = run.counts["efficiency_vs_pt"].view()
    assert (passed, total) == (counts[..., 1].sum(), counts.sum())
    assert re.fullmatch(r"4,000 events measured in [\d,]+ ms", found["took"])


def test_a_wrong_cut_is_answered_with_what_is_wrong(served: Served) -> None:
    for cuts, problem in (
        ({MIN_PT: -1}, f"{MIN_PT}: -1 is not allowed"),
        ({"selection.probe.min_ptt": 1}, "did you mean"),
        ({"run.workers": 3}, "run.workers: is no cut"),
        ({"": 3}, "unknown key"),
    ):
        answer = served.ask("measure", cuts)
        assert answer.code == 200
        assert problem in json.loads(answer.body)["problem"]


def test_all_parts_of_the_page_are_there_and_forbid_what_they_do_not_need(served: Served) -> None:
    page = served.ask("")
    assert page.code == 200
    names = re.findall(r'(?:href|src)="([^"]+)"', page.body)
    assert {*names} == {*served.site.parts, "data:,"} - {""}
    for name in (*served.site.parts, "measure"):
        answer = served.ask(name, {} if name == "measure" else None)
        assert answer.code == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not any(header.startswith("Access-Control") for header in answer.headers)
        assert "://" not in answer.body


def test_who_does_not_know_the_token_gets_nothing(served: Served) -> None:
    real = served.site.token
    for token in ("", "x", real[:-1], f"{real}x", real.swapcase(), "%C3%BC", f"{real}%00"):
        for path, body in (("", None), ("page.js", None), ("measure", {})):
            answer = served.ask(path, body, token=token)
            assert answer.code == 403
            assert "pairs" not in answer.body
    assert served.ask("", token="", Host="localhost").code == 403
    assert len(real) >= 32
    assert ExploreSite(served.site.session).token != real


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "evil.example:80"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
    ids=str,
)
def test_other_names_and_other_pages_are_refused(served: Served, headers: dict[str, str]) -> None:
    for path, body in (("", None), ("measure", {MIN_PT: 30})):
        answer = served.ask(path, body, **headers)
        assert answer.code == 403 or (headers == {"Host": ""} and answer.code == 400)


def test_its_own_page_may_be_seen_through_a_tunnel(served: Served) -> None:
    own = {"Host": "localhost:9999", "Origin": "http://localhost:9999"}
    assert served.ask("measure", {}, **own).code == 200


@pytest.mark.parametrize("body", ["", "no json", "[1]", '"a"', "\x00", "{" * 5000])
def test_what_is_no_mapping_is_refused(served: Served, body: str) -> None:
    assert served.ask("measure", body).code == 400
    assert served.ask("measure", {}).code == 200


def test_other_paths_and_methods(served: Served) -> None:
    assert served.ask("../page.js").code == 404
    assert served.ask("server.py").code == 404
    assert served.ask("measure").code == 405
    assert served.ask("page.js", {}).code == 405


def test_numbers_that_json_does_not_have_are_refused(served: Served) -> None:
    answer = served.ask("measure", f'{{"{MIN_PT}": NaN}}')
    assert "NaN is not allowed" in json.loads(answer.body)["problem"]


def test_it_listens_to_this_machine_alone() -> None:
    with closing(bind(0)) as one:
        assert one.getsockname()[0] == "127.0.0.1"
        with pytest.raises(dtperf.ConfigError, match=r"port \d+: cannot be used"):
            bind(one.getsockname()[1])


def test_titles_cannot_bring_code(served: Served) -> None:
    config = dtperf.load_config({"title": "</script><script>alert(1)</script>{{1}}"})
    page = ExploreSite(Session(Explorer(GOLDEN, config))).parts[""][0]
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{1}}" in page
