"""Where a file is read: its own address, others, and all of them through a cache."""

from __future__ import annotations

import pytest

from dtperf import addresses
from dtperf.addresses import complete, remember
from dtperf.config import load_config
from dtperf.errors import ConfigError
from dtperf.filesets import replicas
from dtperf.filesets.check import RetryPolicy
from dtperf.filesets.replicas import Replicas, XCache

HOME, AWAY = "root://a.example//store/f.root", "root://b.example//store/f.root"
CACHE = "root://x.example:1094"


def tried(turns: Replicas, *causes: str) -> list[str]:
    """Say what is tried, one cause of failure after the other."""
    found = [turns.address]
    for cause in causes:
        if turns.failed(cause) is None:  # type: ignore[arg-type]
            return found
        found.append(turns.address)
    return found


def policy(retries: int = 0) -> RetryPolicy:
    return RetryPolicy(retries, 0.0, redirectors=("root://b.example/",), cache=XCache(f"{CACHE}//"))


def test_a_cache_is_before_every_server() -> None:
    through = [f"{CACHE}//{HOME}", HOME, f"{CACHE}//{AWAY}", AWAY]
    assert tried(policy().replicas(HOME, ()), *["missing"] * 3) == through
    assert tried(policy().replicas(HOME, [AWAY]), *["missing"] * 9) == through


@pytest.mark.parametrize(
    "address",
    ["/data/f.root", "https://s/f.root", f"{CACHE}//store/f.root", f"root://y//{HOME}"],
)
def test_what_no_cache_is_put_before(address: str) -> None:
    assert [*XCache(CACHE).before([address])] == [address]


def test_a_cache_that_does_not_answer_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(replicas.time, "monotonic", lambda: now)
    how = policy()
    assert tried(how.replicas(HOME, ()), "unreachable") == [f"{CACHE}//{HOME}", HOME]
    assert tried(how.replicas(HOME, ()), "missing") == [HOME, AWAY]
    now += replicas.REST_S
    # that a server fails is no fault of the cache
    assert tried(how.replicas(HOME, ()), "corrupt", "timeout")[:2] == [f"{CACHE}//{HOME}", HOME]
    assert tried(how.replicas(HOME, ())) == [f"{CACHE}//{HOME}"]


def test_a_token_goes_through_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_remembered", {})
    monkeypatch.setattr(addresses, "_values", set())
    remember(f"{HOME}?authz=secret1")
    assert complete(f"{CACHE}//{HOME}") == f"{CACHE}//{HOME}?authz=secret1"
    assert complete(f"{CACHE}//{AWAY}") == f"{CACHE}//{AWAY}"


def test_the_key() -> None:
    assert load_config("reference_2023", [f"run.cache={CACHE}"]).run.cache == CACHE
    for wrong in ("x.example", "https://x.example", f"{CACHE}//store/f.root"):
        with pytest.raises(ConfigError, match=r"run\.cache"):
            load_config("reference_2023", [f"run.cache={wrong}"])
