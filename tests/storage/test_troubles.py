"""A storage that is gone, hangs, or refuses: what waits for it ends in time, with a sentence, and points go back."""

from __future__ import annotations

import signal
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import metadata
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from economy.models import Cooldown, Points, Viewer
from economy.viewers import forgetting
from effects.media import library, sounds
from effects.models import Media, Overlay, QueueItem, Sound, State
from effects.queue import items, worker
from effects.queue.upkeep import cleanup
from effects.registry import kinds
from effects.registry.values import show_media
from effects.voice import speech
from joystick.settings_table import Rules
from pixelbot_site import media_storage, setup
from pixelbot_site.index.lamp import Color
from pixelbot_site.settings_table import StorageSettings
from pixelbot_site.tasks import check_media
from redeems import purchase
from tests.house.test_settings import refusals
from tests.media.files import still
from tests.processes import ROOT, free_port, wait_until
from tests.servers import S3
from tests.storage.conftest import Bucket, use
from tests.storage.test_elsewhere import Frames, Taken, lamp

DING = (sounds.SHIPPED / "ding.wav").read_bytes()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the deadlines be short, so that the test is, and the rest after them long, however slow the machine is."""
    from botocore.config import Config

    from pixelbot_site.kit import object_storage

    monkeypatch.setattr(object_storage, "REST", 60.0)
    short = object_storage.CONFIG.merge(Config(connect_timeout=0.3, read_timeout=0.3))
    monkeypatch.setattr(object_storage, "CONFIG", short)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise AssertionError where the block takes longer."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@contextmanager
def unasked() -> Iterator[None]:
    """Raise AssertionError where the block asks the storage."""
    from botocore.client import BaseClient
    from botocore.exceptions import EndpointConnectionError

    asked: list[str] = []

    def ask(client: object, operation: str, arguments: object) -> None:
        asked.append(operation)
        raise EndpointConnectionError(endpoint_url="nowhere")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", ask)
        yield
    assert asked == []


@pytest.fixture
def bob(db: None, viewer: Callable[..., Viewer]) -> Viewer:
    """Bob, with 100 points; what can be bought is there."""
    purchase.seed()
    speech.seed()
    return viewer("Bob", points=100)


def bought(bob: Viewer, reference: str) -> QueueItem:
    """Have Bob buy a spoken line; return the item as the worker left it."""
    purchase.buy(viewer=bob, key="tts", words="hello", reference=reference, rules=Rules.current(), now=timezone.now())
    Cooldown.objects.all().delete()
    worker.drain("tts")
    return QueueItem.objects.latest("pk")


def balance() -> int:
    """Return Bob's points."""
    return Points.objects.get(viewer__key="bob").balance


