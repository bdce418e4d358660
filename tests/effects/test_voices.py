"""Voices are chosen from those that are installed, wherever one is chosen; what is stored and missing stays, marked."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client

from economy.models import Viewer
from effects import voice
from effects.models import ViewerVoice
from effects.voice import child
from pixelbot_site.index import lamps
from pixelbot_site.kit.voice_fields import VoiceChecks, VoiceSelect
from pixelbot_site.kit.voices import Voice, Voices, installed
from redeems.models import Redeem

pytestmark = pytest.mark.django_db

SETTINGS = "/admin/settings/"
MARKUP = '"><b>gone</b>'
HEAR = "/admin/effects/speechsource/hear/"


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """What was listed or spoken before is forgotten."""
    cache.clear()
    yield
    cache.clear()


def options(page: str, name: str) -> dict[str, str]:
    """Return what a list of voices offers, and by "chosen" what is chosen."""
    found = re.search(rf'<select data-voices[^>]* name="{name}"[^>]*>(.*?)</select>', page, re.DOTALL)
    assert found, f"{name} is no list of voices"
    entries = re.findall(r'<option value="([^"]*)"( selected)?>(.*?)</option>', found[1])
    assert len(entries) > 2
    return {value: text for value, _, text in entries} | {"chosen": next((v for v, on, _ in entries if on), "")}


def boxes(page: str) -> dict[str, bool]:
    """Return the boxes of the voices of viewers, and which are ticked."""
    found = re.findall(r'<input type="checkbox" name="TTS_VIEWER_VOICES" value="([^"]*)"( checked)?>', page)
    return {value: bool(checked) for value, checked in found}


def test_the_machines_own_voices_are_listed() -> None:
    found = installed()
    assert found.engine == "pyttsx3" and len(found.known) > 1 and not found.reason
    assert len({each.id for each in found.known}) == len(found.known)
    if sys.platform == "linux":
        assert Voice("gmw/de", "German", "de") in found.known


@pytest.mark.skipif(sys.platform != "linux", reason="the names of espeak-ng's voices")
def test_what_is_listed_speaks_differently(tmp_path: Path) -> None:
    sounds = {}
    for name in ("gmw/de", "roa/fr", "gmw/en-us"):
        path = tmp_path / f"{name[-2:]}.wav"
        child.speak_with_pyttsx3(text="Guten Abend, one two three", path=str(path), voice=name, rate=170, model="")
        sounds[name] = path.read_bytes()
    assert len(set(sounds.values())) == 3


def test_they_are_asked_for_once_a_minute_and_anew_for_another_engine(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = voice._asked

    def counting(name: str) -> Voices:
        asked.append(name)
        return real(name)

    monkeypatch.setattr(voice, "_asked", counting)
    assert installed() == installed()
    settings.TTS_ENGINE = "browser"
    assert installed() == Voices("browser", is_browsers=True)
    settings.TTS_ENGINE = "none"
    assert installed() == Voices("none")
    assert asked == ["pyttsx3", "browser", "none"]


def test_pipers_voices_lie_beside_the_one_of_the_settings(settings: Any, tmp_path: Path) -> None:
    for name in ("en_US-amy-low.onnx", "de_DE-thorsten-high.onnx", "de_DE-thorsten-high.onnx.json", "readme.txt"):
        (tmp_path / name).write_text("")
    settings.TTS_ENGINE, settings.TTS_PIPER_MODEL = "piper", str(tmp_path / "en_US-amy-low.onnx")
    assert [str(each) for each in installed().known] == ["de_DE-thorsten-high, de_DE", "en_US-amy-low, en_US"]
    assert installed().known[0].id == str(tmp_path / "de_DE-thorsten-high.onnx")


def test_where_they_can_not_be_listed_the_reason_is_shown_and_nothing_is_called_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = voice.Studio([sys.executable, "-c", ""])
    monkeypatch.setattr(voice, "studio", lambda: broken)
    page = str(VoiceSelect().render("voice", "my voice"))
    assert "The voices could not be listed: the voice can&#x27;t start: exit code 0." in page
    assert '<option value="my voice" selected>my voice</option>' in page and "not installed" not in page


def test_each_place_offers_the_voices_and_keeps_what_is_missing(
    admin_client: Client, viewer: Callable[..., Viewer], settings: Any
) -> None:
    settings.TTS_VOICE = MARKUP
    row = ViewerVoice.objects.create(viewer=viewer("Bob"), voice=MARKUP)
    redeem = Redeem.objects.create(key="shout", title="Shout", cost=1, voice=MARKUP, effects=[{"kind": "spin_wheel"}])
    pages = {
        SETTINGS: "TTS_VOICE",
        "/admin/effects/viewervoice/": "form-0-voice",
        f"/admin/effects/viewervoice/{row.pk}/change/": "voice",
        f"/admin/redeems/redeem/{redeem.pk}/change/": "voice",
    }
    for address, name in pages.items():
        page = admin_client.get(address).text
        offered = options(page, name)
        assert offered["chosen"] == "&quot;&gt;&lt;b&gt;gone&lt;/b&gt;", address
        assert offered[offered["chosen"]].endswith("gone&lt;/b&gt; (not installed)")
        assert {each.id for each in installed().known} <= set(offered)
        assert "is not installed here" in page and MARKUP not in page and "voices.js" in page
    assert options(admin_client.get(HEAR).text, "voice")["chosen"] == ""


def test_saving_other_things_keeps_a_missing_voice_and_choosing_replaces_it(
    admin_client: Client, settings: Any
) -> None:
    known = installed().known[0].id
    form = {"effects": "[]", "title": "Speak", "pricing": "fixed", "cost": "7", "priority": "0", "seconds": "15"}
    row = Redeem.objects.get_or_create(key="tts", defaults={"title": "Speak", "cost": 1})[0]
    Redeem.objects.filter(pk=row.pk).update(voice="gone")
    page = admin_client.get(f"/admin/redeems/redeem/{row.pk}/change/")
    shown = {name: value for name, value in page.context["adminform"].form.initial.items() if value not in (None, "")}
    shown = {name: value for name, value in shown.items() if value is not False and value != []}
    for chosen in ("gone", known):
        admin_client.post(f"/admin/redeems/redeem/{row.pk}/change/", {**shown, **form, "voice": chosen})
        row.refresh_from_db()
        assert (row.voice, row.cost) == (chosen, 7)


def test_the_voices_of_viewers_are_ticked_and_what_is_stored_comes_first(admin_client: Client, settings: Any) -> None:
    settings.TTS_VIEWER_VOICES = ("gone", installed().known[1].id)
    shown = boxes(admin_client.get(SETTINGS).text)
    assert list(shown.items())[:2] == [("gone", True), (installed().known[1].id, True)]
    assert sum(shown.values()) == 2 and len(shown) == len(installed().known) + 1
    assert admin_client.get(SETTINGS).text.count("gone (not installed)") == 1


def test_a_voice_that_is_stored_by_its_language_is_not_missing() -> None:
    found = Voices("pyttsx3", (Voice("gmw/de", "German", "de"), Voice("roa/fr", "French", "fr")))
    assert [found.lacks(text) for text in ("DE", "german", "gmw/de", "", "nl")] == [False] * 4 + [True]
    assert list(found.options(["de"]))[:2] == [("de", "German, de"), ("gmw/de", "German, de")]


def test_the_lamp_names_a_voice_of_the_settings_that_is_not_installed(stage: None, settings: Any) -> None:
    def sentence() -> str:
        return next(lamp for lamp in lamps.lamps() if lamp.key == "voice").sentences[0]

    settings.TTS_ENGINE = "pyttsx3"
    settings.TTS_VOICE = installed().known[0].id
    assert "not installed" not in sentence()
    settings.TTS_VIEWER_VOICES = ("gone",)
    assert sentence() == "The voice “gone” of the settings is not installed here: another one speaks, or none."


def test_a_button_gets_the_address_of_what_it_plays_or_the_reason(admin_client: Client) -> None:
    form = {"text": "Good evening", "voice": installed().known[0].id}
    answer = admin_client.post(HEAR, form, headers={"accept": "application/json"}).json()
    assert admin_client.get(answer["address"])["Content-Type"] == "audio/wav" and answer["reason"] == ""
    answer = admin_client.post(HEAR, form, headers={"accept": "application/json"}).json()
    assert answer == {"address": None, "reason": "Wait 2 seconds between two texts."}


def test_several_voices_are_one_text() -> None:
    posted = QueryDict("voices=de&voices=fr")
    assert VoiceChecks().value_from_datadict(posted, {}, "voices") == "de,fr"
