"""Asking an AI by OpenAI's protocol: one request in bounded time and size, following no redirect."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from effects.outside.replies import addresses
from effects.outside.replies.options import Options
from pixelbot_site.kit import phrases
from pixelbot_site.kit.asking import run_to_deadline
from pixelbot_site.kit.errors import Failed

if TYPE_CHECKING:
    # Imported when it is used: few bots ask an address, and each starts.
    import httpx2

ANSWERED = phrases.refusal("reply.answered", "the AI's server answered {status}")
EMPTY = phrases.refusal("reply.empty", "the AI had nothing to say")
TOO_LARGE = phrases.refusal("reply.too_large", "the AI's answer was too long")
TOO_SLOW = phrases.refusal("reply.too_slow", "the AI did not answer within {seconds} s")
UNREACHABLE = phrases.refusal("reply.unreachable", "the AI could not be reached ({reason})")
UNREADABLE = phrases.refusal("reply.unreadable", "the AI's answer could not be read")

# Bytes of an answer. Those with sources and search results have some ten thousand.
MAX_BYTES = 256 * 1024
# More tokens than this are none that a request can have used.
MAX_TOKENS = 1_000_000


class NotAsked(Failed):
    """The request came to no model, so that it used no tokens."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote. `tokens`: how many the request used; None where the server does not tell, or nonsense."""

    text: str
    tokens: int | None
    seconds: float


def complete(options: Options, system: str, user: str) -> Completion:
    """Return what the model writes to one message of a user. Raise Failed if that takes too long, or is no answer."""
    try:
        key, target = options.key(), addresses.target(options.address)
    except Failed as error:
        raise NotAsked(*error.args) from None
    body = {
        "model": options.model,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "max_tokens": options.max_tokens,
        "stream": False,
    }
    began = time.monotonic()
    raw = _sent(target, json.dumps(body).encode(), key, options.seconds)
    text, tokens = read(raw)
    # A server that repeats what it was sent must not have it said in chat.
    return Completion(text.replace(key, "") if key else text, tokens, time.monotonic() - began)


def read(raw: bytes) -> tuple[str, int | None]:
    """Return the text and the tokens of an answer. Raise Failed for anything that is none."""
    try:
        answer = json.loads(raw)
        text = answer["choices"][0]["message"]["content"]
        usage = answer.get("usage")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Failed(UNREADABLE()) from None
    if text is None:  # it calls a tool, or refuses
        raise Failed(EMPTY())
    if not isinstance(text, str):
        raise Failed(UNREADABLE())
    tokens = usage.get("total_tokens") if isinstance(usage, dict) else None
    return text, tokens if type(tokens) is int and 0 < tokens <= MAX_TOKENS else None


def _sent(target: addresses.Target, body: bytes, key: str, seconds: float) -> bytes:
    import httpx2

    sent = {"Content-Type": "application/json", "Accept-Encoding": "identity", **target.headers}
    if key:
        sent["Authorization"] = f"Bearer {key}"
    try:
        request = httpx2.Request("POST", target.url, content=body, headers=sent)
        return run_to_deadline(_answer(request, seconds))
    except TimeoutError:
        raise Failed(TOO_SLOW(seconds=f"{seconds:g}")) from None
    except httpx2.ConnectError as error:
        raise NotAsked(UNREACHABLE(reason=type(error).__name__)) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        # Without the error itself: its text could hold the key.
        raise Failed(UNREACHABLE(reason=type(error).__name__)) from None


async def _answer(request: httpx2.Request, seconds: float) -> bytes:
    import httpx2

    # No proxy of the environment for what stays at home.
    trusts = request.url.scheme == "https"
    async with asyncio.timeout(seconds), httpx2.AsyncClient(timeout=seconds, trust_env=trusts) as client:
        answer = await client.send(request, stream=True)
        try:
            if not 200 <= answer.status_code < 300:
                raise NotAsked(ANSWERED(status=answer.status_code))
            read = b""
            async for chunk in answer.aiter_raw():
                read += chunk
                if len(read) > MAX_BYTES:
                    raise Failed(TOO_LARGE())
            return read
        finally:
            await answer.aclose()
