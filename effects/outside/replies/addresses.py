"""Where an AI may be: anywhere by https; by http on this PC and in the own network alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit

from effects.outside import hosts
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed

NOT_AT_HOME = phrases.refusal(
    "reply.not_at_home", "{name} is neither this PC nor in its own network, so the address must begin with https"
)
WRONG_ADDRESS = phrases.refusal("reply.wrong_address", "the AI's address is wrong")

PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Target:
    """The URL to ask, and the headers that go with it."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


def target(address: str) -> Target:
    """Return what to ask at an address, with or without the end that all have. Raise Failed where it is not allowed."""
    parts = parse(address)
    path = parts.path.rstrip("/")
    path = path if path.endswith(PATH) else f"{path}{PATH}"
    if parts.scheme == "https":
        return Target(urlunsplit(parts._replace(path=path)))
    name = parts.hostname or ""
    try:
        found = hosts.resolve(name, parts.port or 80)
    except Failed:
        raise Failed(NOT_AT_HOME(name=name)) from None
    # By the number: asked again, a name server can answer something else.
    host = f"[{found.ip}]" if found.ip.version == 6 else str(found.ip)
    return Target(urlunsplit(parts._replace(netloc=f"{host}:{found.port}", path=path)), {"Host": parts.netloc})


def parse(address: str) -> SplitResult:
    """Return the parts of an address. Raise Failed for what is none, or holds a name and password."""
    try:
        parts = urlsplit(address)
        is_right = bool(parts.hostname) and parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right or "@" in parts.netloc or parts.fragment or not address.isascii() or not address.isprintable():
        raise Failed(WRONG_ADDRESS())
    return parts


def origin(address: str) -> tuple[str, str]:
    """Return what a key belongs to: the scheme and the host with its port."""
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.casefold()
