"""Send a signed HTTP request to an address that the streamer allowed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from urllib.parse import unquote

import httpx2
from pydantic import Field

from effects.models import QueueItem
from effects.registry import Card, Group, Payload, effect
from effects.settings_table import OutsideSettings
from pixelbot_site.kit.errors import Failed

# Seconds for the whole request. The library's own timeouts begin again with each byte that comes.
DEADLINE = 5.0


class Webhook(Payload):
    """`url`: one of WEBHOOK_ADDRESSES, or an address below one that ends in a slash."""

    url: str = Field(
        min_length=1,
        max_length=500,
        title="URL",
        description="One of the allowed addresses, or one below an allowed address that ends in a slash.",
    )
    text: str = Field("", max_length=1000, description="Is sent along.")


def _untested(payload: Webhook) -> str:
    return f"call {payload.url}"


@effect(
    "webhook",
    lane="effect",
    repeatable=False,
    payload=Webhook,
    card=Card(Group.OUTSIDE, "Call a webhook", "Sends a signed request to an address that you allowed."),
    untested=_untested,
)
def webhook(item: QueueItem, payload: Webhook) -> None:
    """Send a POST of `{"item", "viewer", "text", "at"}` as JSON.

    The header X-PixelBot-Signature is `sha256=` and the HMAC of the body with WEBHOOK_SECRET. Anything but a 2xx answer
    raises Failed; redirects are not followed.
    """
    if not is_allowed(payload.url):
        raise Failed("this address is not among WEBHOOK_ADDRESSES in .env")
    name = item.viewer.username if item.viewer else ""
    body = json.dumps({"item": item.pk, "viewer": name, "text": payload.text, "at": int(time.time())}).encode()
    signature = hmac.new(OutsideSettings.current().webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-PixelBot-Signature": f"sha256={signature}"}
    try:
        status = asyncio.run(_status(payload.url, body, headers))
    except TimeoutError as error:
        raise Failed(f"the address did not answer within {DEADLINE:g} s") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Failed(f"the address could not be reached ({type(error).__name__})") from error
    if not 200 <= status < 300:
        raise Failed(f"the address answered {status}")


async def _status(url: str, body: bytes, headers: dict[str, str]) -> int:
    async with asyncio.timeout(DEADLINE), httpx2.AsyncClient(timeout=DEADLINE) as client:
        # The answer's body is not read: it could be long, or come slowly.
        async with client.stream("POST", url, content=body, headers=headers) as answer:
            return answer.status_code


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
