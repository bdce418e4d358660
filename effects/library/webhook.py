"""Send a signed HTTP request to an address that the streamer allowed."""

from __future__ import annotations

import json
import time

from pydantic import Field

from effects.models import QueueItem
from effects.outside import webhooks
from effects.registry import Payload, effect


class Webhook(Payload):
    """`url`: one of WEBHOOK_ADDRESSES, or an address below one that ends in a slash."""

    url: str = Field(min_length=1, max_length=500)
    text: str = Field("", max_length=1000)


def _untested(payload: Webhook) -> str:
    return f"call {payload.url}"


@effect("webhook", lane="effect", repeatable=False, payload=Webhook, untested=_untested)
def webhook(item: QueueItem, payload: Webhook) -> None:
    """Send a POST of `{"item", "viewer", "text", "at"}` as JSON. Raise Failed where nothing takes it."""
    name = item.viewer.username if item.viewer else ""
    said = {"item": item.pk, "viewer": name, "text": payload.text, "at": int(time.time())}
    webhooks.call(payload.url, json.dumps(said).encode())
