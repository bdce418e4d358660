"""What a new webhook target is filled in with, for the programs that streamers use most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """A program's address and body. `advice` says what of it to replace, and where to find that."""

    title: str
    url: str
    body: Mapping[str, Any]
    advice: str


PRESETS = {
    "discord": Preset(
        "Discord",
        "https://discord.com/api/webhooks/ID/TOKEN",
        # Without allowed_mentions, a viewer could write @everyone.
        {"content": "{user}: {text}", "allowed_mentions": {"parse": []}},
        "Copy the address in Discord: the channel's settings, Integrations, Webhooks.",
    ),
    "streamerbot": Preset(
        "Streamer.bot",
        "http://127.0.0.1:7474/DoAction",
        {"action": {"name": "{action}"}, "args": {"user": "{user}", "text": "{text}", "amount": "{amount}"}},
        "Start the HTTP server in Streamer.bot: Servers/Clients, HTTP Server. Each effect names its action.",
    ),
    "mixitup": Preset(
        "Mix It Up",
        "http://127.0.0.1:8911/api/v2/commands/ID",
        {
            "Platform": "Twitch",
            "Arguments": "{text}",
            # Texts alone, put in wherever $ and the name stand: $user would be found in Mix It Up's own $username.
            "SpecialIdentifiers": {"pixeluser": "{user}", "pixelamount": "{amount|0}"},
            "IgnoreRequirements": False,
        },
        "Switch on the Developer API in Mix It Up: Services. In place of ID goes the id of a command, which finds the "
        "words in $pixeluser, $pixelamount and $allargs. Platform is one that Mix It Up is connected to.",
    ),
    "homeassistant": Preset(
        "Home Assistant",
        "http://homeassistant.local:8123/api/webhook/ID",
        {"user": "{user}", "text": "{text}", "amount": "{amount}"},
        "Make an automation with a trigger of the kind Webhook; its id is in the address, and it takes POST. What is "
        "sent is in trigger.json. Home Assistant answers 200 also where no automation has this id.",
    ),
}
