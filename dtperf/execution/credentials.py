"""Proxies and tokens: where grid tools find them, until when they last, and how workers get them.

The XRootD client finds them by itself in this process and in those that it starts. Workers of a
cluster that dtperf has started receive them with each chunk to be read from a server, over TLS,
always as they are here at the time: one that is renewed here is renewed there.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from dtperf.addresses import Secret, known_secrets
from dtperf.files import write_atomic

__all__ = ["Credential", "CredentialSource", "adopt", "end_of", "find", "in_addresses", "warnings"]

PROXY, TOKEN_FILE, TOKEN = "X509_USER_PROXY", "BEARER_TOKEN_FILE", "BEARER_TOKEN"
MAX_BYTES = 1 << 20
REFRESH_S = 10.0
SOON = timedelta(minutes=30)
"""What ends sooner is told of even if nobody knows how long the run takes."""
RENEW = {"proxy": "voms-proxy-init", "token": "as you got it"}


class Credential(NamedTuple):
    """What lets us read."""

    kind: Literal["proxy", "token"]
    place: str
    """File or variable that it comes from."""
    content: Secret
    end: datetime | None
    """None if it does not say."""


def find(environ: Mapping[str, str] = os.environ, uid: int | None = None) -> list[Credential]:
    """Look where grid tools look: for one proxy, and for one token by WLCG's discovery.

    Args:
        environ: X509_USER_PROXY, BEARER_TOKEN, BEARER_TOKEN_FILE and XDG_RUNTIME_DIR count.
        uid: Of the user; None: ours.

    Returns:
        What is there and is ours; doi.org/10.5281/zenodo.3937438 has the order for tokens.
    """
    uid = os.getuid() if uid is None else uid
    found = [_from_file("proxy", environ.get(PROXY) or f"/tmp/x509up_u{uid}", uid)]
    if token := environ.get(TOKEN, "").strip():
        found.append(_credential("token", f"${TOKEN}", token))
    else:
        folder = environ.get("XDG_RUNTIME_DIR")
        usual = (f"{folder}/bt_u{uid}" if folder else "", f"/tmp/bt_u{uid}")
        named = environ.get(TOKEN_FILE)
        tokens = (_from_file("token", place, uid) for place in ([named] if named else usual))
        found.append(next(filter(None, tokens), None))
    return [each for each in found if each]


def in_addresses() -> list[Credential]:
    """Return that token in the addresses of files which is the first to end, if any says when."""
    tokens = (_credential("token", "in the URL", each) for each in known_secrets())
    ends = {each.end: each for each in tokens if each.end}
    return [ends[min(ends)]] if ends else []


def _from_file(kind: Literal["proxy", "token"], name: str, uid: int) -> Credential | None:
    try:
        with Path(name).open("rb") as file:
            # in /tmp anybody can put one for us
            if os.fstat(file.fileno()).st_uid != uid:
                return None
            content = file.read(MAX_BYTES)
        text = content.decode("ascii").strip()
    except (OSError, ValueError):
        return None
    return _credential(kind, name, text) if text else None


def _credential(kind: Literal["proxy", "token"], place: str, text: str) -> Credential:
    return Credential(kind, place, Secret(text), end_of(text))


def end_of(content: str) -> datetime | None:
    """Return until when a proxy or a token is good; nothing but its date is looked at.

    Args:
        content: Certificates in PEM form, of which the first to end counts, or a JSON Web Token,
            whose claim `exp` does (RFC 7519).

    Returns:
        None if it does not say.
    """
    if "-----BEGIN" in content:
        return _end_of_certificates(content)
    parts = content.rpartition("%20")[2].rpartition(" ")[2].split(".")
    if len(parts) != 3 or len(content) > MAX_BYTES:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError, OSError):
        return None


def _end_of_certificates(content: str) -> datetime | None:
    try:
        from cryptography.x509 import load_pem_x509_certificates

        found = load_pem_x509_certificates(content.encode())
    except (ImportError, ValueError):
        return None
    return min((each.not_valid_after_utc for each in found), default=None)


def warnings(
    credentials: Iterable[Credential], seconds: float | None, now: datetime | None = None
) -> Iterator[str]:
    """Yield which of these end before a run does.

    Args:
        credentials: What there is.
        seconds: How long the run needs; None if nobody knows.
        now: For tests.
    """
    now = now or datetime.now(UTC)
    for kind, place, _, end in credentials:
        if end is None:
            continue
        left, renew = end - now, f"renew it ({RENEW[kind]})"
        if left <= timedelta(0):
            yield f"your {kind} ({place}) ended {_spoken(-left)} ago: {renew}"
        elif seconds is not None and left < timedelta(seconds=seconds):
            need = _spoken(timedelta(seconds=seconds))
            yield (
                f"your {kind} ({place}) ends in {_spoken(left)}, the run needs about {need}: "
                f"{renew} in time, or go on later with resume=True"
            )
        elif seconds is None and left < SOON:
            yield f"your {kind} ({place}) ends in {_spoken(left)}: {renew}"


def _spoken(span: timedelta) -> str:
    minutes = span.total_seconds() / 60
    for unit, length in (("day", 1440), ("hour", 60), ("minute", 1)):
        # 90 minutes rather than 2 hours
        if minutes >= 2 * length or unit == "minute":
            number = max(1, round(minutes / length))
            return f"{number} {unit}{'s' if number > 1 else ''}"
    raise AssertionError


class CredentialSource:
    """Gives what is here at the time, for workers elsewhere."""

    def __init__(self) -> None:
        self._looked = -REFRESH_S
        self._found: dict[str, Secret] = {}

    def current(self) -> dict[str, Secret]:
        """Return the content for each variable of the environment that names a file of it."""
        if time.monotonic() - self._looked >= REFRESH_S:
            self._looked = time.monotonic()
            variables = {"proxy": PROXY, "token": TOKEN_FILE}
            self._found = {variables[each.kind]: each.content for each in find()}
        return self._found


_adopted: dict[str, Secret] = {}
_lock = threading.Lock()


def adopt(lent: Mapping[str, Secret]) -> None:
    """Use what a client has sent, unless this worker has been given something of its own.

    Args:
        lent: As `CredentialSource.current` gives it. It is kept in files with mode 0600, in a
            folder that ends with the worker.
    """
    with _lock:
        for variable, content in lent.items():
            mine = os.environ.get(variable)
            is_own = variable not in _adopted and mine is not None and os.access(mine, os.R_OK)
            if variable not in (PROXY, TOKEN_FILE) or is_own or _adopted.get(variable) == content:
                continue
            os.environ[variable] = str(_written(variable, content))
            if variable == TOKEN_FILE:
                # as it was when the job was submitted, and would be taken before the file
                os.environ.pop(TOKEN, None)
            _adopted[variable] = content


def _written(variable: str, content: Secret) -> Path:
    path = Path(_folder()) / variable.lower()
    write_atomic(path, content.content + "\n", mode=0o600)
    return path


def _folder() -> str:
    if _folders:
        return _folders[0].name
    parent = None
    try:
        from distributed import get_worker

        parent = get_worker().local_directory
    except (ImportError, ValueError):
        pass
    _folders.append(tempfile.TemporaryDirectory(prefix="credentials-", dir=parent))
    return _folders[0].name


_folders: list[tempfile.TemporaryDirectory[str]] = []
