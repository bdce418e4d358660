"""The pages for the voice, the wheel, and the list of sounds."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Callable
from contextvars import copy_context
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import numpy as np
import pytest
import soundfile
from django.contrib.admin import site
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.response import TemplateResponse
from django.test import Client
from django.utils import timezone

from economy.models import Viewer
from effects.media import sounds
from effects.models import Prize, QueueItem, Sound, SpeechSource, Spin, ViewerVoice, WheelLine, WordFilter
from effects.queue.upkeep import cleanup
from effects.voice import speech
from effects.voice.speakable import speakable

pytestmark = pytest.mark.django_db

MARKUP = "<script>alert('x')</script>"


@pytest.fixture
def fox() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    return client


def looker(*codenames: str) -> Client:
    user = get_user_model().objects.create_user("looker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def listed(rows: list[Any], **columns: list[str]) -> dict[str, str]:
    """The form of a list that is edited in place: one value of each column for each row."""
    form = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": str(len(rows)), "_save": "Save"}
    for place, row in enumerate(rows):
        form[f"form-{place}-{row._meta.pk.name}"] = str(row.pk)
        for column, values in columns.items():
            form[f"form-{place}-{column}"] = values[place]
    return form


class TestSpeechSources:
    """How speech of each source begins."""

    page = "/admin/effects/speechsource/"

    def test_every_source_has_its_row_the_wheels_too(self, fox: Client) -> None:
        speech.seed()
        rows = fox.get(self.page).context["cl"].result_list
        assert {row.name for row in rows} == {"redeem", "level", "tip", "wheel", "system"}

    def test_prefix_and_pre_sound_are_edited_in_the_list(self, fox: Client) -> None:
        speech.seed()
        sounds.seed()
        ding = Sound.objects.get(name="ding")
        tip = SpeechSource.objects.get(name="tip")
        SpeechSource.objects.exclude(name="tip").delete()
        fox.post(self.page, listed([tip], prefix=["A tip from {user}:"], pre_sound=[str(ding.pk)]))
        tip.refresh_from_db()
        assert (tip.prefix, tip.pre_sound, tip.silent) == ("A tip from {user}:", ding, False)

    def test_no_source_is_added_or_deleted(self, fox: Client) -> None:
        speech.seed()
        assert fox.get(f"{self.page}add/").status_code == 403
        assert fox.post(f"{self.page}tip/delete/", {"post": "yes"}).status_code == 403
        assert SpeechSource.objects.filter(name="tip").exists()

    def test_a_first_start_later_keeps_what_the_streamer_set(self) -> None:
        speech.seed()
        SpeechSource.objects.filter(name="redeem").update(prefix="says {user}:")
        SpeechSource.objects.filter(name="system").delete()
        speech.seed()
        assert SpeechSource.objects.get(name="redeem").prefix == "says {user}:"
        assert SpeechSource.objects.filter(name="system").exists()

    def test_a_sound_that_is_deleted_leaves_its_source(self) -> None:
        speech.seed()
        sounds.seed()
        SpeechSource.objects.filter(name="tip").update(pre_sound=Sound.objects.get(name="ding"))
        Sound.objects.get(name="ding").delete()
        assert SpeechSource.objects.get(name="tip").pre_sound is None


class TestWordFilters:
    """Words that are replaced."""

    page = "/admin/effects/wordfilter/"

    def test_a_filter_from_the_form_replaces_the_word(self, fox: Client) -> None:
        fox.post(f"{self.page}add/", {"word": "darn", "replacement": "golly"})
        filters = list(WordFilter.objects.values_list("word", "replacement"))
        assert speakable("Darn it", filters=filters) == "golly it"

    def test_a_word_is_filtered_once(self, fox: Client) -> None:
        for replacement in ("golly", "gee"):
            fox.post(f"{self.page}add/", {"word": "darn", "replacement": replacement})
        assert WordFilter.objects.get().replacement == "golly"

    def test_words_are_found_and_shown_as_text(self, fox: Client) -> None:
        WordFilter.objects.create(word=MARKUP, replacement='"><b>')
        WordFilter.objects.create(word="other")
        page = fox.get(f"{self.page}?q=script").text
        assert MARKUP not in page and '"><b>' not in page and "other" not in page
        assert "&lt;script&gt;" in page


class TestViewerVoices:
    """Which voice a viewer's lines are spoken in."""

    page = "/admin/effects/viewervoice/"

    def test_voices_are_given_found_and_changed(self, fox: Client, viewer: Callable[..., Viewer]) -> None:
        bob, ann = viewer("Bob"), viewer("Ann")
        long = "a name as long as systems give voices " * 5
        fox.post(f"{self.page}add/", {"viewer": bob.pk, "voice": long.strip()})
        assert ViewerVoice.objects.get().voice == long.strip()
        ViewerVoice.objects.all().delete()
        for person in (bob, ann):
            fox.post(f"{self.page}add/", {"viewer": person.pk, "voice": "en-us"})
        (row,) = fox.get(f"{self.page}?q=bo").context["cl"].result_list
        assert row.viewer == bob
        fox.post(f"{self.page}?q=bo", listed([row], voice=["de"]))
        assert {voice.viewer: voice.voice for voice in ViewerVoice.objects.all()} == {bob: "de", ann: "en-us"}

    def test_a_viewer_has_one_voice(self, fox: Client, viewer: Callable[..., Viewer]) -> None:
        bob = viewer("Bob")
        ViewerVoice.objects.create(viewer=bob, voice="de")
        assert "already exists" in fox.post(f"{self.page}add/", {"viewer": bob.pk, "voice": "fr"}).text
        assert ViewerVoice.objects.get().voice == "de"


