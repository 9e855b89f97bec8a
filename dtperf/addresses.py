"""Addresses without the secrets in them: ``root://server//f.root?authz=…`` is the file f.root.

Tokens travel in URLs. They are taken out where an address comes in, remembered in this process
alone, and put back in where a server is asked; files, messages and names have none of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

__all__ = [
    "AUTHZ",
    "Secret",
    "bare",
    "complete",
    "hide",
    "is_remote",
    "known_secrets",
    "remember",
    "secret_of",
]

AUTHZ = "DTPERF_AUTHZ"
"""Variable of the environment: a token for addresses of servers that have none of their own."""

_NAME = re.compile(
    r"authz|auth|authorization|.*token.*|.*secret.*|.*passw.*|pwd|.*signature|sig|.*credentials?"
    # signed URLs of S3, Google and CloudFront; capabilities of EOS
    r"|bearer|jwt|macaroon|api_?key|x-amz-.*|x-goog-.*|awsaccesskeyid|key-pair-id|cap\.(sym|msg)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"sig|signature", re.IGNORECASE)
_SIGNED = re.compile(
    r"expires|policy|googleaccessid|s[evprt]|sip|spr|srt|ss|sdd|sk[tesv]|skoid|sktid", re.IGNORECASE
)
"""What belongs to a signature, and changes with it."""
_TOKEN = re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*|zteos64(:|%3[aA])[^\s&'\"<>]+")
"""JSON Web Tokens, and those of EOS."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")
_THROUGH = re.compile(r"(root://[^/]+//)(root://.*)", re.DOTALL)
"""A cache, and the address of the file that it forwards to."""
_PARAMETER = re.compile(r"(?<=[?&])([\w.%-]+)=([^\s&'\"<>]*)")
_SHORTEST = 6
"""A secret with fewer characters is part of ordinary words."""


class Secret(NamedTuple):
    """What may travel, and must not be shown."""

    content: str

    def __repr__(self) -> str:
        """Show nothing; what Dask logs of a task is this."""
        return "***"


_remembered: dict[str, str] = {}
_values: set[str] = set()


def is_remote(name: str) -> bool:
    """Return a URL from a path."""
    return "://" in name


def bare(address: str) -> str:
    """Return an address without its secrets: query keys such as authz, and passwords.

    Args:
        address: A path or a URL; what else stands in the query stays, in its order.
    """
    return _taken_apart(address)[0]


def remember(address: str) -> str:
    """Remember what is secret in an address, for this process: the newest if there are several.

    Returns:
        The address without it.
    """
    public, values = _taken_apart(address)
    if values:
        _remembered[public] = address
        _note(values)
    return public


def complete(address: str) -> str:
    """Return an address with its secrets: its own, those remembered, or that of the environment."""
    public, values = _taken_apart(address)
    if values or not is_remote(address):
        return address
    if public in _remembered:
        return _remembered[public]
    if through := _THROUGH.fullmatch(address):
        return through[1] + complete(through[2])
    token = os.environ.get(AUTHZ, "").strip().removeprefix("authz=")
    if not token:
        return address
    value = token.replace(" ", "%20").replace("&", "%26")
    _note([value])
    return f"{address}{'&' if '?' in address else '?'}authz={value}"


def _note(values: Iterable[str]) -> None:
    for value in values:
        # "Bearer%20…", of which a server may quote the last part
        _values.update((value, unquote(value).rpartition(" ")[2]))


def known_secrets() -> set[str]:
    """List what was secret in the addresses that this process remembers."""
    return {*_values}


def secret_of(address: str) -> Secret | None:
    """Return the whole of an address if there is something secret in it, for another process."""
    whole = complete(address)
    return Secret(whole) if whole != address else None


def hide(text: str) -> str:
    """Remove secrets from a text, such as what a server answers."""
    if "=" not in text and "@" not in text and not _TOKEN.search(text) and not _values:
        return text
    text = _URL.sub(lambda found: _bare_in_text(found[0]), text)
    text = _PARAMETER.sub(_starred, text)
    for value in _values:
        if len(value) >= _SHORTEST and value in text:
            text = text.replace(value, "***")
    return _TOKEN.sub("***", text)


def _bare_in_text(url: str) -> str:
    inside = url.rstrip(":,.;)]}")
    return bare(inside) + url[len(inside) :]


def _starred(found: re.Match[str]) -> str:
    return f"{found[1]}=***" if _is_secret(found[1], found[2]) else found[0]


def _is_secret(name: str, value: str) -> bool:
    return bool(_NAME.fullmatch(unquote(name)) or _TOKEN.match(unquote(value)))


def _taken_apart(address: str) -> tuple[str, list[str]]:
    """Split an address into what is public, and what is secret."""
    if "?" not in address and "@" not in address:
        return address, []
    if not is_remote(address):
        return address, []
    path, mark, query = address.partition("?")
    path, password = _without_password(path)
    pairs = [(*each.partition("=")[::2], each) for each in query.split("&")]
    is_signed = any(_SIGNATURE.fullmatch(name) for name, _, _ in pairs)
    kept, values = [], password
    for name, value, each in pairs:
        if value and _is_secret(name, value):
            values.append(value)
        elif not (is_signed and _SIGNED.fullmatch(name)):
            kept.append(each)
    if not values:
        return address, []
    return path + mark * bool(kept) + "&".join(kept), values


def _without_password(url: str) -> tuple[str, list[str]]:
    scheme, _, rest = url.partition("://")
    server, slash, path = rest.partition("/")
    user, at, host = server.rpartition("@")
    name, colon, password = user.partition(":")
    if not (at and colon):
        return url, []
    return f"{scheme}://{name}@{host}{slash}{path}", [password]
