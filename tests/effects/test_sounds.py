"""Sounds: inspected at the upload, served as what they are, and never by a path from outside."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.contrib.auth import get_user_model
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from economy.models import Item
from effects.media import sounds
from effects.models import OSCTarget, Overlay, QueueItem, SavedSequence, Sound, State
from effects.queue import items, sequences, worker
from effects.queue.upkeep import cleanup
from effects.registry import Effect
from effects.registry.values import alert, play_sound
from effects.voice import loudness
from effects.voice.studio import TARGET_LUFS
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.steps import mistakes
from redeems.models import Redeem

pytestmark = pytest.mark.django_db


@pytest.fixture
def fox() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    return client


def tone(format: str, subtype: str, *, seconds: float = 0.6, level: float = 0.5, channels: int = 1) -> bytes:
    rate = 48_000 if level else 8_000
    samples = level * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    samples = np.repeat(samples[:, None], channels, axis=1)
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", rate, channels, subtype, format=format) as file:
        for piece in np.array_split(samples, len(samples) // 100_000 + 1):  # its encoder crashes on long ones
            file.write(piece)
    return out.getvalue()


def upload(fox: Client, name: str, data: bytes, filename: str = "x.bin", **more: Any) -> str:
    form = {"name": name, "volume": "1", "enabled": "on", "file": SimpleUploadedFile(filename, data), **more}
    return fox.post("/admin/effects/sound/add/", form, follow=True).text


@pytest.mark.parametrize(
    ("format", "subtype", "content_type"),
    [
        ("WAV", "PCM_16", "audio/wav"),
        ("MP3", "MPEG_LAYER_III", "audio/mpeg"),
        ("OGG", "VORBIS", "audio/ogg"),
        ("OGG", "OPUS", "audio/ogg"),
    ],
)
def test_what_browsers_play_is_kept_with_its_type_length_and_loudness(
    fox: Client, client: Client, format: str, subtype: str, content_type: str
) -> None:
    data = tone(format, subtype)
    assert "was added successfully" in upload(fox, "beep", data, "../../evil.exe", aliases="boop")
    row = Sound.objects.get()
    assert row.content_type == content_type and row.seconds == pytest.approx(0.6, abs=0.1)
    assert -15 < row.loudness < -5
    assert sounds.volume(row) == pytest.approx(10 ** ((-20 - row.loudness) / 20), abs=0.01)
    assert row.file.name is not None
    assert Path(row.file.name).parent == Path("sounds") and "evil" not in row.file.name
    served = client.get(f"{Overlay.objects.create().page_path()}sound/{row.pk}")
    assert (served["Content-Type"], served["X-Content-Type-Options"]) == (content_type, "nosniff")
    assert served.content == data
    assert client.get(f"/overlay/wrong/sound/{row.pk}").status_code == 404


@pytest.mark.parametrize(
    ("made", "sentence"),  # not the data: they take a second to make, in each process that collects the tests
    [
        (lambda: b"<html><script>alert(1)</script>", "This is no sound that can be played: Format not recognised."),
        (lambda: b"RIFF\x00\x00\x00\x00WAVEfmt ", "This is no sound that can be played"),
        (partial(tone, "FLAC", "PCM_16"), "it must be wav, mp3, ogg or opus"),
        (partial(tone, "WAV", "PCM_16", seconds=31), "at most 30 s are allowed"),
        (lambda: b"RIFF" + bytes(11 * 2**20), "at most 10 MB"),
        (partial(tone, "OGG", "VORBIS", seconds=1200, level=0), "This lasts 1200.0 s; at most 30 s are allowed"),
        (partial(tone, "WAV", "IMA_ADPCM"), "which browsers can&#x27;t play"),
        (partial(tone, "WAV", "DOUBLE"), "which browsers can&#x27;t play"),
        (partial(tone, "WAV", "PCM_16", channels=6), "can be played: it has 6 channels; at most 2 are allowed"),
    ],
    ids=["html", "torn", "flac", "long", "large", "bomb", "adpcm", "double", "surround"],
)
def test_what_is_no_sound_of_ours_is_not_kept(fox: Client, made: Callable[[], bytes], sentence: str) -> None:
    assert sentence in upload(fox, "beep", made())
    assert not Sound.objects.exists()


def test_no_file_stays_behind(fox: Client, django_capture_on_commit_callbacks: Any) -> None:
    upload(fox, "beep", tone("WAV", "PCM_16"))
    row = Sound.objects.get()
    before = str(row.file.name)
    others = set(default_storage.listdir("sounds")[1]) - {Path(before).name}  # of other tests
    upload(fox, "two words", tone("WAV", "PCM_16", level=0.3))
    longer = SimpleUploadedFile("longer.wav", tone("WAV", "PCM_16", seconds=1))
    form = {"name": "beep", "volume": "1", "enabled": "on", "file": longer}
    fox.post(f"/admin/effects/sound/{row.pk}/change/", form)
    row.refresh_from_db()
    assert row.seconds == 1 and not default_storage.exists(before) and before != row.file.name
    assert set(default_storage.listdir("sounds")[1]) == others | {Path(str(row.file.name)).name}
    with django_capture_on_commit_callbacks(execute=True):
        Sound.objects.all().delete()
        assert set(default_storage.listdir("sounds")[1]) != others  # the deletion may still be rolled back
    assert set(default_storage.listdir("sounds")[1]) == others


def test_names_and_aliases_are_each_one_sounds(fox: Client) -> None:
    upload(fox, "beep", tone("WAV", "PCM_16"), aliases="boop bop")
    assert "is already the name of the sound beep" in upload(fox, "Boop", tone("WAV", "PCM_16"))
    assert "One word" in upload(fox, "two words", tone("WAV", "PCM_16"))
    assert sounds.named("BOP") == sounds.named("beep") == Sound.objects.get()
    for nothing in ("", "bo", "../beep", "x" * 100, "op b"):
        assert sounds.named(nothing) is None


def test_the_shipped_ones_are_there_at_a_first_start_and_stay_deleted() -> None:
    sounds.seed()
    assert {"ding", "fanfare", "boing", "applause"} <= {row.name for row in sounds.playable()}
    assert "wheel-loop" not in {row.name for row in sounds.playable()} and sounds.named("wheel-loop")
    Sound.objects.exclude(name="ding").delete()
    sounds.seed()
    assert Sound.objects.count() == 1


@pytest.mark.usefixtures("woken")
def test_a_sound_is_told_to_the_overlays(frames: list[dict[str, Any]]) -> None:
    sounds.seed()
    ding = Sound.objects.get(name="ding")
    items.enqueue(play_sound("DING"))
    worker.drain("effect")
    assert frames[0] | {"item": 0} == {
        "type": "play", "show": "sound", "sound": sounds.address(ding), "volume": 1.0, "lane": "effect", "attempt": 1, "item": 0,
    }  # fmt: skip


@pytest.mark.usefixtures("woken", "frames")
def test_a_sound_that_is_gone_fails() -> None:
    item = items.enqueue(play_sound("gone"))
    worker.drain("effect")
    item.refresh_from_db()
    assert (item.state, item.error) == (State.FAILED, "there is no sound called gone")


def test_a_long_effect_has_an_end(
    frames: list[dict[str, Any]], woken: list[str], kind: Callable[..., str], settings: Any
) -> None:
    settings.QUEUE_ITEM_MAX_SECONDS = 10
    items.enqueue(alert("hello", 60))
    worker.drain("notification")
    assert QueueItem.objects.get().overlay_seconds == 10


class TestPreSound:
    """The sound before speech, as loud as the speech."""

    def write(self, path: Path, level: float) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tone("WAV", "PCM_16", level=level))
        return path

    @pytest.mark.parametrize("level", [0.01, 0.1, 0.9])
    def test_a_sound_of_any_level_becomes_as_loud_as_speech(self, tmp_path: Path, level: float) -> None:
        name = sounds.levelled(self.write(tmp_path / "pre.wav", level))
        with default_storage.open(name) as file:
            samples, rate = soundfile.read(io.BytesIO(file.read()))
        assert loudness.measure(samples, rate) == pytest.approx(TARGET_LUFS, abs=0.2)
        assert sounds.length(name) == pytest.approx(0.6, abs=0.01)

    def test_a_file_that_was_replaced_is_levelled_again(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / "pre.wav", 0.5)
        before = sounds.levelled(path)
        assert sounds.levelled(path) == before
        path.write_bytes(tone("WAV", "PCM_16", seconds=1))
        assert sounds.levelled(path) != before

    def test_a_file_that_is_no_sound_fails(self, tmp_path: Path) -> None:
        path = tmp_path / "pre.wav"
        path.write_bytes(b"<html>")
        with pytest.raises(Failed, match="this sound could not be levelled"):
            sounds.levelled(path)

    def test_the_streamers_file_goes_before_the_shipped_one(self, tmp_path: Path, settings: Any) -> None:
        settings.SOUNDS_DIR = tmp_path
        assert sounds.pre_sound() == sounds.SHIPPED / "announcement.wav"
        own = self.write(tmp_path / "announcement.wav", 0.5)
        assert sounds.pre_sound() == own

    def test_the_sound_chosen_for_a_source_goes_before_both(self) -> None:
        sounds.seed()
        ding = Sound.objects.get(name="ding")
        assert sounds.pre_sound(ding) == ding


@pytest.mark.parametrize(
    ("measured", "chosen", "played"), [(-20, 1.0, 1.0), (-40, 1.0, 1.0), (-14, 1.0, 0.5012), (-14, 0.5, 0.2506)]
)
def test_a_sound_louder_than_speech_is_turned_down_and_a_softer_one_is_not_turned_up(
    measured: float, chosen: float, played: float
) -> None:
    assert sounds.volume(Sound(loudness=measured, volume=chosen)) == played


def test_a_sound_is_heard_in_the_dashboard_by_whoever_may_see_sounds(
    fox: Client, client: Client, django_user_model: Any
) -> None:
    sounds.seed()
    row = Sound.objects.get(name="ding")
    address = f"/admin/effects/sound/{row.pk}/file/"
    for page in ("/admin/effects/sound/", f"/admin/effects/sound/{row.pk}/change/"):
        assert f'<audio controls preload="none" src="{address}?v=' in fox.get(page).text
    assert "<audio" not in fox.get("/admin/effects/sound/add/").text
    served = fox.get(address)
    assert served.content == (sounds.SHIPPED / "ding.wav").read_bytes()
    assert (served["Content-Type"], served["X-Content-Type-Options"]) == ("audio/wav", "nosniff")
    assert fox.post(address).status_code == 403
    assert fox.get("/admin/effects/sound/999999/file/").status_code == 404
    client.force_login(django_user_model.objects.create_user("mo", is_staff=True))
    assert client.get(address).status_code == 403
    client.logout()
    assert client.get(address).status_code == 302


def stored(folder: str) -> set[str]:
    """Return the names of the files in a folder of media storage."""
    return set(default_storage.listdir(folder)[1]) if default_storage.exists(folder) else set()


def tried(fox: Client, page: str, data: bytes | None, **typed: Any) -> tuple[list[str], Any]:
    """Press *Try* in a sound's form; return the sentences above it, and the answer."""
    files = {} if data is None else {"file": SimpleUploadedFile("x.bin", data)}
    answer = fox.post(f"/admin/effects/sound/{page}", {"name": "new", "volume": "0.5", **typed, **files, "_try": "Try"})
    return [str(message) for message in answer.context["messages"]], answer


