"""Send a signed HTTP request to a target of the dashboard, or to an address that the streamer allowed."""

from __future__ import annotations

import json
import time

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from effects.models import QueueItem, WebhookTarget
from effects.outside import bodies, webhooks
from effects.registry import Card, Group, Payload, effect
from pixelbot_site.kit.errors import Failed


class Webhook(Payload):
    """`target`: the name of a target, with a body and headers of its own, into which `text`, `amount` and `action` go.

    Or `url`: one of WEBHOOK_ADDRESSES, or an address below one that ends in a slash.
    """

    target: str = Field(
        "",
        max_length=60,
        description="The name of one of your webhook targets.",
        json_schema_extra={"from": "webhook_target"},
    )
    url: str = Field(
        "",
        max_length=500,
        validate_default=True,
        title="URL",
        description="Instead: one of the allowed addresses, or one below an allowed address that ends in a slash.",
    )
    text: str = Field("", max_length=1000, description="Is sent along: {text} in a target's body.")
    amount: str = Field("", max_length=40, description="{amount} in a target's body.")
    action: str = Field("", max_length=200, description="{action} in a target's body.")

    @field_validator("url")
    @classmethod
    def _is_one_of_both(cls, value: str, info: ValidationInfo) -> str:
        if bool(value) == bool(info.data.get("target")):
            raise PydanticCustomError("webhook", "give either a target or an address")
        return value


def _untested(payload: Webhook) -> str:
    return f"call {payload.target or payload.url}"


@effect(
    "webhook",
    lane="effect",
    repeatable=False,
    payload=Webhook,
    card=Card(Group.OUTSIDE, "Call a webhook", "Sends a signed request to an address that you allowed."),
    untested=_untested,
)
def webhook(item: QueueItem, payload: Webhook) -> None:
    """Call the target with its body, or POST `{"item", "viewer", "text", "at"}`. Raise Failed if nothing takes it."""
    name = item.viewer.username if item.viewer else ""
    now = int(time.time())
    if not payload.target:
        said = {"item": item.pk, "viewer": name, "text": payload.text, "at": now}
        webhooks.call(payload.url, json.dumps(said).encode())
        return
    target = WebhookTarget.objects.filter(name=payload.target).first()
    if target is None:
        raise Failed(f"there is no webhook target called {payload.target}")
    words = bodies.words(name, payload.text, payload.amount, payload.action, item=item.pk, at=now)
    webhooks.call_target(target, words)
