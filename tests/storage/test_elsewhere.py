"""Media, sounds and speech in a bucket: taken in, spoken, served, missed and deleted, with nothing on the own disk."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient, Client
from django.utils import timezone

from effects.media import library, sounds
from effects.models import Media, Overlay, QueueItem, Sound, SpeechSource, State
from effects.queue import items, playback, worker
from effects.queue.upkeep import cleanup
from effects.registry.values import show_media, speak
from effects.voice import speech
from pixelbot_site import setup
from pixelbot_site.index import lamps
from pixelbot_site.index.lamp import Color, Lamp
from pixelbot_site.kit import stored_files
from pixelbot_site.tasks import check_media
from tests.media.files import clip, still
from tests.processes import at_once_in_processes
from tests.storage.conftest import Bucket

pytestmark = pytest.mark.django_db
Frames = list[dict[str, Any]]
Taken = Callable[..., Media]


def lamp(key: str = "media") -> Lamp:
    """Return a lamp as the index shows it a while later."""
    library.shelf.forget()
    return next(lamp for lamp in lamps.lamps() if lamp.key == key)


def test_media_are_taken_in_served_in_parts_and_deleted(
    bucket: Bucket, taken: Taken, client: Client, fox: Client, django_capture_on_commit_callbacks: Any
) -> None:
    video = taken("clip", clip("mp4"))
    assert bucket.files() == [f"bot/{video.file_name}"] and bucket.local_files() == []
    address = f"{Overlay.objects.create().page_path()}{library.address(video)}"
    whole = client.get(address)
    assert (whole.status_code, len(whole.content), whole["X-Content-Type-Options"]) == (200, 5800, "nosniff")
    assert (whole["Content-Type"], whole["Content-Security-Policy"]) == ("video/mp4", "default-src 'none'; sandbox")
    for asked, first, last in (("0-9", 0, 9), ("5790-", 5790, 5799), ("-10", 5790, 5799), ("10-99999", 10, 5799)):
        part = client.get(address, headers={"range": f"bytes={asked}"})
        assert (part.status_code, part["Content-Range"]) == (206, f"bytes {first}-{last}/5800"), asked
        assert part.content == whole.content[first : last + 1] and part["Content-Length"] == str(last + 1 - first)
    assert client.get(address, headers={"range": "bytes=5800-"}).status_code == 416
    assert client.get(address, headers={"if-none-match": whole["ETag"]}).status_code == 304
    assert client.head(address)["Content-Length"] == "5800"
    assert client.get(address.replace("/overlay/", "/overlay/x")).status_code == 404
    assert fox.get(f"/admin/effects/media/{video.pk}/file/").content == whole.content
    with django_capture_on_commit_callbacks(execute=True):
        video.delete()
        assert bucket.files()  # it may still be rolled back
    assert bucket.files() == [] and client.get(address).status_code == 404


def test_a_file_that_is_gone_or_torn_is_missed_by_the_worker_and_put_back_by_uploading_it(
    bucket: Bucket, taken: Taken, client: Client, fox: Client, frames: Frames, woken: list[str]
) -> None:
    cat, other = taken("cat"), taken("other", still(size=(70, 40)))
    address = f"{Overlay.objects.create().page_path()}{library.address(cat)}"
    assert lamp().color == Color.GREY  # nobody looked yet
    check_media()
    assert lamp().sentences == ("2 files, and none is missing.",)
    with default_storage.open(cat.file_name, "wb") as file:
        file.write(b"half")
    check_media()
    assert lamp().color == Color.AMBER and "“cat”" in lamp().sentences[0] and "other" not in lamp().sentences[0]
    assert client.get(address).status_code == 404
    assert client.get(address, headers={"if-none-match": f'"{cat.sha256}"'}).status_code == 404
    assert "its file is missing" in fox.get("/admin/effects/media/").text
    items.enqueue(show_media("cat", text="hello"))
    worker.drain("effect")
    assert (frames[-1]["media"], frames[-1]["text"]) == ("", "hello")
    assert taken("cat") == cat and client.get(address).status_code == 200
    check_media()
    assert lamp().color == Color.GREEN and other.pk


def test_the_page_says_what_no_backup_holds_and_the_lamp_of_the_disk_where_to_look(bucket: Bucket, fox: Client) -> None:
    assert "are kept where <code>MEDIA_STORAGE</code> says, and are in no backup" in fox.get("/admin/backups/").text
    assert "Uploads and speech are kept elsewhere" in lamp("disk").sentences[0]


def test_sounds_are_uploaded_played_replaced_and_tried(bucket: Bucket, fox: Client, client: Client) -> None:
    shipped = (sounds.SHIPPED / "ding.wav").read_bytes()
    form = {"name": "ding", "volume": "1", "enabled": "on", "file": SimpleUploadedFile("x.wav", shipped)}
    fox.post("/admin/effects/sound/add/", form)
    sound = Sound.objects.get()
    before = f"bot/{sound.file.name}"
    assert bucket.files() == [before]
    base = Overlay.objects.create().page_path()
    heard = client.get(f"{base}{sounds.address(sound)}")
    assert (heard.content, heard["Content-Type"], heard["X-Content-Type-Options"]) == (shipped, "audio/wav", "nosniff")
    assert fox.get(f"/admin/effects/sound/{sound.pk}/file/").content == shipped
    other = SimpleUploadedFile("y.wav", (sounds.SHIPPED / "boing.wav").read_bytes())
    fox.post(f"/admin/effects/sound/{sound.pk}/change/", {**form, "file": other})
    sound.refresh_from_db()
    assert bucket.files() == [f"bot/{sound.file.name}"] != [before]
    tried = Sound(name="new")
    tried.file = sounds.store(tried, SimpleUploadedFile("x.wav", shipped))
    found = client.get(f"{base}{sounds.unsaved(tried)['address']}")
    assert (found.status_code, found.content) == (200, shipped)
    assert bucket.local_files() == []


def test_the_shipped_sounds_are_stored_at_a_first_start(bucket: Bucket) -> None:
    setup.prepare()
    assert Sound.objects.count() == len(list(sounds.SHIPPED.glob("*.wav"))) == len(bucket.files())
    setup.prepare()
    assert Sound.objects.count() == len(bucket.files())


@pytest.mark.usefixtures("stage", "woken", "said")
def test_speech_and_the_sound_before_it_are_heard_and_tidied_away(
    bucket: Bucket, client: Client, frames: Frames, viewer: Callable[..., Any], django_capture_on_commit_callbacks: Any
) -> None:
    speech.seed()
    with (sounds.SHIPPED / "ding.wav").open("rb") as file:
        sound = Sound(name="ding")
        sound.file = sounds.store(sound, SimpleUploadedFile("x.wav", file.read()))
    sound.save()
    SpeechSource.objects.filter(name="redeem").update(pre_sound=sound)
    base = Overlay.objects.get().page_path()
    item = items.enqueue(speak("hello", source="redeem"), viewer=viewer("Bob"))
    worker.drain("tts")
    for address in (frames[-1]["speech"], frames[-1]["pre_sound"]):
        with wave.open(io.BytesIO(client.get(f"{base}{address}").content)) as wav:
            assert wav.getnframes() > 4000, address
    assert len(bucket.files()) == 3 and bucket.local_files() == []
    playback.finished(item.pk, 1)
    orphan = stored_files.write("speech/orphan.wav", b"RIFF")
    cleanup.tidy()
    assert len(bucket.files()) == 4
    assert cleanup.tidy(now=timezone.now() + timedelta(hours=2)) == 1
    assert not default_storage.exists(orphan) and len(bucket.files()) == 2  # the sound, and its levelled copy
    assert client.get(f"{base}speech/{item.pk}.wav").status_code == 404


SPEAKER = """
import django
django.setup()
from effects.queue import worker
worker.drain("tts")
from django.conf import settings
print(settings.DATA_DIR, any((settings.DATA_DIR / "media").rglob("*.wav")))
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("stage", "woken")
def test_what_the_worker_speaks_is_heard_by_a_page_of_another_machine(
    bucket: Bucket, client: Client, viewer: Callable[..., Any], tmp_path: Path
) -> None:
    """The worker is a process with a data folder of its own; this one serves the page, with another folder."""
    speech.seed()
    item = items.enqueue(speak("hello", source="redeem"), viewer=viewer("Bob"))
    folder = tmp_path / "of the worker"
    (said,) = at_once_in_processes(1, SPEAKER, within=60, DATA_DIR=str(folder), **bucket.environment)
    assert said == f"{folder} False"
    item = QueueItem.objects.get(pk=item.pk)
    assert (item.state, bool(item.speech_file)) == (State.RUNNING, True), item.error
    heard = client.get(f"{Overlay.objects.get().page_path()}{item.overlay_message['speech']}")
    with wave.open(io.BytesIO(heard.content)) as wav:
        assert wav.getnframes() / wav.getframerate() > 0.4
    assert bucket.local_files() == []


async def read_in_pieces(address: str) -> list[int]:
    """Return the lengths of the pieces in which the server sends a file."""
    response = await AsyncClient().get(address)
    assert response.status_code == 200 and response.streaming
    return [len(piece) async for piece in response]  # type: ignore[attr-defined]


@pytest.mark.journey
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_large_file_is_sent_in_pieces(
    request: pytest.FixtureRequest, settings: Any, tmp_path: Path, elsewhere: bool
) -> None:
    if elsewhere:
        request.getfixturevalue("bucket")
    settings.MEDIA_ROOT = tmp_path
    size = stored_files.HELD + 10_000
    media = Media.objects.create(name="large", kind="png", size=size, sha256="0" * 64)
    stored_files.write(media.file_name, bytes(size))
    pieces = async_to_sync(read_in_pieces)(f"{Overlay.objects.create().page_path()}{library.address(media)}")
    assert sum(pieces) == size and max(pieces) == stored_files.CHUNK
