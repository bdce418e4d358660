"""The chat widget's pictures of emotes: off until the streamer switches them on, and then from one host alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pydantic import ValidationError

from effects.models import Overlay, OverlayWidget
from effects.overlays import layout
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import widgets
from effects.overlays.widgets.chat import Chat
from joystick.simulator.happenings import Happening

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

ON = {"emotes": "pictures"}


@pytest.fixture
def row() -> OverlayWidget:
    made = widgets.get("chat")
    assert made is not None
    row = layout.new_row(Overlay.objects.create(), made)
    row.save()
    return row


def pictures(client: Client, path: str) -> str:
    """Return what the policy of an overlay's page says of pictures."""
    policy = client.get(path)["Content-Security-Policy"].split("; ")
    (found,) = (part for part in policy if part.startswith("img-src"))
    return found.removeprefix("img-src ")


def test_no_page_may_load_pictures_of_another_host_before_they_are_switched_on(
    client: Client, row: OverlayWidget
) -> None:
    page = row.overlay.page_path()
    cases: list[tuple[dict[str, Any], bool, str]] = [
        ({}, True, ""), ({"emotes": "text"}, True, ""), ({**ON, "emote_host": "no host"}, True, ""), (ON, False, ""),
        (ON, True, " https://images.joystick.tv"), ({**ON, "emote_host": "cdn.example.net"}, True, " https://cdn.example.net"),
    ]  # fmt: skip
    for row.options, row.enabled, host in cases:
        row.save()
        assert pictures(client, page) == f"'self' data:{host}", row.options
        hello = layout.hello(row.overlay, "", leads=True, playing=[])
        assert hello["pictures_from"] == host.removeprefix(" https://").split()
        assert f'data-pictures-from="{host.removeprefix(" https://")}"' in client.get(page).text
    # Of the pages with one widget alone, only the chat's.
    assert pictures(client, f"{page}chat/") == "'self' data: https://cdn.example.net"
    assert pictures(client, f"{page}wheel/") == "'self' data:"


@pytest.mark.parametrize(
    "host",
    [
        "https://images.joystick.tv", "images.joystick.tv/", "images.joystick.tv:8443", "me@images.joystick.tv", "*.joystick.tv",
        "*", "", "localhost", "127.0.0.1", "[::1]", "a b.tv", "a.tv; script-src *", "a.tv\n", "-a.tv", "é.tv", "a..tv", f"{'a' * 64}.tv",
    ],
)  # fmt: skip
def test_the_host_is_one_plain_name(host: str) -> None:
    with pytest.raises(ValidationError, match="without https://"):
        Chat.model_validate({"emote_host": f"{host}\u200b" if host.endswith("\n") else host})


def test_a_host_is_taken_in_any_case(row: OverlayWidget) -> None:
    assert Chat.model_validate({"emote_host": " CDN-1.Example.NET "}).emote_host == "cdn-1.example.net"


def test_lines_that_are_there_already_tell_colour_and_emotes(row: OverlayWidget, deliver: Callable[..., None]) -> None:
    emotes = [{"code": ":a:", "url": "https://images.joystick.tv/a.png"}]
    author = {"username": "Ann", "color": "#3fa7d6", "badges": {"mod": True}}
    deliver(Happening("new_message", "Ann", "hi :a:", {"author": author, "highlight": True, "emotes": emotes}))
    deliver(Happening("new_message", "Bob", "plain"))
    made = widgets.get("chat")
    assert made is not None
    told = made.snapshot(Chat.model_validate(ON), OnScreen.now())
    assert told["emotes_from"] == "images.joystick.tv"
    first, second = ({key: value for key, value in line.items() if key != "uid"} for line in told["latest"])
    assert first == {
        "username": "Ann", "text": "hi :a:", "badges": ["moderator"], "highlight": True, "color": "#3fa7d6", "emotes": emotes,
    }  # fmt: skip
    assert second == {"username": "Bob", "text": "plain", "badges": []}
    assert made.snapshot(Chat.model_validate({}), OnScreen.now())["emotes_from"] == ""