class TestPrizes:
    """The wheel's prizes."""

    page = "/admin/effects/prize/"
    form = {"name": "A hat", "weight": "3", "colour": "#00ff00", "effects": "[]", "enabled": "on"}  # noqa: RUF012

    def test_a_prize_is_stored_with_its_effects(self, fox: Client) -> None:
        effects = '[{"kind": "grant_points", "points": 5}, {"kind": "alert", "text": "{user} wins!"}]'
        fox.post(f"{self.page}add/", {**self.form, "effects": effects})
        assert [step["kind"] for step in Prize.objects.get().effects] == ["grant_points", "alert"]
        assert "Give points, Alert</td>" in fox.get(self.page).text

    @pytest.mark.parametrize(
        "wrong",
        [
            {"weight": "0"},
            {"weight": "1000001"},
            {"colour": "red"},
            {"colour": '#fff"><b>'},
            {"effects": '[{"kind": "nosuch"}]'},
            {"effects": "not JSON"},
            {"stock": "-1"},
        ],
        ids=["no weight", "too heavy", "no colour", "markup", "no kind", "no JSON", "no stock"],
    )
    def test_a_prize_with_a_mistake_is_not_stored(self, fox: Client, wrong: dict[str, str]) -> None:
        answer = fox.post(f"{self.page}add/", {**self.form, **wrong})
        assert "Please correct the error below." in answer.text
        assert not Prize.objects.exists()

    def test_weights_are_edited_in_the_list_and_change_the_chances(self, fox: Client) -> None:
        rows = [Prize.objects.create(name=name, weight=1) for name in ("Hat", "Scarf")]
        assert fox.get(self.page).text.count('field-chance">50.00%<') == 2
        fox.post(self.page, listed(rows, weight=["3", "1"], enabled=["on", "on"]))
        page = fox.get(self.page).text
        assert 'field-chance">75.00%<' in page and 'field-chance">25.00%<' in page

    def test_each_page_shows_its_own_chances_though_another_is_made_before_it_is_written(
        self, rf: Any, admin_user: Any
    ) -> None:
        hat = Prize.objects.create(name="A hat", weight=1)
        Prize.objects.create(name="A scarf", weight=3)
        page: Any = site._registry[Prize]
        contexts, answers = (copy_context(), copy_context()), list[Any]()
        for weight, context in zip((1, 9), contexts, strict=True):
            Prize.objects.filter(pk=hat.pk).update(weight=weight)
            request = rf.get(self.page)
            request.user = admin_user
            answers.append(cast(TemplateResponse, context.run(page.changelist_view, request)))
        chances = []
        for context, answer in zip(contexts, answers, strict=True):
            context.run(answer.render)
            chances += re.findall(r'A hat</a>.*?field-chance">([\d.]+%)', answer.content.decode(), re.DOTALL)
        assert chances == ["25.00%", "75.00%"]

    def test_a_prize_that_is_switched_off_or_gone_has_no_chance(self, fox: Client) -> None:
        Prize.objects.create(name="Off", enabled=False)
        Prize.objects.create(name="Gone", stock=0)
        Prize.objects.create(name="There")
        page = fox.get(self.page).text
        assert page.count('field-chance">none<') == 2 and page.count('field-chance">100.00%<') == 1

    def test_a_stock_that_was_sold_from_meanwhile_is_kept(self, fox: Client) -> None:
        prize = Prize.objects.create(name="A hat", weight=3, stock=5)
        form = {**self.form, "stock": "5", "initial-stock": "5"}
        Prize.objects.update(stock=2)  # won while the form was open
        fox.post(f"{self.page}{prize.pk}/change/", {**form, "weight": "9"})
        prize.refresh_from_db()
        assert (prize.weight, prize.stock) == (9, 2)
        fox.post(f"{self.page}{prize.pk}/change/", {**form, "stock": "7"})
        prize.refresh_from_db()
        assert prize.stock == 7

    def test_names_are_shown_as_text(self, fox: Client) -> None:
        Prize.objects.create(name=MARKUP)
        page = fox.get(self.page).text
        assert "&lt;script&gt;" in page and MARKUP not in page


