"""Two channels on one bot: rights, replies and figures are each channel's own; viewers and points are shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from economy.models import ChannelRole, LevelReward, Points, Viewer
from economy.viewers import people, presence
from economy.viewers.roles import Role, in_channel, role_of
from effects import chat as mailbox
from effects.models import QueueItem, State
from effects.queue import items
from effects.registry.values import alert, speak
from joystick.channel import catch_up, installs, streams
from joystick.chat import timers
from joystick.chat.moderation import doors
from joystick.inbox import made_up
from joystick.models import CustomCommand, InboundEvent, Install, ModeratedLine, Reaction, Stream, Timer
from joystick.simulator.happenings import CHANNEL_ID, Happening, chat, ended, follow, started, tip, viewer_count
from joystick.simulator.site import Site
from pixelbot_site.charts import charts
from pixelbot_site.charts import figures as figures_of_charts
from pixelbot_site.index import tonight as index
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.secrets_at_rest import seal

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


@pytest.fixture
def tonight(told: Callable[..., Said]) -> Callable[..., Said]:
    """Both channels are live, B for an hour and A just now, and people tipped in both."""
    told(in_b(chat("Bea", "hi", "streamer")), chat("HarbourFox", "hi", "streamer"))
    told(in_b(started()))
    Stream.objects.update(started_at=timezone.now() - timedelta(hours=1), title="in B")
    told(started())
    Stream.objects.filter(channel_id=A).update(started_at=timezone.now() - timedelta(seconds=30), title="in A")
    told(tip("Ann", 100), in_b(tip("Ann", 7)), in_b(tip("Bo", 30)), viewer_count(12), in_b(viewer_count(3)))
    return told


def test_words_and_conditions_are_those_of_the_channel(tonight: Callable[..., Said]) -> None:
    text = "{streamer} {title} {uptime} {viewers} {tokens.stream}"
    CustomCommand.objects.create(word="about", answers=text)
    CustomCommand.objects.create(word="live", answers="live!", live_only=True, global_cooldown_seconds=60)
    assert tonight(chat("Ann", "!about"), in_b(chat("Bo", "!about"))) == [
        (A, "HarbourFox in A 0 min 12 100"),
        (B, "Bea in B 1 h 0 min 3 37"),
    ]
    tonight(ended())
    with mailbox.overheard():
        said = tonight(chat("Cy", "!live"), in_b(chat("Dee", "!live")))
    assert said[0][0] == A and "while the stream is live" in said[0][1] and said[1:] == [(B, "live!")]
    # A pause of everybody is that of a channel.
    tonight(started())
    assert tonight(chat("Eve", "!live"), in_b(chat("Eve", "!live"))) == [(A, "live!")]


def test_figures_are_those_of_the_channel(tonight: Callable[..., Said], staff: Callable[..., Client]) -> None:
    of_a, of_b = (Stream.objects.get(channel_id=channel) for channel in (A, B))
    figures = {stream.channel_id: streams.figures(stream) for stream in (of_a, of_b)}
    assert {key: figures[A][key] for key in ("tokens", "new_viewers", "top_viewers")} == {
        "tokens": 100, "new_viewers": 2, "top_viewers": [["Ann", 100]],
    }  # fmt: skip
    assert figures[B]["tokens"] == 37 and figures[B]["new_viewers"] == 3 and figures[B]["points_minted"] == 37
    assert figures[B]["top_viewers"] == [["Bo", 30], ["Ann", 7]]
    assert index.tippers(of_b) == [("Bo", 30, 1), ("Ann", 7, 1)]
    # The index, the dock and the charts show all of them, or one.
    client = staff("view_stream", "view_inboundevent", "view_install")
    number = Install.objects.get(channel_id=B).pk
    tonight(in_b(chat("Zoe", "a line in B")), chat("Yan", "a line in A"))
    for address in (reverse("admin:index"), reverse("charts"), reverse("dock")):
        page = client.get(address).content.decode()
        assert f'channel={number}"' in page and page.count('aria-label="Channel"') == 1
    everything, own = (client.get(f"/admin/{query}").content.decode() for query in ("", f"?channel={number}"))
    assert "a line in A" in everything and "a line in B" in everything
    assert "a line in A" not in own and "a line in B" in own and "37 tokens" in own
    assert f"/admin/live/index/?channel={number}" in own
    lists = ("/admin/joystick/stream/", "/admin/joystick/inboundevent/")
    assert all("column-channel" in client.get(address).content.decode() for address in lists)
    with present_channel.within(B):
        assert sum(figures_of_charts.events(charts.of("tonight").span).tokens) == 37
    # One that ends clears nobody who is in the other.
    tonight(chat("Ann", "still here"))
    tonight(in_b(ended()))
    assert presence.newest(5, now=timezone.now()).count and not streams.current(B) and streams.current(A)
    # With one channel there is nothing to choose.
    Install.objects.filter(channel_id=B).delete()
    for address in (reverse("admin:index"), reverse("charts"), reverse("dock"), *lists):
        page = client.get(address).content.decode()
        assert not any(word in page for word in ("channel=", 'aria-label="Channel"', "column-channel"))


def test_timers_run_in_each_channel_by_what_is_so_there(tonight: Callable[..., Said]) -> None:
    now = timezone.now()
    timer = Timer.objects.create(name="t", lines="hello from {streamer}", every_minutes=10, min_lines=3, due_at=now)

    def run() -> Said:
        Timer.objects.filter(pk=timer.pk).update(due_at=now, ran_at=None)
        with mailbox.overheard() as messages:
            timers.run_due(now=now)
        return [(one["channel_id"], one["words"]["text"]) for one in messages]

    tonight(in_b(chat("Ann", "one")), chat("Bo", "one"), chat("Bo", "two"))
    assert run() == [(A, "hello from HarbourFox")]
    for channel in (A, B):
        tonight(*[replace(chat("Ann", "line"), channel_id=channel) for _ in range(3)])
    assert [channel for channel, _ in run()] == [A, B]
    tonight(in_b(ended()), *[replace(chat("Ann", "line"), channel_id=channel) for channel in 3 * (A, B)])
    assert [channel for channel, _ in run()] == [A]  # live only


def test_first_lines_numbers_and_pauses_are_of_each_channel(tonight: Callable[..., Said]) -> None:
    Reaction.objects.create(occasion="first_line", lines="welcome {user}")
    Reaction.objects.create(occasion="viewer_count", lines="{watching} are here", least=20)
    Reaction.objects.create(occasion="follow", lines="a follower", cooldown_seconds=600)
    Reaction.objects.create(occasion="first_line_ever", lines="ever {user}", goes_on=True)
    said = tonight(chat("Fay", "hi"), in_b(chat("Fay", "hi")), chat("Fay", "again"), in_b(chat("Fay", "again")))
    assert said == [(A, "ever Fay"), (A, "welcome Fay"), (B, "ever Fay"), (B, "welcome Fay")]
    said = tonight(viewer_count(25), in_b(viewer_count(30)), viewer_count(26), follow("Gus"), in_b(follow("Hal")))
    assert said == [(A, "25 are here"), (B, "30 are here"), (A, "a follower"), (B, "a follower")]
    # Without a stream, too, where a day counts as one.
    tonight(ended(), in_b(ended()))
    assert tonight(chat("Ivy", "hi"), in_b(chat("Ivy", "hi"))) == [(A, "ever Ivy"), (B, "ever Ivy")]


def test_what_staff_do_from_the_dashboard_names_the_channel(
    told: Callable[..., Said], staff: Callable[..., Client]
) -> None:
    told(in_b(chat("Bo", "hi", "mod")), chat("HarbourFox", "hi"))
    with mailbox.overheard() as messages:
        doors.unmute("Ann", by="admin")
    assert {one["channel_id"] for one in messages} == {A, B}
    CustomCommand.objects.create(word="mods", answers="for {streamer}", role=Role.MODERATOR)
    client = staff("change_queueitem")
    values = {"occasion": "chat", "who": "Bo", "words": "!mods"}
    pages = {
        channel: client.post("/admin/simulate/", {**values, "channel": channel}).content.decode() for channel in (A, B)
    }
    assert "mods is for moderators" in pages[A] and "for channel-b" not in pages[A]
    assert "Said in chat" in pages[B] and "is for moderators" not in pages[B]
    Install.objects.filter(channel_id=B).delete()
    assert 'name="channel"' not in client.get("/admin/simulate/").content.decode()


def test_one_channel_that_can_not_be_asked_keeps_none_from_being_asked(
    site: Site, connected: Callable[[], Install]
) -> None:
    Install.objects.create(channel_id="broken", access_token=seal("nobody knows it"), connected_at=timezone.now())
    install = connected()
    site.channel.set_live(True)
    with pytest.raises(Failed):
        catch_up.catch_up()
    assert Stream.objects.get().channel_id == install.channel_id