@pytest.mark.django_db
@pytest.mark.usefixtures("soon", "stage", "woken", "said")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hangs"])
def test_without_an_answer_items_end_in_time_and_pages_say_so(
    mortal: Bucket, bob: Viewer, client: Client, fox: Client, taken: Taken, frames: Frames, how: signal.Signals,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    cat = taken("cat")
    item = bought(bob, "before")
    assert (item.state, balance()) == (State.RUNNING, 75)
    items.finish(item.pk, item.attempts)
    heard = f"{Overlay.objects.get().page_path()}speech/{item.pk}.wav"
    seen = f"{Overlay.objects.get().page_path()}{library.address(cat)}"
    assert client.get(heard).status_code == client.get(seen).status_code == 200

    mortal.server.process.send_signal(how)
    with within(20):
        item = bought(bob, "during")
    assert (item.state, item.error, balance()) == (State.FAILED, "the speech could not be stored", 75)
    with unasked():  # nobody waits again for what did not answer a moment ago
        assert (bought(bob, "again").state, balance()) == (State.FAILED, 75)
        assert client.get(heard).status_code == client.get(seen).status_code == 503
        items.enqueue(show_media("cat", text="hello"))
        worker.drain("effect")
        assert (frames[-1]["media"], frames[-1]["text"]) == ("", "hello")
        check_media()
        assert lamp().color == Color.AMBER and lamp().sentences[0].startswith("The storage of files does not answer")
        assert fox.get("/admin/").status_code == fox.get("/admin/effects/media/").status_code == 200
        form = {"name": "ding", "volume": "1", "file": SimpleUploadedFile("x.wav", DING)}
        page = fox.post("/admin/effects/sound/add/", form, follow=True).text
        assert (
            "It could not be stored: the storage of files does not answer. Nothing was saved." in page
            and not Sound.objects.exists()
        )
        page = fox.post("/admin/effects/media/add/", {"files": [SimpleUploadedFile("x.png", still())]}).text
        assert "It could not be stored: the storage of files does not answer" in page
        cleanup.tidy(now=timezone.now() + timedelta(hours=2))
    assert not [record for record in caplog.records if record.exc_info]
    assert Overlay.objects.get().secret not in caplog.text and "can't be served" in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("stage", "woken", "said", "frames")
def test_a_storage_that_is_back_is_used_again(mortal: Bucket, bob: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    from pixelbot_site.kit import object_storage

    monkeypatch.setattr(object_storage, "REST", 0.2)
    mortal.server.process.send_signal(signal.SIGKILL)
    assert bought(bob, "during").state == State.FAILED
    again = S3(int(mortal.server.url.rpartition(":")[2]))
    try:
        again.prepare()
        again.client().create_bucket(Bucket=mortal.name)
        storage: Any = default_storage
        storage.access_key, storage.secret_key, storage._made = again.key, again.secret, None
        wait_until(lambda: bought(bob, str(time.monotonic())).state == State.RUNNING, "it speaks again")
    finally:
        again.stop()


@pytest.mark.django_db
def test_a_mistake_in_the_settings_stops_the_start_and_says_what_to_correct(bucket: Bucket, settings: Any) -> None:
    for changes, sentence in (
        ({"key": "AKIAWRONG"}, "The storage of files refuses the keys (InvalidAccessKeyId): correct MEDIA_STORAGE_KEY"),
        (
            {"secret": "wrong"},
            "The storage of files refuses the keys (SignatureDoesNotMatch): correct MEDIA_STORAGE_KEY",
        ),
        ({"name": "nobodys"}, "The storage of files has no bucket nobodys: make it, or correct MEDIA_STORAGE"),
    ):
        wrong = replace(bucket, name=changes.pop("name", bucket.name))
        use(settings, wrong, **changes)
        with pytest.raises(ImproperlyConfigured) as refused:
            setup.prepare()
        assert str(refused.value).startswith(sentence)
        check_media()
        assert lamp().sentences[0].startswith(sentence)
    assert not Sound.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("soon")
def test_a_start_goes_on_where_nobody_answers(bucket: Bucket, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    nobody = S3.__new__(S3)
    nobody.url, nobody.key, nobody.secret = f"http://127.0.0.1:{free_port()}", "a", "b"
    use(settings, replace(bucket, server=nobody))
    with within(20):
        setup.prepare()
    assert "the storage of files does not answer" in caplog.text and not Sound.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("stage", "woken", "said", "frames")
def test_no_transaction_waits_for_the_storage(
    bucket: Bucket, bob: Viewer, fox: Client, taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pixelbot_site.kit.object_storage import ObjectStorage

    asked = []
    explaining = ObjectStorage.explaining

    def look(storage: ObjectStorage) -> Any:
        asked.append(connection.in_atomic_block)
        return explaining(storage)

    monkeypatch.setattr(ObjectStorage, "explaining", look)
    setup.prepare()
    cat = taken("cat")
    kind = kinds.get("show_media")
    assert kind is not None
    for step in (
        lambda: fox.post(
            "/admin/effects/sound/add/", {"name": "x", "volume": "1", "file": SimpleUploadedFile("x.wav", DING)}
        ),
        lambda: fox.post("/admin/effects/media/add/", {"files": [SimpleUploadedFile("x.png", still(size=(9, 9)))]}),
        lambda: bought(bob, "one"),
        lambda: items.enqueue(show_media("cat")),
        lambda: kind.require_usable(kind.parse({"media": "cat"})),
        lambda: worker.drain("effect"),
        lambda: fox.post(f"/admin/effects/media/{cat.pk}/change/", {"name": "cat", "_try": "1"}),
        lambda: items.finish(QueueItem.objects.get(kind="speak").pk, 1),
        lambda: forgetting.forget(bob),
        lambda: fox.post(f"/admin/effects/sound/{Sound.objects.get(name='x').pk}/delete/", {"post": "yes"}),
        lambda: fox.post(f"/admin/effects/media/{cat.pk}/delete/", {"post": "yes"}),
        lambda: cleanup.tidy(now=timezone.now() + timedelta(hours=2)),
    ):
        step()
    assert len(asked) > 20 and not any(asked)
    assert not Media.objects.filter(pk=cat.pk).exists() and cat.file_name not in str(bucket.files())
    assert not [name for name in bucket.files() if "speech/" in name]


@pytest.mark.parametrize(
    "url",
    [
        "s3://", "s3://b", "s3://UPPER-case", "https://bucket/x", "bucket", "s3://bucket/../x", "s3://bucket/x//y", "s3://bucket/x/./y",
        "s3://key:secret@bucket", "s3://bucket:80", "s3://bucket?endpoint=s3.example.org", "s3://bucket?endpoint=ftp://x",
        "s3://bucket?endpoint=http://x:99999", "s3://bucket?key=x", "s3://bucket?region", "s3://bucket#x", "s3://[x", "file:///tmp",
    ],
)  # fmt: skip
def test_an_address_that_can_not_be_read_is_refused_and_not_repeated(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_STORAGE", url)
    (refusal,) = refusals(StorageSettings)
    assert refusal == f"MEDIA_STORAGE=…: must be {media_storage.EXAMPLE}."


def test_an_address_names_bucket_folder_server_and_region(monkeypatch: pytest.MonkeyPatch) -> None:
    assert media_storage.bucket("s3://my-bucket") == media_storage.Bucket("my-bucket")
    assert media_storage.bucket(
        "s3://b.2/a/b_c/?endpoint=http://10.0.0.2:9000&region=eu-west-1"
    ) == media_storage.Bucket("b.2", "a/b_c", "http://10.0.0.2:9000", "eu-west-1")
    monkeypatch.setenv("MEDIA_STORAGE", "s3://my-bucket")
    assert refusals(StorageSettings) == []
    monkeypatch.setenv("MEDIA_STORAGE_KEY", "AKIA")
    (refusal,) = refusals(StorageSettings)
    assert refusal == "MEDIA_STORAGE_SECRET=…: must be set: the key to MEDIA_STORAGE has an id and a secret."


def test_without_the_packages_the_start_says_what_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_storage, "find_spec", lambda name: None if name == "boto3" else object())
    with pytest.raises(ImproperlyConfigured, match=r'python -m pip install "\.\[s3\]"'):
        media_storage.default_storage("s3://my-bucket", "", "")
    assert media_storage.default_storage("", "", "")["BACKEND"] == "django.core.files.storage.FileSystemStorage"


def test_the_extra_pins_what_the_tests_use_and_what_it_pulls_in() -> None:
    extra = [
        Requirement(line)
        for line in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"][
            "s3"
        ]
    ]
    pinned = {
        pin.name: str(pin.specifier) for file in ("requirements.txt", "requirements-dev.txt") for pin in read_pins(file)
    }
    assert {need.name: str(need.specifier) for need in extra}.items() <= pinned.items()
    names = {canonicalize_name(need.name) for need in extra}
    for need in extra:
        for pulled in map(Requirement, metadata.requires(need.name) or []):
            if pulled.marker is None or pulled.marker.evaluate({"extra": ""}):
                assert canonicalize_name(pulled.name) in names | {"django"}, f"{need.name} pulls in {pulled.name}"


def read_pins(file: str) -> Iterator[Requirement]:
    """Yield the pins of a file."""
    for line in (ROOT / file).read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "-r")):
            yield Requirement(line)
