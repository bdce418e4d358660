"""Two channels on one bot: rights, replies and figures are each channel's own; viewers and points are shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from economy.models import ChannelRole, LevelReward, Points, Viewer
from economy.viewers import people
from economy.viewers.roles import Role, in_channel, role_of
from effects import chat as mailbox
from effects.models import QueueItem, State
from effects.queue import items
from effects.values import alert, speak
from joystick.channel import installs
from joystick.inbox import made_up
from joystick.models import CustomCommand, InboundEvent, Install, ModeratedLine, Reaction
from joystick.simulator.happenings import CHANNEL_ID, Happening, chat, follow, tip
from pixelbot_site.kit import present_channel

pytestmark = pytest.mark.django_db

A, B = CHANNEL_ID, "channel-b"
Said = list[tuple[str, str]]


def in_b(happening: Happening) -> Happening:
    """The same in the second channel."""
    return replace(happening, channel_id=B, streamer="Bea")


def both_channels() -> None:
    """The bot is on two channels; A is the first."""
    for channel_id in (A, B):
        Install.objects.create(channel_id=channel_id, last_event_at=timezone.now())


@pytest.fixture
def told(deliver: Callable[..., None]) -> Callable[..., Said]:
    """Hand happenings to the inbox, as one batch, and return what is said or done: with the channel of each."""
    both_channels()

    def tell(*happenings: Happening) -> Said:
        with mailbox.overheard() as messages:
            deliver(*happenings)
        return [(one["channel_id"], one["words"].get("text") or one["action"]) for one in messages]

    return tell


def test_a_role_of_one_channel_gives_no_right_in_the_other(told: Callable[..., Said]) -> None:
    told(
        chat("Ann", "hi"),
        chat("Mo", "hi", "mod"),
        chat("HarbourFox", "hi", "streamer"),
        chat("Sue", "hi", "subscriber"),
    )
    CustomCommand.objects.create(word="fans", answers="for followers", role=Role.FOLLOWER)
    told(follow("Fay"))
    # In one batch with lines that have the badge, before and after: each line counts with its own.
    said = told(
        chat("Mo", "!addpoints Ann 5", "mod"),
        in_b(chat("Mo", "!addpoints Ann 1000")),
        in_b(chat("HarbourFox", "!addpoints Ann 1000")),
        chat("Fay", "!fans"),
        in_b(chat("Fay", "!fans")),
    )
    assert [channel for channel, _ in said] == [A, B, B, A, B]
    assert "is for moderators" in said[1][1] and "is for moderators" in said[2][1]
    assert said[3][1] == "for followers" and "is for followers" in said[4][1]
    assert Points.objects.get(viewer__key="ann").balance == 6  # one for her line
    # What the dashboard shows is what they are in the first channel; in the other, they are what they are there.
    told(in_b(chat("Bo", "hi", "mod")), in_b(follow("Fay")), in_b(chat("Mo", "hi")))
    roles = {
        name: (role_of(found), role_of(in_channel(found, B)))
        for name in ("Mo", "HarbourFox", "Sue", "Fay", "Bo")
        if (found := people.find(name))
    }
    assert roles == {
        "Mo": (Role.MODERATOR, Role.EVERYONE),
        "HarbourFox": (Role.STREAMER, Role.EVERYONE),
        "Sue": (Role.SUBSCRIBER, Role.EVERYONE),
        "Fay": (Role.FOLLOWER, Role.FOLLOWER),
        "Bo": (Role.EVERYONE, Role.MODERATOR),
    }


def test_the_streamer_of_one_channel_is_a_viewer_in_the_other(told: Callable[..., Said]) -> None:
    told(chat("HarbourFox", "hi", "streamer"), in_b(chat("Bea", "hi", "streamer")))
    told(in_b(tip("HarbourFox", 10)), in_b(tip("Bea", 10)), tip("Bea", 20), tip("HarbourFox", 20))
    earned = dict(Points.objects.values_list("viewer__username", "balance"))
    assert earned == {"HarbourFox": 10, "Bea": 20}  # for what they gave to the other


def test_lists_and_events_without_badges_count_in_their_own_channel(told: Callable[..., Said]) -> None:
    told(chat("Cy", "hi"))
    for channel_id, name in ((A, "Ann"), (B, "Bo"), (B, "Cy")):
        people.listed([name], "is_moderator", channel=channel_id, at=timezone.now())
    Reaction.objects.create(occasion="tip", lines="thanks, moderator {user}", role=Role.MODERATOR)
    told(chat("Dee", "hi", "mod"))
    assert not Viewer.objects.get(key="cy").is_moderator
    said = told(tip("Ann", 10), in_b(tip("Ann", 10)), tip("Bo", 10), in_b(tip("Bo", 10)), in_b(tip("Dee", 10)))
    assert said == [(A, "thanks, moderator Ann"), (B, "thanks, moderator Bo")]
    # Of a line that staff make up, too.
    with present_channel.within(B):
        frame = made_up.made_up("new_message", username="Bo", text="!help", data={})
        other = made_up.made_up("new_message", username="Dee", text="!help", data={})
    assert frame.event is not None and frame.event.channel_id == B and frame.event.is_moderator  # type: ignore[attr-defined]
    assert other.event is not None and not other.event.is_moderator  # type: ignore[attr-defined]


def test_one_channel_alone_has_no_roles_apart(deliver: Callable[..., None]) -> None:
    deliver(chat("Mo", "hi", "mod"), follow("Fay"))
    Install.objects.create(channel_id="long ago", last_event_at=timezone.now() - timedelta(days=40))
    deliver(chat("Mo", "hi", "mod"), follow("Gus"))
    assert not ChannelRole.objects.exists() and Viewer.objects.get(key="gus").is_follower
    assert not installs.is_elsewhere(A) and not installs.is_elsewhere("long ago") and not installs.is_elsewhere("")
    # A connected one counts, however quiet it is.
    Install.objects.filter(channel_id="long ago").update(access_token="x")
    assert installs.is_elsewhere("long ago")


def items_of(*channels: str) -> Sequence[QueueItem]:
    """One item of each channel that waits for approval."""
    made = []
    for channel in channels:
        with present_channel.within(channel):
            made.append(items.enqueue(speak(f"of {channel}"), waits=True))
    return made


def test_moderators_decide_on_nothing_of_another_channel(told: Callable[..., Said]) -> None:
    told(chat("Ann", "first line in A"), in_b(chat("Ann", "first line in B")), chat("Ann", "last line in A"))
    of_a, of_b = items_of(A, B)
    mo = [
        in_b(chat("Mo", text, "mod")) for text in (f"!cancel {of_a.pk}", f"!approve {of_a.pk}", "!clear", "!purge Ann")
    ]
    with mailbox.overheard() as messages:
        for one in mo:
            told(one)  # each by itself, so that each answers
    of_a.refresh_from_db()
    of_b.refresh_from_db()
    assert of_a.state == State.WAITING and of_b.state == State.CANCELLED
    purged = set(ModeratedLine.objects.values_list("event", flat=True))
    assert purged == {uid_of("first line in B")} and not messages
    told(in_b(chat("Mo", "!mute Ann", "mod")))
    assert uid_of("last line in A") not in ModeratedLine.objects.values_list("event", flat=True)


def uid_of(text: str) -> str:
    """The uid of the line."""
    return InboundEvent.objects.get(text=text).uid


def test_what_is_said_and_done_goes_to_the_channel_where_it_was_asked(told: Callable[..., Said], settings: Any) -> None:
    settings.XP_PER_CHAT = 5000
    told(chat("Ann", "hi"), in_b(chat("Ann", "the line in B")))
    assert told(in_b(chat("Mo", "!mute Ann", "mod")))[0] == (B, "mute_user")
    assert told(chat("Mo", "!unmute Ann", "mod"))[0] == (A, "unmute_user")
    # A level is told where it was earned, though its event names no channel of its own.
    LevelReward.objects.create(level=2)
    levels = told(in_b(chat("Lou", "hello")), chat("Lena", "hello"))
    assert {(channel, "Lou" in text) for channel, text in levels} == {(B, True), (A, False)}
    # Of an item, its sorry comes where it was bought.
    with present_channel.within(B):
        bought = items.enqueue(alert("hi"), viewer=people.find("Ann"), part_of="the wheel", waits=True)
    with mailbox.overheard() as messages:
        items.end(bought, State.FAILED, "it broke")
    assert [one["channel_id"] for one in messages] == [B]