class TestSpins:
    """What was drawn."""

    page = "/admin/effects/spin/"

    def spin(self, prize: str, viewer: Viewer | None = None, **weights: int) -> Spin:
        odds = [{"id": 1, "name": name, "weight": weight, "colour": "#fff000"} for name, weight in weights.items()]
        return Spin.objects.create(prize_name=prize, odds=odds, viewer=viewer)

    def test_the_chance_is_that_of_the_draw_and_not_of_today(self, fox: Client) -> None:
        Prize.objects.create(name="Hat", weight=1)
        self.spin("Hat", Hat=2, Scarf=6)
        assert 'field-chance">25.00%<' in fox.get(self.page).text

    def test_the_shares_stand_beside_what_was_to_be_expected(self, fox: Client) -> None:
        for prize in ("Hat", "Hat", "Hat", "Scarf"):
            self.spin(prize, Hat=1, Scarf=1)
        page = fox.get(self.page).text
        assert "<td>Hat</td><td>3</td><td>75.00%</td><td>50.00%</td>" in page
        assert "<td>Scarf</td><td>1</td><td>25.00%</td><td>50.00%</td>" in page

    def test_without_a_draw_there_is_no_table(self, fox: Client) -> None:
        assert 'id="shares"' not in fox.get(self.page).text

    def test_spins_are_read_only(self, fox: Client) -> None:
        spin = self.spin("Hat", Hat=1)
        assert fox.get(f"{self.page}add/").status_code == 403
        assert fox.post(f"{self.page}{spin.pk}/change/", {"prize_name": "Scarf"}).status_code == 403
        assert fox.post(f"{self.page}{spin.pk}/delete/", {"post": "yes"}).status_code == 403
        page = fox.get(f"{self.page}{spin.pk}/change/").text
        assert "Hat" in page and 'name="prize_name"' not in page
        assert Spin.objects.get().prize_name == "Hat"

    def test_spins_are_found_by_viewer_and_prize(self, fox: Client, viewer: Callable[..., Viewer]) -> None:
        mine, other = self.spin("Hat", viewer("Bob"), Hat=1), self.spin("Scarf", viewer("Ann"), Scarf=1)
        for query, spin in (("q=bob", mine), ("q=scarf", other), ("prize_name=Hat", mine)):
            assert list(fox.get(f"{self.page}?{query}").context["cl"].result_list) == [spin]

    def test_prizes_and_names_are_shown_as_text(self, fox: Client, viewer: Callable[..., Viewer]) -> None:
        bob = viewer("Bob")
        Viewer.objects.filter(pk=bob.pk).update(username="<i>Bob</i>")
        bob.refresh_from_db()
        self.spin(MARKUP, bob, **{MARKUP: 1})
        page = fox.get(self.page).text
        assert MARKUP not in page and "<i>Bob" not in page and "<td>&lt;script&gt;" in page


