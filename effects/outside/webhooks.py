"""Calling the web addresses that the streamer allowed in `.env`: signed, in bounded time, following no redirect."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from effects.models import WebhookTarget
from effects.outside import bodies, headers
from effects.settings_table import OutsideSettings
from pixelbot_site.kit import phrases
from pixelbot_site.kit.asking import run_to_deadline
from pixelbot_site.kit.errors import Failed

if TYPE_CHECKING:
    # Imported when it is used: few bots ask an address, and each starts.
    import httpx2

ANSWERED = phrases.refusal("webhook.answered", "the address answered {status}")
NOT_ALLOWED = phrases.refusal("webhook.not_allowed", "this address is not among WEBHOOK_ADDRESSES in .env")
TOO_SLOW = phrases.refusal("webhook.too_slow", "the address did not answer within {seconds} s")
UNREACHABLE = phrases.refusal("webhook.unreachable", "the address could not be reached ({reason})")

# Seconds for the whole request. The library's own timeouts begin again with each byte that comes.
DEADLINE = 5.0
# The status of a server that was asked too often, and the seconds kept for asking it again.
TOO_MANY = 429
SPARE = 2.0
# Bytes of an answer that are read, and characters of them that are shown.
MAX_READ = 8192
MAX_SHOWN = 500
MASK = "••••"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the beginning of the text where it was read, and after how many seconds."""

    status: int
    text: str
    seconds: float


def call(url: str, body: bytes) -> None:
    """Send `body`, as JSON and signed, by POST. Raise Failed if `url` is not allowed, or answers no 2xx."""
    _require_success(_ask("POST", url, body, {}))


def call_target(target: WebhookTarget, words: Mapping[str, str | int | float]) -> None:
    """Call `target` with its body, `words` filled in, and its headers. Raise Failed as `call` does."""
    _require_success(_ask(target.method, target.url, _body(target, words), headers.unseal(target.headers)))


def try_target(target: WebhookTarget, words: Mapping[str, str | int | float]) -> Answer:
    """Call `target`, and return what it answers, whatever the status. Secrets that it repeats are masked."""
    own = headers.unseal(target.headers)
    answer = _ask(target.method, target.url, _body(target, words), own, reads=True)
    text = _masked(answer.text, own)[:MAX_SHOWN]
    return Answer(answer.status, text, answer.seconds)


def _body(target: WebhookTarget, words: Mapping[str, str | int | float]) -> bytes:
    if target.method == WebhookTarget.Method.GET:
        return b""
    return bodies.written(bodies.PLAIN if target.body is None else target.body, words)


def _masked(text: str, own: Mapping[str, str]) -> str:
    # With "Bearer abc", a server can repeat "abc" alone.
    secrets = {part for value in own.values() for part in (value, value.rpartition(" ")[2])}
    secrets.add(OutsideSettings.current().webhook_secret)
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _require_success(answer: Answer) -> None:
    if not 200 <= answer.status < 300:
        raise Failed(ANSWERED(status=answer.status))


def _ask(method: str, url: str, body: bytes, own: Mapping[str, str], *, reads: bool = False) -> Answer:
    """Send the request, with X-PixelBot-Signature: `sha256=` and the HMAC of the body with WEBHOOK_SECRET."""
    import httpx2

    if not is_allowed(url):
        raise Failed(NOT_ALLOWED())
    signature = hmac.new(OutsideSettings.current().webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    sent = {**own, "X-PixelBot-Signature": f"sha256={signature}"}
    if body:
        sent["Content-Type"] = "application/json"
    if reads:
        sent["Accept-Encoding"] = "identity"  # what is unpacked could be a thousand times longer
    try:
        return run_to_deadline(_answer(httpx2.Request(method, url, content=body, headers=sent), reads=reads))
    except TimeoutError as error:
        raise Failed(TOO_SLOW(seconds=f"{DEADLINE:g}")) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Failed(UNREACHABLE(reason=type(error).__name__)) from error


async def _answer(request: httpx2.Request, *, reads: bool) -> Answer:
    import httpx2

    began = time.monotonic()
    async with asyncio.timeout(DEADLINE), httpx2.AsyncClient(timeout=DEADLINE) as client:
        answer = await client.send(request, stream=True)
        # It did nothing, and says when it will: where that is within the deadline, it is asked once more.
        if answer.status_code == TOO_MANY and 0 <= (pause := _retry_after(answer)) < DEADLINE - SPARE:
            await answer.aclose()
            await asyncio.sleep(pause)
            answer = await client.send(request, stream=True)
        read = b""
        try:
            # Otherwise the answer's body is not read: it could be long, or come slowly.
            if reads:
                async for chunk in answer.aiter_raw():
                    read += chunk
                    if len(read) >= MAX_READ:
                        break
        finally:
            await answer.aclose()
        return Answer(answer.status_code, read[:MAX_READ].decode(errors="replace"), time.monotonic() - began)


def _retry_after(answer: httpx2.Response) -> float:
    """Return the seconds after which a server wants to be asked again; below 0 where it does not say."""
    try:
        return float(answer.headers.get("Retry-After", ""))
    except ValueError:  # a date, too
        return -1.0


def is_allowed(url: str) -> bool:
    """Return whether `url` is an allowed address, or below one that ends in a slash and has no way out of it."""
    plain = unquote(unquote(url))  # servers decode percent signs, and some do so twice
    # ".." leaves the folder, servers on Windows take a backslash for a slash, and "@" moves the host.
    if ".." in plain or "\\" in plain or "@" in plain.partition("://")[2]:
        return False
    return any(
        url == allowed or (allowed.endswith("/") and url.startswith(allowed))
        for allowed in OutsideSettings.current().webhook_addresses
    )