@pytest.mark.usefixtures("stage", "woken")
@pytest.mark.parametrize(("format", "subtype"), [("WAV", "PCM_16"), ("MP3", "MPEG_LAYER_III"), ("OGG", "OPUS")])
def test_a_sound_that_is_not_saved_is_tried_on_the_overlay_and_kept_nowhere(
    fox: Client, client: Client, frames: list[dict[str, Any]], format: str, subtype: str
) -> None:
    data = tone(format, subtype)
    before = stored("sounds")
    sentences, answer = tried(fox, "add/", data)
    assert sentences == ["It is shown on the overlay, marked TEST."]
    assert answer.context["adminform"].form["name"].value() == "new"
    worker.drain("effect")
    message = next(frame for frame in frames if frame.get("show") == "sound")
    item = QueueItem.objects.get()
    assert (message["item"], item.title, item.tried_by) == (item.pk, "TEST: new", "fox")
    assert 0.4 < item.overlay_seconds < 1
    overlay = Overlay.objects.create(name="other").page_path()
    served = client.get(f"{overlay}{message['sound']}")
    assert (served.content, served["X-Content-Type-Options"]) == (data, "nosniff")
    assert served["Content-Type"] == {"WAV": "audio/wav", "MP3": "audio/mpeg", "OGG": "audio/ogg"}[format]
    tried(fox, "add/", data)  # again: the same file, once
    assert len(stored("tried")) == 1
    assert not Sound.objects.exists() and stored("sounds") == before
    cleanup.tidy()
    assert client.get(f"{overlay}{message['sound']}").status_code == 200
    cleanup.tidy(now=timezone.now() + timedelta(minutes=61))
    assert client.get(f"{overlay}{message['sound']}").status_code == 404
    assert not stored("tried")