def test_a_wheel_line_is_switched_off_in_the_list(fox: Client) -> None:
    rows = [
        WheelLine.objects.create(when=when, text=f"{when}!") for when in (WheelLine.When.PRIZE, WheelLine.When.SPIN)
    ]
    form = listed(rows, spoken=["on", "on"])
    fox.post("/admin/effects/wheelline/", form)
    assert set(WheelLine.objects.values_list("spoken", "enabled")) == {(True, False)}
    assert list(fox.get("/admin/effects/wheelline/?when__exact=spin").context["cl"].result_list) == [rows[1]]


def wav(seconds: float, level: float = 0.5) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, level * np.sin(np.arange(int(8000 * seconds)) / 3), 8000, format="WAV", subtype="PCM_16")
    return out.getvalue()


def sound(name: str = "beep", **columns: Any) -> Sound:
    row = Sound(name=name, content_type="audio/wav", seconds=1.25, **columns)
    row.file.save(f"{name}.wav", ContentFile(wav(0.2)), save=False)
    row.save()
    return row


class TestSounds:
    """The sounds' page."""

    page = "/admin/effects/sound/"

    def test_length_and_loudness_can_be_read(self, fox: Client) -> None:
        sound("loud", loudness=-14.0)
        sound("soft", loudness=-30.0, volume=0.5)
        page = fox.get(self.page).text
        assert "1.2 s" in page
        assert "-14.0 LUFS, played at 50%" in page and "-30.0 LUFS, played at 50%" in page

    def test_cost_and_volume_are_edited_in_the_list_without_a_new_file(self, fox: Client) -> None:
        row = sound()
        fox.post(self.page, listed([row], volume=["0.25"], cost=["40"], enabled=["on"]))
        before = row.file.name
        row.refresh_from_db()
        assert (row.volume, row.cost, row.file.name, row.seconds) == (0.25, 40, before, 1.25)

    @pytest.mark.parametrize("volume", ["-0.1", "1.1", "loud"])
    def test_a_volume_beyond_full_is_refused(self, fox: Client, volume: str) -> None:
        row = sound()
        fox.post(self.page, listed([row], volume=[volume], cost=[""], enabled=["on"]))
        row.refresh_from_db()
        assert row.volume == 1.0

    def test_a_form_without_a_new_file_keeps_the_old_one(self, fox: Client) -> None:
        row = sound()
        before = str(row.file.name)
        fox.post(f"{self.page}{row.pk}/change/", {"name": "boop", "volume": "1", "enabled": "on"})
        row.refresh_from_db()
        assert (row.name, str(row.file.name)) == ("boop", before) and default_storage.exists(before)

    def test_a_refused_file_leaves_the_old_one(self, fox: Client) -> None:
        row = sound()
        before = str(row.file.name)
        form = {"name": "beep", "volume": "1", "file": SimpleUploadedFile("x.wav", b"<html>")}
        page = fox.post(f"{self.page}{row.pk}/change/", form).text
        row.refresh_from_db()
        assert "This is no sound that can be played" in page
        assert str(row.file.name) == before and default_storage.exists(before)

    def test_deleting_rows_deletes_their_files(self, fox: Client, django_capture_on_commit_callbacks: Any) -> None:
        files = [str(sound(name).file.name) for name in ("beep", "boop")]
        form = {"action": "delete_selected", "_selected_action": [row.pk for row in Sound.objects.all()], "post": "yes"}
        with django_capture_on_commit_callbacks(execute=True):
            fox.post(self.page, form)
        assert not Sound.objects.exists() and not any(default_storage.exists(name) for name in files)

    def test_with_view_only_nothing_is_uploaded_or_deleted(self) -> None:
        row = sound()
        client = looker("view_sound")
        assert client.get(self.page).status_code == 200
        form = {"name": "mine", "volume": "1", "file": SimpleUploadedFile("x.wav", wav(0.5))}
        assert client.post(f"{self.page}add/", form).status_code == 403
        assert client.post(f"{self.page}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert Sound.objects.get() == row and Path(row.file.path).exists()

    def test_a_refused_name_is_shown_as_text(self, fox: Client) -> None:
        sound("beep", aliases="boop")
        form = {"name": MARKUP, "aliases": "BOOP", "volume": "1", "file": SimpleUploadedFile("x.wav", wav(0.5))}
        page = fox.post(f"{self.page}add/", form).text
        assert "“BOOP” is already the name of the sound beep." in page and "One word" in page
        assert MARKUP not in page and Sound.objects.count() == 1


class TestHearingAVoice:
    """A text is spoken by the real engine and heard in the dashboard, and nowhere else."""

    page = "/admin/effects/speechsource/hear/"

    @pytest.fixture(autouse=True)
    def not_spoken_before(self) -> None:
        cache.clear()

    def hear(self, client: Client, text: str = "Good evening", voice: str = "") -> tuple[str, list[str]]:
        """Ask for the text; return the address of the player, or "", and the sentences above the form."""
        answer = client.post(self.page, {"text": text, "voice": voice})
        found = re.search(r'<audio controls autoplay src="([^"]+)"', answer.text)
        return found[1] if found else "", [str(message) for message in answer.context["messages"]]

    def test_the_text_is_spoken_and_heard(self, fox: Client, said: list[str]) -> None:
        assert f'href="{self.page}"' in fox.get("/admin/effects/speechsource/").text
        assert "<audio" not in fox.get(self.page).text
        address, sentences = self.hear(fox)
        served = fox.get(address)
        assert (served["Content-Type"], served["X-Content-Type-Options"], sentences) == ("audio/wav", "nosniff", [])
        with wave.open(io.BytesIO(served.content)) as spoken:
            assert 0.3 < spoken.getnframes() / spoken.getframerate() < 5
        assert (QueueItem.objects.count(), said) == (0, [])

    def test_it_is_deleted_after_an_hour(self, fox: Client) -> None:
        address, _ = self.hear(fox)
        cleanup.tidy()
        assert fox.get(address).status_code == 200
        cleanup.tidy(now=timezone.now() + timedelta(minutes=61))
        assert fox.get(address).status_code == 404

    def test_what_can_not_be_spoken_is_said_in_a_sentence(self, fox: Client, settings: Any) -> None:
        assert self.hear(fox, "...") == ("", ["It was not spoken: there is nothing to speak in this text."])
        cache.clear()
        settings.TTS_MAX_SECONDS = 1
        assert self.hear(fox, "word " * 30)[1][0].endswith(", and the limit is 1 s.")
        cache.clear()
        settings.TTS_ENGINE = "browser"
        assert "speaks on the overlay alone" in self.hear(fox)[1][0]
        assert "text" in fox.post(self.page, {"text": "x" * 201}).context["form"].errors

    def test_one_text_at_a_time_and_for_whom_the_page_is(self, fox: Client) -> None:
        assert self.hear(fox)[0]
        assert self.hear(fox) == ("", ["Wait 2 seconds between two texts."])
        assert looker().get(self.page).status_code == 403
        assert Client().get(f"{self.page}{uuid4()}.wav").status_code == 302
        assert fox.get(f"{self.page}{uuid4()}.wav").status_code == 404
