"""The same cell run again and again, in a real kernel."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers.golden import GOLDEN
from tests.helpers.jupyter import apart

pytest.importorskip("anywidget")
manager = pytest.importorskip("jupyter_client.manager")

START = f"""
import gc
import dtperf
from dtperf.skim.analysis import Explorer

def living():
    gc.collect()
    found = [each for each in gc.get_objects() if isinstance(each, Explorer)]
    return len(found), sum(each.nbytes for each in found)

def explore(min_pt):
    config = dtperf.load_config("reference_2023", [f"selection.probe.min_pt={{min_pt}}"])
    return dtperf.explore({str(GOLDEN)!r}, config)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a kernel."""
    with apart(tmp_path_factory.mktemp("kernel")) as config:
        started = manager.KernelManager(config=config)
        started.start_kernel()
        client = started.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=120)
            yield client
        finally:
            client.stop_channels()
            started.shutdown_kernel(now=True)


def execute(client: Any, code: str, cell: str = "", expression: str = "None") -> Any:
    """Run a cell as JupyterLab does; return what an expression is afterwards."""
    content = {"code": code, "silent": False, "user_expressions": {"value": expression}}
    message = client.session.msg("execute_request", content, metadata={"cellId": cell})
    client.shell_channel.send(message)
    while (reply := client.get_shell_msg(timeout=200))["parent_header"] != message["header"]:
        pass
    assert reply["content"]["status"] == "ok", reply["content"]
    return literal_eval(reply["content"]["user_expressions"]["value"]["data"]["text/plain"])


@pytest.mark.slow
def test_twelve_explores_of_a_cell_keep_the_events_of_one(kernel: Any) -> None:
    execute(kernel, START)
    found = [execute(kernel, f"explore({20 + n})", "a", "living()") for n in range(12)]
    assert found[0][0] == 1
    assert found[0][1] > 0
    # each has other cuts, so that none can be shared; IPython's Out holds them all
    assert found[-1] == found[0]


@pytest.mark.slow
def test_other_cells_and_all_of_one_execution_stay(kernel: Any) -> None:
    execute(kernel, START)
    before = execute(kernel, "", "b", "living()")[0]
    for_three = "apps = [explore(40 + n) for n in range(3)]"
    assert execute(kernel, for_three, "c", "living()")[0] == before + 3
    assert execute(kernel, "one = explore(60)", "d", "living()")[0] == before + 4
    assert execute(kernel, for_three, "c", "living()")[0] == before + 4
    assert execute(kernel, "one.close()", "e", "living()")[0] == before + 3
