"""Lines in chat that the AI answers by chance: which ones, how many, and at what price where none is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from economy.models import Cooldown
from effects.models import AIReplies, QueueItem
from effects.outside.replies import options
from joystick.chat.moderation import rules as chat_filters
from joystick.handlers import reply
from joystick.handlers.reply import on_line_to_reply
from joystick.models import ChatFilter
from joystick.protocol.events import ChatMessage
from joystick.registry import NOTHING
from joystick.settings_table import Rules
from joystick.simulator.happenings import chat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lanes: list[str] = []
    monkeypatch.setattr("effects.queue.wakeups.send_drain", lanes.append)
    return lanes


@pytest.fixture
def share(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set the row, and have it in force."""
    monkeypatch.setattr(reply, "dice", random.Random(1))

    def put(**fields: Any) -> None:
        AIReplies.objects.update_or_create(pk=1, defaults={"enabled": True, "random_percent": 100, **fields})
        options.share.read_again()

    put()
    options.follow_rows()
    yield put
    options.share.use(None)


def line(text: str = "hello", **more: Any) -> ChatMessage:
    return ChatMessage(uid="1", kind="new_message", username=more.pop("username", "Bob"), text=text, **more)


LEFT_OUT = [
    *(line("!points"), line(" !hug you"), line("!nosuch"), line("..."), line("🎉"), line("")),
    *(line(is_bot=True), line(is_streamer=True), line(is_public=False), line(username="pixel_bot")),
]


def test_only_lines_of_viewers(share: Callable[..., None], rules: Rules, settings: Any) -> None:
    settings.BOT_USERNAME = "Pixel_Bot"
    for message in LEFT_OUT:
        assert on_line_to_reply(message, Rules.current()) is NOTHING, message
    for message in (line(), line("what is !points for"), line("hi", is_moderator=True), line("hi", is_subscriber=True)):
        assert on_line_to_reply(message, rules).after_paying is not None


def test_none_on_which_a_filter_acts(share: Callable[..., None], rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    ChatFilter.objects.create(kind="links", dry_run=False, enabled=True)
    monkeypatch.setattr(chat_filters, "current", chat_filters.read)
    assert on_line_to_reply(line("see evil.com"), rules) is NOTHING
    assert on_line_to_reply(line("see evil"), rules) is not NOTHING


def test_a_share_of_them_and_one_in_a_while(share: Callable[..., None], deliver: Callable[..., None]) -> None:
    deliver(*(chat(f"Viewer {number}", f"line {number}") for number in range(20)))
    (item,) = QueueItem.objects.filter(kind="reply")
    assert item.viewer is not None and (item.viewer.username, item.payload) == ("Viewer 0", {"text": "line 0"})
    assert item.purchase is None and item.event
    Cooldown.objects.all().delete()
    share(random_percent=20.0)
    shared = sum(on_line_to_reply(line(), Rules.current()) is not NOTHING for _ in range(1000))
    assert 150 < shared < 250


def test_none_where_it_is_off_or_the_budget_is_used_up(
    share: Callable[..., None], deliver: Callable[..., None]
) -> None:
    share(requests_per_day=0)
    deliver(chat("Bob", "hello"))
    for fields in ({"enabled": False}, {"random_percent": 0}, {"random_percent": None}):
        share(**fields)
        assert on_line_to_reply(line(), Rules.current()) is NOTHING
    assert not QueueItem.objects.exists() and not Cooldown.objects.filter(key__startswith="reply").exists()


def test_where_there_is_no_share_a_line_costs_no_query(
    share: Callable[..., None], deliver: Callable[..., None], rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    share(random_percent=0)
    assert on_line_to_reply(line(), rules) is NOTHING  # reads the row
    monkeypatch.setattr(reply.dice, "random", None)  # not even thrown
    with CaptureQueriesContext(connection) as queries:
        assert on_line_to_reply(line(), rules) is NOTHING
    assert len(queries) == 0
