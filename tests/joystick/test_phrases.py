"""What the bot says: in another language, in the streamer's words, or not at all."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from economy.models import Cooldown, Viewer
from effects.models import QueueItem, State
from effects.queue import items, worker
from effects.registry import get_kind
from joystick.simulator.happenings import chat
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.phrases import stopped
from pixelbot_site.kit.words import fill, names
from pixelbot_site.languages import texts
from pixelbot_site.models import PhraseText
from redeems import purchase
from redeems.models import Redeem

pytestmark = pytest.mark.django_db

LANGUAGES = ("de", "es")
ROOT = Path(__file__).parents[2]
# What says something to viewers.
SPEAKING = (
    "joystick/chat/*.py",
    "joystick/chat/commands/*.py",
    "joystick/chat/dispatch.py",
    "joystick/registry.py",
    "redeems/catalog/*.py",
    "redeems/purchase.py",
    "redeems/choices.py",
    "effects/queue/refunds.py",
    "effects/queue/upkeep/rescue.py",
    "effects/library/*.py",
    "effects/outside/*.py",
    "effects/overlays/pages.py",
    "effects/obs/actions.py",
    "effects/obs/health.py",
    "effects/voice/speech.py",
    "economy/ledger/points.py",
    "economy/viewers/inventory.py",
)


@pytest.fixture
def in_force() -> Iterator[None]:
    texts.seed()
    texts.follow_rows()
    yield
    phrases.book.use(None)


@pytest.fixture
def ask(
    in_force: None,
    viewer: Callable[..., Viewer],
    deliver: Callable[..., None],
    said: list[str],
    django_capture_on_commit_callbacks: Any,
) -> Callable[..., list[str]]:
    viewer("Bob", points=100)
    viewer("Ann", points=1)
    purchase.seed()

    def type_it(text: str) -> list[str]:
        said.clear()
        Cooldown.objects.all().delete()
        phrases.book.read_again()
        with django_capture_on_commit_callbacks(execute=True):
            deliver(chat("Bob", text))
        return list(said)

    return type_it


def own(key: str, text: str = "", *, is_off: bool = False) -> None:
    assert PhraseText.objects.filter(key=key).update(text=text, is_off=is_off) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_every_phrase_with_all_that_is_filled_in(language: str) -> None:
    translated = texts.translated(language)
    assert sorted(translated) == list(phrases.phrases)
    everywhere = {"point.name", "points.name"}
    for key, phrase in phrases.phrases.items():
        text = translated[key]
        assert phrase.placeholders - everywhere == names(text) - everywhere, key
        assert text and text == text.strip()
        filled = fill(text, dict.fromkeys(phrase.placeholders, 2))
        assert "{" not in filled and "}" not in filled and "|" not in filled, key
        # Refusals get their full stop from whoever says them.
        assert text.endswith(".") == phrase.text.endswith("."), key


@pytest.mark.journey
def test_every_phrase_is_known_to_each_process() -> None:
    declared = set()
    for package in ("economy", "effects", "joystick", "redeems"):
        for path in (ROOT / package).rglob("*.py"):
            declared |= set(
                re.findall(r'phrases\.(?:answer|result|refusal|news)\(\s*"([\w.]+)"', path.read_text("utf-8"))
            )
    command = [
        sys.executable,
        "-c",
        "import django; django.setup(); from pixelbot_site.kit.phrases import phrases; print(*phrases)",
    ]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings"}
    known = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(declared) > 100
    assert declared <= set(known)


def test_a_refusal_is_no_whole_sentence() -> None:
    for key, phrase in phrases.phrases.items():
        if phrase.kind == phrases.Kind.REFUSAL and not key.startswith("refund."):
            assert not phrase.text.endswith("."), key


@pytest.mark.parametrize(
    ("language", "line", "answer"),
    [
        ("de", "!points", "@Bob du hast 100 Punkte."),
        ("de", "!points Ann", "@Bob Ann hat 1 Punkt."),
        ("de", "!punkte", "@Bob du hast 100 Punkte."),
        ("de", "!give Ann 101", "@Bob dir fehlt 1 Punkt (du hast 100)."),
        ("de", "!addpoints Ann 5", "@Bob !addpoints ist für Moderatoren."),
        ("de", "!help give", "@Bob !give NAME ZAHL: gibt jemandem von deinen Punkte."),
        ("es", "!points", "@Bob tienes 100 puntos."),
        ("es", "!give Ann 200", "@Bob te faltan 100 puntos (tienes 100)."),
        ("es", "!queue", "@Bob no espera nada."),
    ],
)
def test_the_bot_speaks_another_language(
    ask: Callable[..., list[str]], settings: Any, language: str, line: str, answer: str
) -> None:
    settings.CHAT_LANGUAGE = language
    assert ask(line) == [answer]


def test_the_streamers_name_for_points_wins_over_that_of_the_language(
    ask: Callable[..., list[str]], settings: Any
) -> None:
    settings.CHAT_LANGUAGE = "de"
    settings.POINTS_NAME, settings.POINTS_NAME_PLURAL = "Kuss", "Küsse"
    assert ask("!points") == ["@Bob du hast 100 Küsse."]
    assert ask("!give Ann 300") == ["@Bob dir fehlen 200 Küsse (du hast 100)."]


def test_an_own_text_is_said_and_wins_over_the_language(ask: Callable[..., list[str]], settings: Any) -> None:
    settings.CHAT_LANGUAGE = "de"
    own("points.own", "you own {amount}, dear!")
    assert ask("!points") == ["@Bob you own 100 Punkte, dear!"]
    own("points.own", "")
    assert ask("!points") == ["@Bob du hast 100 Punkte."]


def test_of_several_texts_each_is_said(ask: Callable[..., list[str]]) -> None:
    own("points.own", "one\n\n  two  \nthree")
    assert {tuple(ask("!points")) for _ in range(60)} == {("@Bob one",), ("@Bob two",), ("@Bob three",)}


def test_what_is_off_is_not_said(
    ask: Callable[..., list[str]], stage: None, said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    for key in ("points.own", "redeem.queued", "redeem.no_such", "refund.failed", "command.unknown"):
        own(key, is_off=True)
    assert ask("!points") == []
    assert ask("!redeem nonsense") == []
    assert ask("!pionts") == []
    assert ask("!tts hello") == []
    item = QueueItem.objects.get(kind="speak")
    with django_capture_on_commit_callbacks(execute=True):
        items.end(item, State.FAILED, "it broke")
    assert said == []
    assert ask("!points Ann") == ["@Bob Ann has 1 point."]
    assert Viewer.objects.get(key="bob").points.balance == 100  # refunded, though nothing was said


def test_a_reason_that_is_off_is_left_out_of_the_refund(
    ask: Callable[..., list[str]], stage: None, said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    own("play_sound.no_such", is_off=True)
    for error, reason in (
        (Failed(phrases.phrases.items()[0][1]()), "{user} now has {amount} ({change}). "),
        (Failed(missing_sound()), ""),
    ):
        ask("!tts hello")
        item = QueueItem.objects.filter(kind="speak", state=State.PENDING).get()
        said.clear()
        with django_capture_on_commit_callbacks(execute=True), pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(get_kind("speak")), "perform", raising(error))
            worker.drain("tts")
        assert said == [f"@Bob sorry, that did not happen: {reason}Your 25 points are back."]
        item.refresh_from_db()
        assert item.error == str(error)  # staff read it all the same


def missing_sound() -> str:
    phrase = phrases.phrases.get("play_sound.no_such")
    assert phrase is not None
    return phrase(name="x")


def raising(error: Exception) -> Callable[..., None]:
    def perform(*_: object) -> None:
        raise error

    return perform


def test_a_part_that_is_off_is_left_out(ask: Callable[..., list[str]], stage: None) -> None:
    own("redeem.left", is_off=True)
    assert ask("!tts hello") == ["@Bob done, it is in the queue."]
    own("queue.place", is_off=True)
    assert ask("!queue") == ["@Bob 1 item is waiting."]


def test_a_refusal_that_is_off_is_still_told_to_staff(
    ask: Callable[..., list[str]], admin_client: Client, stage: None
) -> None:
    own("redeem.needs_words", is_off=True)
    Redeem.objects.filter(key="tts").update(needs_text=True)
    assert ask("!tts") == []
    phrases.book.read_again()
    redeem = Redeem.objects.get(key="tts")
    page = admin_client.post(
        f"/admin/redeems/redeem/{redeem.pk}/use/", {"viewer": "Bob", "words": "", "charge": "on"}, follow=True
    )
    messages = re.findall(r"<li class=\"\w+\">(.*?)</li>", page.content.decode())
    assert messages == ["Write some words with it: !tts hello everybody."]


def test_the_form_refuses_unknown_placeholders_and_warns_of_missing_ones(
    admin_client: Client, in_force: None, django_capture_on_commit_callbacks: Any
) -> None:
    row = PhraseText.objects.get(key="give.done")
    address = f"/admin/pixelbot_site/phrasetext/{row.pk}/change/"
    assert "{amount}, {balance}, {user}, {counter}" in admin_client.get(address).content.decode()
    page = admin_client.post(address, {"text": "fine\n{amont} for {user}"})
    assert "{amont} is not filled in here. Available: {amount}, {balance}" in page.content.decode()
    page = admin_client.post(address, {"text": "x" * 501})
    assert "at most 500 characters, this one has 501" in page.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        page = admin_client.post(address, {"text": "gave {amount} {points.name} to {user}"}, follow=True)
    assert "{balance} will not be told by every text of give.done." in page.content.decode()
    assert phrases.book.current().texts["give.done"] == ("gave {amount} {points.name} to {user}",)


def test_the_list_is_searched_by_what_is_said_and_switches_off(
    admin_client: Client, in_force: None, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.CHAT_LANGUAGE = "es"
    page = admin_client.get("/admin/pixelbot_site/phrasetext/?q=no hay ningún carril").content.decode()
    assert "lane.no_such" in page and "points.own" not in page
    row = PhraseText.objects.get(key="lane.no_such")
    form = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(row.pk), "form-0-is_off": "on"}
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post("/admin/pixelbot_site/phrasetext/?q=lane.no_such", {**form, "_save": "Save"})
    assert phrases.book.current().off == {"lane.no_such"}


def test_what_a_viewer_wrote_is_never_filled_in_again(ask: Callable[..., list[str]]) -> None:
    own("help.unknown", "{name}?")
    assert ask("!help {points.name}{point.name}") == ["@Bob {points.name}{point.name}?."[:-1]]


@pytest.mark.parametrize(("text", "sentence"), [("no", "no."), ("no?", "no?"), ("no. ", "no."), ("no…", "no…")])
def test_a_fragment_gets_one_stop(text: str, sentence: str) -> None:
    assert stopped(text) == sentence


def test_whoever_speaks_to_viewers_says_phrases() -> None:
    literal = []
    for pattern in SPEAKING:
        for path in ROOT.glob(pattern):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Refused", "Failed"}:
                    literal += [f"{path.name}:{node.lineno}" for arg in node.args if _is_text(arg)]
                if isinstance(node, ast.Return) and path.parent.name == "commands" and _is_text(node.value):
                    literal.append(f"{path.name}:{node.lineno}")
    assert not literal, "a sentence for viewers is no phrase: declare it by kit.phrases"


def _is_text(node: ast.expr | None) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize(("language", "button"), [("en", "Save"), ("de", "Sichern"), ("es", "Guardar")])
def test_the_admin_speaks_the_language_of_the_dashboard(
    admin_client: Client, in_force: None, settings: Any, language: str, button: str
) -> None:
    settings.LANGUAGE_CODE = language
    translation.activate(language)
    row = PhraseText.objects.get(key="give.done")
    page = admin_client.get(f"/admin/pixelbot_site/phrasetext/{row.pk}/change/").content.decode()
    translation.deactivate()
    assert f'<html lang="{language}"' in page and f'value="{button}" class="default" name="_save"' in page
