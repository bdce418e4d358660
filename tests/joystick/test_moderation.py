"""Moderation: what filters find in lines, what is done then, and what staff do by hand, through the whole way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from economy.ledger import xp
from economy.ledger.currencies import POINTS_LEDGER
from economy.models import Cooldown, Viewer
from economy.viewers import merging
from effects.models import QueueItem, State
from joystick.chat.moderation import filters, links, rules
from joystick.chat.moderation.filters import Filter
from joystick.handlers.mute import on_mute
from joystick.inbox import overlay_facts
from joystick.models import ChatFilter, FilterKind, InboundEvent, Install, ModeratedLine, Quote, Reaction
from joystick.protocol.events import Mute
from joystick.registry import NOTHING
from joystick.settings_table import Rules
from joystick.simulator.happenings import Happening, chat
from redeems import purchase
from tests.joystick.odd_lines import CAPITALS, LINKS, LISTED, REPEATS, WORDS

pytestmark = pytest.mark.django_db


# Seconds of processor time for all filters; the slowest line takes 0.03, with one quadratic expression 0.2.
BUDGET = 0.1
# Of what long lines are made.
FRAGMENTS = ("a", "a.", "a/", "a.a/", "a@", ":", ". ", " . com", "(dot)", "A", "\u0301", "\ufdfa", "a.com/", "://")


def made(kind: str, **fields: Any) -> ChatFilter:
    return ChatFilter.objects.create(kind=kind, **{"enabled": True, "dry_run": False, "action": "delete", **fields})


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect what goes to Joystick, in order."""
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr("effects.chat.group_send", lambda group, message: messages.append(message))
    return messages


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect the events that go to the overlays."""
    events: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "effects.overlays.messages.group_send", lambda group, message: events.extend(message["frame"].get("events", []))
    )
    return events


@pytest.fixture(autouse=True)
def filters_from_rows() -> Iterator[None]:
    """Read the filters each time. Most tests have none."""
    rules.stored.use(None)
    yield
    rules.stored.use(lambda: ())


class Chat:
    """Writes lines, and tells what the bot does about each."""

    def __init__(self, deliver: Callable[..., None], sent: list[dict[str, Any]], commits: Any) -> None:
        self._deliver, self._sent, self._commits = deliver, sent, commits

    def __call__(self, name: str, *lines: str) -> list[str]:
        badges = {"Mo": ("mod",), "Fox": ("streamer",), "Sue": ("subscriber",)}.get(name, ())
        return self.happens(*(chat(name, line, *badges) for line in lines))

    def happens(self, *happenings: Happening) -> list[str]:
        self._sent.clear()
        for happening in happenings:
            with self._commits(execute=True):
                self._deliver(happening)
        return [self._told(message) for message in self._sent]

    def _told(self, message: dict[str, Any]) -> str:
        words = message["words"]
        if message["action"] == "send_message":
            return str(words["text"])
        line = InboundEvent.objects.filter(uid=words.get("message_id", "")).first()
        return f"{message['action']}: {line.text if line else words['username']}"


@pytest.fixture
def write(
    deliver: Callable[..., None], sent: list[dict[str, Any]], django_capture_on_commit_callbacks: Any,
    viewer: Callable[..., Viewer],
) -> Chat:  # fmt: skip
    viewer("Bob", points=100)
    purchase.seed()
    return Chat(deliver, sent, django_capture_on_commit_callbacks)


def waiting(name: str = "bob") -> list[str]:
    return list(
        QueueItem.objects.filter(viewer__key=name, state__in=(State.PENDING, State.WAITING)).values_list(
            "title", flat=True
        )
    )


def test_what_the_filters_find_in_odd_lines() -> None:
    allowed = links.allowed_sites("https://www.YouTube.com/watch\n\n")
    assert {line: links.first_link(line, allowed) for line in LINKS} == LINKS
    phrases, parts = filters.words_of(LISTED)
    of_words = Filter(1, "words", phrases=phrases, parts=parts)
    assert {line: filters.found_in(of_words, line).strip("“”") for line in WORDS} == WORDS
    assert {line: filters.capitals(line) for line in CAPITALS} == CAPITALS
    assert {line: filters.most_repeats(line) for line in REPEATS} == REPEATS
    assert filters.found_in(Filter(1, "length", limit=3), "four") and not filters.found_in(
        Filter(1, "length", limit=3), "abc"
    )
    assert len({*LINKS, *WORDS, *CAPITALS, *REPEATS}) >= 200


@pytest.mark.alone  # it measures processor time
def test_no_line_takes_a_filter_long() -> None:
    phrases, parts = filters.words_of("\n".join(f"*a{number}*\nbad {number}" for number in range(400)))
    many = links.allowed_sites("\n".join(f"a{number}.com" for number in range(400)))
    kinds = [Filter(1, kind, limit=10**6, allowed=many, phrases=phrases, parts=parts) for kind in FilterKind.values]
    for fragment in FRAGMENTS:
        line = fragment * ((4000 - 4) // len(fragment))
        began = time.process_time()
        for one in kinds:
            filters.found_in(one, line)
            filters.found_in(one, f"{line.rstrip('.')}.com")
        assert time.process_time() - began < BUDGET, fragment


def test_a_line_is_deleted_with_its_command_its_reactions_and_what_its_author_waits_for(
    write: Chat, shown: list[dict[str, Any]], stage: None
) -> None:
    Reaction.objects.create(occasion="word", subject="evil.com", match="contains", lines="yes")
    assert write("Bob", "!tts hello") and waiting() and POINTS_LEDGER.amount_of(Viewer.objects.get(key="bob").pk) < 100
    made("links", allowed="youtube.com")
    Cooldown.objects.all().delete()
    shown.clear()
    before = POINTS_LEDGER.amount_of(Viewer.objects.get(key="bob").pk)
    said = write("Bob", "!tts look at evil.com")
    paid = 100 - before
    assert said[0] == "delete_message: !tts look at evil.com"
    assert said[1:] == [
        f"@Bob sorry, that did not happen: a line of yours was taken out of chat, or you were muted. Your {paid} points are back.",
        "@Bob no links here, please. Your line was deleted.",
    ]
    assert not waiting() and QueueItem.objects.get().state == State.CANCELLED
    assert POINTS_LEDGER.amount_of(Viewer.objects.get(key="bob").pk) == 100
    # It is on no overlay: neither now nor on a page that is opened later.
    assert [event["kind"] for event in shown] == ["message_deleted"]
    assert [fact.text for fact in overlay_facts.latest(["new_message"], 9, None)] == ["!tts hello"]
    # Told once in half a minute; allowed links pass, and their commands run.
    assert write("Bob", "evil.com", "nice") == ["delete_message: evil.com"]
    assert write("Bob", "!tts youtube.com") and waiting()
    assert [(line.action, line.dry_run) for line in ModeratedLine.objects.all()] == [("delete", False)] * 2


def test_who_is_exempt_and_who_is_not(write: Chat, viewer: Callable[..., Viewer]) -> None:
    row = made("words", words="darn")
    for name in ("Mo", "Fox"):
        assert write(name, "darn") == []
    assert write("Sue", "darn") and write("Bob", "darn")
    ChatFilter.objects.update(exempt_role=2, exempt_level=5)
    assert write("Sue", "darn") == [] and write("Bob", "darn") == ["delete_message: darn"]
    xp.award(Viewer.objects.get(key="bob"), 50_000, source="test", reference="t")
    assert write("Bob", "darn") == []
    ChatFilter.objects.update(exempt_role=1, exempt_level=0)
    assert write("Bob", "darn") == ["delete_message: darn"]
    Viewer.objects.update(is_follower=True)
    assert write("Bob", "darn") == []
    row.delete()
    assert write("Ann", "darn") == []


def test_a_dry_run_and_a_filter_that_is_off_do_nothing_but_the_first_is_listed(write: Chat) -> None:
    rules.seed()
    rules.seed()
    assert list(ChatFilter.objects.values_list("kind", "enabled", "dry_run")) == [
        (k, False, True) for k in FilterKind.values
    ]
    assert write("Bob", "evil.com") == [] and not ModeratedLine.objects.exists()
    ChatFilter.objects.filter(kind="links").update(enabled=True, action="mute")
    assert write("Bob", "evil.com !", "!points evil.com")[0].startswith("@Bob")
    assert list(ModeratedLine.objects.values_list("action", "dry_run")) == [("mute", True)] * 2
    assert len(overlay_facts.latest(["new_message"], 9, None)) == 3


def test_the_strongest_of_several_acts_and_a_muted_author_goes_from_the_screen(
    write: Chat, shown: list[dict[str, Any]]
) -> None:
    made("length", limit=5, action="warn")
    made("words", words="darn", action="mute")
    made("capitals", action="delete")
    assert write("Bob", "short", "longer") == ["@Bob shorter lines, please."]
    assert [event["kind"] for event in shown] == ["new_message"] * 2
    assert write("Bob", "DARN DARN DARN") == ["mute_user: DARN DARN DARN"]
    assert [event["kind"] for event in shown[2:]] == ["author_muted", "user_muted"]
    assert shown[-1]["username"] == "Bob" and overlay_facts.latest(["new_message"], 9, None) == []
    assert write("Ann", "hi") == [] and len(overlay_facts.latest(["new_message"], 9, None)) == 1


def test_equal_lines_are_a_flood_from_the_third_on_and_commands_are_none(
    write: Chat, deliver: Callable[..., None]
) -> None:
    made("flood", limit=3, seconds=30)
    same = ["hi"] * 4 + ["!items"] * 4
    assert write("Bob", "buy now", "BUY  now", *same) == ["@Bob you have no items yet."]
    assert write("Ann", "b\u200buy now")[0] == "delete_message: b\u200buy now"
    InboundEvent.objects.update(received_at=timezone.now() - timedelta(seconds=31))
    assert write("Ann", "buy now") == []
    # In one batch, those that come later do not count.
    ModeratedLine.objects.all().delete()
    deliver(*(chat(f"Raider{number}", "we are here") for number in range(5)))
    assert ModeratedLine.objects.count() == 3


def test_a_permit_lets_one_link_pass(write: Chat) -> None:
    made("links")
    assert write("Bob", "!permit Bob") == ["@Bob !permit is for moderators."]
    assert write("Mo", "!permit Bob") == ["@Mo Bob may write one link within 60 seconds."]
    assert write("Bob", "hello", "evil.com") == []
    assert write("Bob", "evil.com")[0] == "delete_message: evil.com"
    write("Mo", "!permit @bob")
    Cooldown.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert write("Bob", "evil.com")[0] == "delete_message: evil.com"


def test_moderators_mute_unmute_and_purge_in_chat(write: Chat, stage: None) -> None:
    assert write("Bob", "!mute Mo") == ["@Bob !mute is for moderators."]
    assert write("Mo", "!mute Bob") == ["mute_user: !mute Mo", "@Mo Bob is muted."]
    write("Bob", "one", "two", "!tts hello")
    assert waiting() == ["hello"] or waiting()
    ModeratedLine.objects.all().delete()
    said = write("Mo", "!purge Bob")
    assert [line.partition(": ")[2] for line in said if line.startswith("delete")] == [
        "!tts hello",
        "two",
        "one",
        "!mute Mo",
    ]
    assert said[-1] == "@Mo 4 lines of Bob are deleted." and not waiting()
    assert write("Mo", "!purge Bob") == ["@Mo there is no line of Bob to delete."]
    assert write("Mo", "!unmute @Bob", "!unmute") == [
        "unmute_user: Bob", "@Mo Bob may write again.", "@Mo write it like this: !unmute VIEWER.",
    ]  # fmt: skip
    InboundEvent.objects.all().delete()
    Cooldown.objects.all().delete()
    assert write("Mo", "!mute Bob") == ["@Mo I have no line of Bob, and Joystick.tv mutes by a line."]


def test_who_writes_by_several_names_is_moderated_by_each(write: Chat, viewer: Callable[..., Viewer]) -> None:
    alt = viewer("Alt")
    write("Alt", "what a night")
    write("Bob", "a nice line")
    merging.merge(alt, Viewer.objects.get(key="bob"))
    assert write("Mo", "!mute Alt") == ["mute_user: what a night", "@Mo Alt is muted."]
    write("Alt", "buy followers")
    assert write("Mo", "!mute Bob") == ["mute_user: a nice line", "@Mo Bob is muted."]
    ModeratedLine.objects.all().delete()
    write("Mo", "!quote last Bob")
    assert Quote.objects.get().text == "buy followers"
    assert write("Mo", "!purge Bob")[:3] == [
        "delete_message: buy followers", "delete_message: a nice line", "delete_message: what a night",
    ]  # fmt: skip


def test_a_flood_is_none_the_less_for_an_exclamation_mark(write: Chat) -> None:
    made("flood", limit=3)
    for line in ("!!! buy followers at my site", "! buy followers at my site"):
        assert write("Bob", line, line, line)[-2:][0] == f"delete_message: {line}"
    assert write("Bob", *["!points"] * 5)[0].startswith("@Bob you have")


def test_a_mute_that_joystick_tells_of_takes_items_out_once_unless_it_names_a_moderator(
    write: Chat, stage: None
) -> None:
    write("Bob", "!tts hello")
    write("Mo", "hi")
    bob = Viewer.objects.get(key="bob")
    mo = QueueItem.objects.create(
        kind="speak", lane="tts", viewer=Viewer.objects.get(key="mo"), title="mo's", payload={"text": "x"}
    )
    muted = [Happening("user_muted", name, f"{name} was muted", {"who": name}) for name in ("Bob", "Mo", "Nobody", "")]
    assert write.happens(*muted)[0].startswith("@Bob sorry, that did not happen")
    assert waiting() == [] and waiting("mo") == [mo.title]
    assert POINTS_LEDGER.amount_of(bob.pk) == 100 and write.happens(Happening("user_muted", "Bob")) == []
    unmuted = Mute(uid="1", kind="user_unmuted", username="Bob")
    assert on_mute(unmuted, Rules.current()) == NOTHING


def test_where_the_scope_is_missing_it_is_named_and_the_author_is_only_told(write: Chat, stage: None) -> None:
    write("Bob", "!tts hello")
    channel = InboundEvent.objects.get(text="!tts hello").channel_id
    Install.objects.filter(channel_id=channel).update(access_token="x", scopes="chat:read chat:write")
    made("links")
    said = write("Bob", "!tts evil.com")
    assert said[-1] == "@Bob no links here, please." and not waiting() and len(said) == 2
    assert "chat:moderate is missing" in ModeratedLine.objects.get().failure
    for line, scope in (("!mute Bob", "chat:moderate"), ("!purge Bob", "chat:moderate"), ("!title x", "stream:manage")):
        Cooldown.objects.all().delete()
        assert write("Mo", line)[0].startswith(f"@Mo the scope {scope} is missing: add it to JOYSTICK_SCOPES")
