"""The built-in commands as rows: switched off, renamed, for others, and answered by whisper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from economy.ledger.currencies import POINTS_LEDGER
from economy.models import Cooldown, Viewer
from economy.settings_table import casefolded
from economy.viewers import forgetting
from economy.viewers.roles import Role
from effects.models import QueueItem, State
from joystick.chat import built_in
from joystick.models import BuiltInCommand, Install
from joystick.registry import commands
from joystick.simulator.happenings import CHANNEL_ID, chat
from redeems import purchase
from redeems.models import Redeem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_force() -> Iterator[None]:
    purchase.seed()
    built_in.seed()
    built_in.follow_rows()
    yield
    built_in.words.use(None)


@pytest.fixture
def ask(
    viewer: Callable[..., Viewer],
    deliver: Callable[..., None],
    said: list[str],
    django_capture_on_commit_callbacks: Any,
) -> Callable[..., list[str]]:
    viewer("Bob", points=100)

    def type_it(text: str, *badges: str, keep_cooldowns: bool = False) -> list[str]:
        said.clear()
        if not keep_cooldowns:
            Cooldown.objects.all().delete()
        built_in.words.read_again()
        with django_capture_on_commit_callbacks(execute=True):
            deliver(chat("Bob", text, *badges))
        return list(said)

    return type_it


def change(key: str, **fields: Any) -> None:
    assert BuiltInCommand.objects.filter(key=key).update(**fields) == 1


def save(client: Client, key: str, **fields: Any) -> str:
    row = BuiltInCommand.objects.get(key=key)
    form = {
        "enabled": "on",
        "word": row.word,
        "aliases": row.aliases,
        "role": row.role,
        "cooldown_seconds": "",
        "global_cooldown_seconds": 0,
        "is_listed": "on",
    }
    page = client.post(f"/admin/joystick/builtincommand/{row.pk}/change/", {**form, **fields}, follow=True)
    return page.content.decode()


def test_each_command_has_a_row_like_its_code() -> None:
    as_in_code = built_in.as_in_code()
    assert built_in.current() == as_in_code
    assert BuiltInCommand.objects.count() == len(commands.values())
    change("points", word="coins")
    built_in.seed()
    assert BuiltInCommand.objects.get(key="points").word == "coins"


def test_one_that_is_off_is_unknown(ask: Callable[..., list[str]]) -> None:
    change("points", enabled=False)
    assert ask("!points") == []
    assert ask("!balance") == []
    (everything,) = ask("!help")
    assert "!points" not in everything and "!level" in everything


def test_it_answers_to_its_new_words_alone(ask: Callable[..., list[str]]) -> None:
    change("points", word="coins", aliases="cash money")
    for word in ("!coins", "!cash", "!money", "!points"):
        # !points is still the name of several points, by which the balance is always asked.
        assert ask(word) == ["@Bob you have 100 points."], word
    assert ask("!balance") == []
    assert ask("!help coins") == ["@Bob !coins [VIEWER]: how many points you have, or another viewer has."]
    (everything,) = ask("!help")
    assert "!coins" in everything and "!points" not in everything


def test_how_it_is_written_names_the_new_word(ask: Callable[..., list[str]]) -> None:
    change("give", word="hand")
    assert ask("!hand") == ["@Bob write it like this: !hand VIEWER N."]
    assert ask("!hnad 3") == ["@Bob I don't know !hnad. Did you mean !hand?"]


def test_a_guess_names_nothing_that_the_viewer_may_not_use_or_that_is_not_listed(ask: Callable[..., list[str]]) -> None:
    assert ask("!addpoint") == []
    assert ask("!addpoint", "mod") == ["@Bob I don't know !addpoint. Did you mean !addpoints?"]
    assert ask("!oddz") == ["@Bob I don't know !oddz. Did you mean !odds?"]
    change("odds", is_listed=False)
    assert ask("!oddz") == []


def test_role_and_cooldowns_are_the_rows(ask: Callable[..., list[str]], settings: Any) -> None:
    settings.COMMAND_COOLDOWN_SECONDS = 0
    change("level", role=Role.MODERATOR)
    assert ask("!level") == ["@Bob !level is for moderators."]
    change("points", cooldown_seconds=60)
    assert ask("!points") and ask("!points", keep_cooldowns=True) == []
    change("points", word="coins")
    assert ask("!coins", keep_cooldowns=True) == []  # another word is no way round the cooldown


@pytest.mark.parametrize("scope", ["chat:write", "chat:write chat:whisper:write"])
def test_an_answer_is_whispered_where_the_bot_may(ask: Callable[..., list[str]], scope: str) -> None:
    change("points", is_whispered=True)
    Install.objects.update_or_create(channel_id=CHANNEL_ID, defaults={"access_token": "x", "scopes": scope})
    whisper = "whisper" in scope
    assert ask("!points") == ["(to Bob) you have 100 points." if whisper else "@Bob you have 100 points."]


def test_help_leaves_out_what_is_not_to_be_listed(ask: Callable[..., list[str]]) -> None:
    change("odds", is_listed=False)
    (everything,) = ask("!help")
    assert "!odds" not in everything
    assert ask("!odds")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"word": "give"}, "!give is taken: it is a word of the command !give."),
        ({"word": "inventory"}, "!inventory is taken: it is a word of the command !items."),
        ({"word": "tts"}, "!tts is taken: it is a redeem."),
        ({"word": "tip"}, "!tip is taken: Joystick.tv itself answers it."),
        ({"aliases": "fine !hug, giphy"}, "!giphy is taken: Joystick.tv itself answers it."),
        ({"aliases": "no-word"}, "“no-word” is no word: letters, digits and _ alone."),
        ({"word": "two words"}, "One word, without the !."),
    ],
)
def test_a_word_that_is_taken_is_refused_with_whose_it_is(
    admin_client: Client, fields: dict[str, str], sentence: str
) -> None:
    assert sentence in save(admin_client, "points", **fields).replace("&#x27;", "'")
    assert BuiltInCommand.objects.get(key="points").word == "points"


def test_what_moves_points_or_stops_the_show_stays_with_moderators(admin_client: Client) -> None:
    assert "it is for moderators at least" in save(admin_client, "panic", role=Role.EVERYONE)
    assert BuiltInCommand.objects.get(key="panic").role == Role.MODERATOR
    save(admin_client, "panic", role=Role.STREAMER)
    assert BuiltInCommand.objects.get(key="panic").role == Role.STREAMER


def test_a_saved_row_is_in_force_at_once(
    admin_client: Client, ask: Callable[..., list[str]], django_capture_on_commit_callbacks: Any
) -> None:
    assert "coins" not in built_in.current()
    with django_capture_on_commit_callbacks(execute=True):
        save(admin_client, "points", word="Coins", aliases="Cash,!cash")
    assert built_in.current()["coins"] == built_in.current()["cash"]
    row = BuiltInCommand.objects.get(key="points")
    assert (row.word, row.aliases) == ("coins", "cash")
    assert ask("!COINS") == ["@Bob you have 100 points."]


def test_no_redeem_can_have_the_word_of_a_command_be_it_off_or_renamed(admin_client: Client) -> None:
    change("points", word="coins", aliases="", enabled=False)
    built_in.words.read_again()
    effects = '[{"kind": "alert", "text": "hi"}]'
    for key, is_taken in (("coins", True), ("level", True), ("tip", True), ("hug", False)):
        form = {"key": key, "title": "T", "cost": 1, "pricing": "fixed", "effects": effects, "least_role": 0}
        more = {"least_level": 1, "approval": "none", "priority": 0, "seconds": 15, "global_cooldown_seconds": 0}
        admin_client.post("/admin/redeems/redeem/add/", {**form, **more})
        assert Redeem.objects.filter(key=key).exists() != is_taken, key


def test_it_can_be_neither_added_nor_deleted(admin_client: Client) -> None:
    assert admin_client.get("/admin/joystick/builtincommand/add/").status_code == 403
    row = BuiltInCommand.objects.get(key="points")
    assert admin_client.post(f"/admin/joystick/builtincommand/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "how many points you have" in admin_client.get("/admin/joystick/builtincommand/").content.decode()


def test_a_refusal_is_whispered_where_the_answer_is(ask: Callable[..., list[str]]) -> None:
    Install.objects.create(channel_id=CHANNEL_ID, access_token="x", scopes="chat:write chat:whisper:write")
    change("give", is_whispered=True)
    assert ask("!give Bob 1000")[0].startswith("(to Bob)")


def test_panic_names_calm_as_it_is_called_now(ask: Callable[..., list[str]]) -> None:
    change("calm", word="easy")
    assert ask("!panic", "mod")[0].endswith("Use !easy to go on.")


@pytest.mark.usefixtures("stage")
def test_who_is_forgotten_has_nothing_bought_that_waits(ask: Callable[..., list[str]]) -> None:
    Redeem.objects.filter(key="tts").update(approval="always")
    ask("!tts my address is Foo")
    forgetting.forget(Viewer.objects.get(key="bob"))
    item = QueueItem.objects.get()
    assert item.state == State.CANCELLED and "Foo" not in str(QueueItem.objects.values().get())
    assert POINTS_LEDGER.amount_of(item.viewer_id or 0) == 100


def test_names_of_the_excluded_may_be_written_with_an_at() -> None:
    assert casefolded(frozenset({"@Gwen", "Hugo"})) == {"gwen", "hugo"}
