"""Send a value by OSC, to VRChat for instance, and what was there before it after a while."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from effects.models import OSCTarget, QueueItem, WordFilter
from effects.outside import osc_changes
from effects.outside.osc import RESTING, typed
from effects.queue import wakeups
from effects.registry import Card, EffectKind, Group, Payload, register
from effects.voice.speakable import shown
from pixelbot_site.kit.errors import Failed, Refused

MAX_TEXT = 500
# What OSC's own patterns mean something in (?*[]{}), or would end the address.
ADDRESS = r"^(/[^\s/#*,?\[\]{}]+)+$"


class OSC(Payload):
    """`value` for `seconds`, or for `pulse_ms` milliseconds, then `back` (blank: false, 0 or an empty text)."""

    target: str = Field(
        min_length=1,
        max_length=60,
        description="The name of one of your OSC targets.",
        json_schema_extra={"from": "osc_target"},
    )
    address: str = Field(
        min_length=2, max_length=200, pattern=ADDRESS, description="Such as /avatar/parameters/Hearts."
    )
    type: Literal["float", "int", "bool", "text"] = Field("float", description="What the program expects there.")
    value: str = Field(max_length=MAX_TEXT, description="What is sent: a number, true or false, or a text.")
    back: str = Field("", max_length=MAX_TEXT, description="What is sent afterwards. Blank: 0, false or an empty text.")
    seconds: float = Field(
        0, ge=0, le=3600, description="After these it goes back. 0: it stays.", json_schema_extra={"unit": "seconds"}
    )
    pulse_ms: int = Field(
        0,
        ge=0,
        le=10_000,
        title="Pulse",
        description="Instead of seconds: it goes back after so many milliseconds.",
        json_schema_extra={"unit": "milliseconds"},
    )

    @field_validator("value", "back", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, bool | int | float) else value

    @field_validator("value", "back")
    @classmethod
    def _fits_its_type(cls, value: str, info: ValidationInfo) -> str:
        kind = info.data.get("type")
        # What a word like {tokens} stands for is known only when it happens.
        is_open = re.search(r"\{\w+\}", value) or (info.field_name == "back" and not value)
        if kind is not None and not is_open:
            try:
                typed(kind, value)
            except ValueError as error:
                raise PydanticCustomError("osc", "{reason}", {"reason": str(error)}) from None
        return value

    @field_validator("pulse_ms")
    @classmethod
    def _is_one_of_both(cls, value: int, info: ValidationInfo) -> int:
        if value and info.data.get("seconds"):
            raise PydanticCustomError("osc", "give seconds or a pulse, not both")
        return value

    @property
    def lasting(self) -> float:
        """Return after how many seconds it goes back; 0: it stays."""
        return self.pulse_ms / 1000 or self.seconds

    @property
    def resting(self) -> str:
        """Return what goes back."""
        return self.back or RESTING[self.type]


@register
class OSCKind(EffectKind[OSC]):
    """A value that a program beside the bot hears by OSC. Nobody answers, so it was sent, and no more is known."""

    name = "osc"
    lane = "effect"
    repeatable = True
    payload = OSC
    card = Card(Group.OUTSIDE, "Send by OSC", "Sends a value to VRChat or another program, and back after a while.")
    done_word = "sent"

    def require_usable(self, payload: OSC) -> None:
        _target(payload.target)
        _check(payload)

    def perform(self, item: QueueItem, payload: OSC) -> None:
        """Send the value. Raise Failed where the target is gone or may not be sent to."""
        try:
            target = _target(payload.target)
            _check(payload)
        except Refused as error:
            raise Failed(str(error)) from None
        value = payload.value
        if payload.type == "text":  # it is read by others, as what the overlay shows
            value = shown(value, filters=WordFilter.objects.values_list("word", "replacement"))[:MAX_TEXT]
        osc_changes.change(target, payload.address, payload.type, value, back=payload.resting, seconds=payload.lasting)
        if payload.lasting:
            wakeups.revert_in(payload.lasting)

    def seconds(self, payload: OSC) -> float:
        """Return 0: the lane goes on while the value lasts."""
        return 0.0


def _target(name: str) -> OSCTarget:
    target = OSCTarget.objects.filter(name=name).first()
    if target is None:
        raise Refused(f"there is no OSC target called {name}")
    if not target.enabled:
        raise Refused(f"the OSC target {name} is switched off")
    return target


def _check(payload: OSC) -> None:
    # Words such as {tokens} are filled in by now; one that is left is none that the occasion has.
    try:
        for text in (payload.value, payload.resting):
            typed(payload.type, text)
    except ValueError as error:
        raise Refused(str(error)) from None
