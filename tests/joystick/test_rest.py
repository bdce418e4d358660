"""The REST API: each call, its scope, and what goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from joystick.account import rest, tokens
from joystick.channel import actions, catch_up
from joystick.models import Install, Stream
from joystick.simulator.happenings import CHANNEL_ID
from joystick.simulator.site import Site
from pixelbot_site.kit.errors import Failed
from tests.processes import free_port

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_stream_with_title_and_tags(site: Site, install: Install) -> None:
    state = rest.stream(install)
    assert (state.live, state.live_at, state.title, state.tags) == (
        False,
        None,
        site.channel.title,
        ("music", "chatting"),
    )
    site.channel.set_live(True)
    assert rest.stream(install).live_at == site.channel.live_at


def test_title_tags_and_welcome_are_changed_one_by_one(site: Site, install: Install) -> None:
    assert rest.update_stream(install, title="New title").title == "New title"
    assert rest.update_stream(install, tags=["a", "b"]).tags == ("a", "b")
    rest.update_stream(install, welcome="hello")
    assert (site.channel.title, site.channel.tags, site.channel.welcome) == ("New title", ["a", "b"], "hello")


@pytest.mark.parametrize("people", ["followers", "subscribers", "moderators"])
def test_lists_of_people_come_complete_over_all_pages(site: Site, install: Install, people: str) -> None:
    names = [f"viewer{number}" for number in range(250)]
    setattr(site.channel, people, names)
    found: list[str] = []
    page: Any = 1
    while page is not None:
        some, page = rest.usernames(install, people, page)
        found += some
    assert found == names
    setattr(site.channel, people, [])
    assert rest.usernames(install, people) == ([], None)


def test_banned_words(site: Site, install: Install) -> None:
    rest.ban_word(install, "spoiler")
    assert rest.banned_words(install) == ["spoiler"]
    rest.allow_word(install, "spoiler")
    assert rest.banned_words(install) == []


@pytest.mark.parametrize(
    ("call", "scope"),
    [
        (lambda install: rest.stream(install), "stream:read"),
        (lambda install: rest.update_stream(install, title="x"), "stream:manage"),
        (lambda install: rest.usernames(install, "followers"), "followers:read"),
        (lambda install: rest.usernames(install, "subscribers"), "subscribers:read"),
        (lambda install: rest.usernames(install, "moderators"), "moderators:read"),
        (lambda install: rest.banned_words(install), "stream:manage"),
        (lambda install: rest.ban_word(install, "x"), "stream:manage"),
        (lambda install: rest.allow_word(install, "x"), "stream:manage"),
        (lambda install: actions.say("x"), "chat:write"),
        (lambda install: actions.whisper("x", "y"), "chat:whisper:write"),
        (lambda install: actions.delete_message("x"), "chat:moderate"),
        (lambda install: actions.mute("x"), "chat:moderate"),
        (lambda install: actions.unmute("x"), "chat:moderate"),
    ],
)
def test_a_missing_scope_is_said_before_anything_is_asked(site: Site, install: Install, call: Any, scope: str) -> None:
    install.scopes = " ".join(set(install.scopes.split()) - {scope})
    install.save()
    asked = len(site.requests)
    with pytest.raises(Failed, match=f"the scope {scope} is missing"):
        call(install)
    assert len(site.requests) == asked


def test_a_scope_that_the_platform_took_away_is_its_sentence(site: Site, install: Install) -> None:
    site.accounts._installations[0].scope = "identity:read"
    with pytest.raises(Failed, match="refused GET /me/stream: HTTP 403"):
        rest.stream(install)


def test_an_expired_token_is_renewed_once_and_the_call_repeated(site: Site, install: Install) -> None:
    site.accounts.expire_access_tokens()
    assert rest.stream(install).title
    assert site.accounts.refreshes == 1


def test_a_revoked_channel_is_said(site: Site, install: Install) -> None:
    site.accounts.revoke_all()
    with pytest.raises(Failed, match="connect the channel again"):
        rest.stream(install)


def test_a_platform_that_is_away_is_said(install: Install, settings: Any) -> None:
    settings.JOYSTICK_API_URL = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Failed, match="did not answer GET /me/stream"):
        rest.stream(install)


def test_whose_token_it_is(install: Install) -> None:
    who = rest.identity(tokens.access_token(install))
    assert (who.channel_id, who.username) == (CHANNEL_ID, "HarbourFox")


def test_after_a_gap_the_stream_is_opened_and_closed_as_the_platform_says(site: Site, install: Install) -> None:
    site.channel.set_live(True)
    catch_up.catch_up()
    assert Stream.objects.get().started_at == site.channel.live_at
    site.channel.set_live(False)
    catch_up.catch_up()
    assert Stream.objects.get().ended_at is not None