@pytest.mark.usefixtures("stage", "woken")
def test_the_unsaved_volume_and_the_unsaved_file_of_a_saved_sound_are_tried(
    fox: Client, frames: list[dict[str, Any]]
) -> None:
    quiet, other = tone("WAV", "PCM_16", level=0.01), tone("WAV", "PCM_16", level=0.02)
    upload(fox, "saved", quiet)
    row = Sound.objects.get()
    tried(fox, f"{row.pk}/change/", None, name="saved", volume="0.25")
    tried(fox, f"{row.pk}/change/", other, name="saved", volume="0.75")
    worker.drain("effect")
    first, second = QueueItem.objects.order_by("pk")
    assert first.overlay_message["volume"] == 0.25 and first.overlay_message["sound"] == sounds.address(row)
    items.finish(first.pk, first.attempts)
    worker.drain("effect")
    second.refresh_from_db()
    assert second.overlay_message["volume"] == 0.75 and second.overlay_message["sound"].startswith("tried/")
    row.refresh_from_db()
    assert (row.volume, Path(row.file.path).read_bytes()) == (1.0, quiet)


@pytest.mark.usefixtures("stage")
def test_what_would_not_be_saved_is_not_tried(fox: Client) -> None:
    upload(fox, "taken", tone("WAV", "PCM_16"))
    before = stored("tried")
    for data, name, sentence in (
        (b"<html>", "new", "This is no sound that can be played"),
        (tone("WAV", "PCM_16", seconds=31), "new", "at most"),
        (tone("WAV", "PCM_16"), "taken", "is already the name of the sound"),
        (None, "new", "This field is required"),
    ):
        sentences, answer = tried(fox, "add/", data, name=name)
        assert sentences == [] and sentence in answer.text
    assert not QueueItem.objects.exists() and stored("tried") == before


@pytest.mark.usefixtures("stage")
def test_a_sound_is_tried_by_who_steers_the_queue_alone(staff: Callable[..., Client]) -> None:
    before = stored("tried")
    form = {"name": "new", "volume": "1", "_try": "Try", "file": SimpleUploadedFile("x", tone("WAV", "PCM_16"))}
    assert staff("add_sound", "view_sound").post("/admin/effects/sound/add/", form).status_code == 403
    assert stored("tried") == before and not QueueItem.objects.exists()


def test_an_address_in_an_effect_counts_in_tests_alone_and_leads_nowhere_else(frames: list[dict[str, Any]]) -> None:
    sounds.seed()
    unsaved = {"address": f"tried/{'0' * 24}.wav", "volume": 1.0, "seconds": 1.0}
    item = items.enqueue(Effect("play_sound", {"sound": "ding", "unsaved": unsaved}, "ding"))
    worker.drain("effect")
    item.refresh_from_db()
    assert item.overlay_message["sound"].startswith("sound/")
    for address in ("../admin/", "tried/../../x.wav", "http://example.com/x.wav", f"tried/{'0' * 24}.wav/x"):
        step = {"kind": "play_sound", "sound": "ding", "unsaved": {**unsaved, "address": address}}
        assert mistakes([step]), address


def test_the_policy_lets_pages_of_a_sound_alone_play_a_chosen_file(fox: Client) -> None:
    sounds.seed()
    row = Sound.objects.get(name="ding")
    for page, plays in (("add/", True), (f"{row.pk}/change/", True), ("", False), (f"{row.pk}/delete/", False)):
        policy = fox.get(f"/admin/effects/sound/{page}")["Content-Security-Policy"]
        assert ("media-src 'self' blob:;" in policy, policy.count("blob:")) == (plays, 2 * int(plays)), page


@pytest.mark.django_db
def test_names_are_found_in_any_case_of_any_letters() -> None:
    """Of what is not ASCII, SQLite knows no case."""
    Sound.objects.create(name="Ähm", aliases="Öha boop", file="sounds/x.wav", content_type="audio/wav", seconds=1)
    for wanted in ("ähm", "ÄHM", " Ähm ", "öha", "BOOP"):
        found = sounds.named(wanted)
        assert found is not None and found.name == "Ähm"
    assert sounds.named("oop") is None and sounds.named("") is None
    SavedSequence.objects.create(name="Straße", effects=[])
    assert sequences.named("STRASSE") is not None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("page", "column", "made", "step"),
    [
        (
            "effects/sound",
            "name",
            lambda: Sound.objects.create(name="x1", content_type="audio/wav", seconds=1),
            "sound",
        ),
        ("effects/osctarget", "name", lambda: OSCTarget.objects.create(name="x1", host="127.0.0.1", port=9), "target"),
        ("economy/item", "key", lambda: Item.objects.create(key="x1", name="Hat"), "item"),
    ],
)
def test_what_an_effect_names_is_neither_renamed_nor_deleted(
    fox: Client, page: str, column: str, made: Callable[[], Any], step: str
) -> None:
    row = made()
    kind = {"sound": "play_sound", "target": "osc", "item": "grant_item"}[step]
    Redeem.objects.create(key="show", title="Show", effects=[{"kind": kind, step: "x1"}])
    model = type(row)
    form = {field: getattr(row, field) for field in ("name", "host", "port", "volume", "key") if hasattr(row, field)}
    said = fox.post(f"/admin/{page}/{row.pk}/change/", {**form, column: "x2"}).text
    assert "It is named by redeem “Show”: change that first." in said
    said = fox.post(f"/admin/{page}/{row.pk}/delete/", {"post": "yes"}).text
    assert "redeem “Show”" in said and model.objects.filter(**{column: "x1"}).exists()
    Redeem.objects.all().delete()
    assert fox.post(f"/admin/{page}/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not model.objects.filter(**{column: "x1"}).exists()
