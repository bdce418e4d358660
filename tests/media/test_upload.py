"""The page for dropping files: what is taken in, what is refused, and what is left of either."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from effects.media import library, sounds
from effects.models import Media, Prize, Sound
from pixelbot_site.kit.errors import Failed
from tests.media.files import animation, clip, still
from tests.media.test_videos import without_length
from tests.media.wrong_files import wrong_files

pytestmark = pytest.mark.django_db
Upload = Callable[..., str]


def test_files_of_all_kinds_are_taken_in_at_once(upload: Upload, stored: Callable[[], list[str]]) -> None:
    page = upload(
        ("cat.png", still()), ("photo.JPG", still("JPEG")), ("web.webp", still("WEBP")), ("dance.gif", animation("GIF")),
        ("ball.png", animation("PNG")), ("clip.webm", clip("webm")), ("clip.mp4", clip("mp4")),
    )  # fmt: skip
    assert "It was not taken" not in page
    kinds = {media.name: media.kind for media in Media.objects.all()}
    assert kinds == {
        "cat": "png", "photo": "jpg", "web": "webp", "dance": "gif", "ball": "apng", "clip": "webm", "clip-2": "mp4",
    }  # fmt: skip
    ball = Media.objects.get(name="ball")
    assert (ball.width, ball.height, ball.seconds, str(ball.uploaded_by)) == (60, 40, 0.5, "fox")
    assert stored() == sorted(media.file_name for media in Media.objects.all())
    assert LogEntry.objects.filter(change_message="Uploaded.").count() == 7


@pytest.mark.journey
def test_no_wrong_file_leaves_anything_behind(
    fox: Client, stored: Callable[[], list[str]], settings: Any, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    wrong = wrong_files()
    page = fox.post(
        "/admin/effects/media/add/", {"files": [SimpleUploadedFile(one.name, one.data) for one in wrong if one.data]}
    )
    assert page.text.count("It was not taken.") == len([one for one in wrong if one.data])
    for one in wrong:
        if one.data:
            assert escape(one.sentence[1:]) in page.text, one.name  # behind a capital letter
    assert "\u202e" not in page.text and "<img src=x" not in page.text
    assert (Media.objects.count(), Sound.objects.count(), stored()) == (0, 0, [])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_empty_file_and_no_file_are_named(upload: Upload, fox: Client) -> None:
    assert "It is empty." in upload(("empty.png", b""))
    assert "No file was chosen." in fox.post("/admin/effects/media/add/", {}).text


def test_the_uploaded_name_is_on_no_file_and_harmless_in_the_library(
    upload: Upload, stored: Callable[[], list[str]], own_folder: Path
) -> None:
    names = (
        "../../etc/cron.d/evil.png",
        "C:\\x\\con.png",
        "a\u202egnp.exe",
        '"><script>.png',
        "..png",
        "x" * 300 + ".png",
    )
    for number, name in enumerate(names, 1):
        upload((name, still(size=(number, 1))))
    assert {media.name for media in Media.objects.all()} == {"evil", "con", "agnp", "script", "file", "x" * 35}
    for path in stored():
        folder, _, name = path.partition("/")
        data = (own_folder / path).read_bytes()
        assert folder == "shown" and name == f"{hashlib.sha256(data).hexdigest()}.png"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_a_file_is_the_bots_own(upload: Upload, own_folder: Path, stored: Callable[[], list[str]]) -> None:
    before = os.umask(0o077)
    try:
        upload(("cat.png", still()))
    finally:
        os.umask(before)
    assert {oct((own_folder / name).stat().st_mode & 0o777) for name in stored()} == {"0o600"}
    assert oct((own_folder / "shown").stat().st_mode & 0o777) == "0o700"


def test_the_same_file_is_kept_once(upload: Upload, stored: Callable[[], list[str]]) -> None:
    upload(("cat.png", still()))
    page = upload(("other.png", still()), ("third.png", still()))
    assert page.count("It is here already, as “cat”.") == 2
    assert (Media.objects.count(), len(stored())) == (1, 1)


def test_two_names_are_told_apart_and_a_lost_race_leaves_nothing(
    upload: Upload, monkeypatch: pytest.MonkeyPatch, stored: Callable[[], list[str]]
) -> None:
    upload(("cat.png", still()))
    upload(("CAT.png", still(size=(9, 9))))
    assert {media.name for media in Media.objects.all()} == {"cat", "CAT-2"}
    kept = stored()
    monkeypatch.setattr(library, "named", lambda name: None)  # somebody else took the name at the same moment
    with pytest.raises(Failed, match="somebody else took in the same file, or the same name"):
        library.take(library.inspect(still(size=(8, 8))), "cat", None)
    assert stored() == kept


def test_what_the_browser_found_out_counts_where_the_header_says_nothing(upload: Upload) -> None:
    lengthless = without_length(clip("mp4"))
    page = upload(("a.mp4", lengthless))
    assert "Its length is not in its header: upload it with a browser that runs scripts, or save it anew." in page
    for nonsense in (
        "[",
        "{}",
        "[1]",
        '[{"width": "9"}]',
        '[{"width": 1, "height": 1, "seconds": NaN}]',
        "[null, null]",
    ):
        assert "Its length is not in its header" in upload(("a.mp4", lengthless), reports=nonsense)
    assert "It was not taken" not in upload(
        ("a.mp4", lengthless), reports=json.dumps([{"width": 64, "height": 48, "seconds": 1.5}])
    )
    media = Media.objects.get()
    assert (media.seconds, media.is_decoded) == (1.5, True)


def test_without_a_script_the_page_says_what_a_size_is_based_on(upload: Upload, fox: Client) -> None:
    assert "no browser decoded it" in upload(("a.mp4", clip("mp4")))
    media = Media.objects.get()
    assert "No browser decoded it" in fox.get(f"/admin/effects/media/{media.pk}/change/").text


def test_a_folder_of_sounds_is_taken_in_at_once(fox: Client) -> None:
    paths = sorted(sounds.SHIPPED.glob("*.wav"))
    files = [SimpleUploadedFile(f"set/{path.name}", path.read_bytes()) for path in paths]
    page = fox.post("/admin/effects/media/add/", {"folder": files}).text
    assert "It was not taken" not in page and page.count("<audio controls") == len(paths)
    assert {sound.name for sound in Sound.objects.all()} == {path.stem for path in paths}
    again = [SimpleUploadedFile(path.name, path.read_bytes()) for path in paths]
    assert fox.post("/admin/effects/media/add/", {"files": again}).text.count("It is here already") == len(paths)
    assert (
        "It was not taken. This is no sound"
        in fox.post("/admin/effects/media/add/", {"files": SimpleUploadedFile("x.mp3", b"ID3 nothing")}).text
    )
    assert "Add several, or a folder" in fox.get("/admin/effects/sound/").text


def test_sounds_take_their_own_permission(staff: Callable[..., Client]) -> None:
    mo = staff("add_media")
    ding = SimpleUploadedFile("ding.wav", (sounds.SHIPPED / "ding.wav").read_bytes())
    assert "Your login may not add sounds." in mo.post("/admin/effects/media/add/", {"files": ding}).text
    assert not Sound.objects.exists()


def test_the_page_is_for_those_who_may_add(staff: Callable[..., Client]) -> None:
    mo = staff("view_media", "add_sound")
    for answer in (
        mo.get("/admin/effects/media/add/"),
        mo.post("/admin/effects/media/add/", {"files": SimpleUploadedFile("cat.png", still())}),
    ):
        assert answer.status_code == 403
    assert not Media.objects.exists()


def test_only_this_pages_policy_lets_a_script_show_chosen_files(fox: Client) -> None:
    policy = fox.get("/admin/effects/media/add/")["Content-Security-Policy"]
    assert "img-src 'self' blob: data:" in policy and "media-src 'self' blob:" in policy
    assert "blob:" not in fox.get("/admin/effects/media/")["Content-Security-Policy"]


class TestInUse:
    """What an effect names is neither deleted nor renamed."""

    @pytest.fixture
    def cat(self, taken: Callable[..., Media]) -> Media:
        media = taken("cat")
        inner = [{"kind": "alert", "text": "look"}, {"kind": "show_media", "media": "Cat"}]
        Prize.objects.create(name="A cat", effects=[{"kind": "run_effects", "effects": inner}])
        return media

    def test_it_is_named_and_stays(self, cat: Media, fox: Client, stored: Callable[[], list[str]]) -> None:
        address = f"/admin/effects/media/{cat.pk}/delete/"
        assert "cat: prize “A cat”" in fox.get(address).text
        assert "is in use, and is not deleted" in fox.post(address, {"post": "yes"}).text
        several = {"action": "delete_selected", "_selected_action": cat.pk, "post": "yes"}
        assert "so none is deleted" in fox.post("/admin/effects/media/", several).text
        renaming = fox.post(f"/admin/effects/media/{cat.pk}/change/", {"name": "dog"}).text
        assert "It is named by prize “A cat”: change that first." in renaming
        assert Media.objects.get().name == "cat" and len(stored()) == 1
        assert "prize “A cat”" in fox.get(f"/admin/effects/media/{cat.pk}/change/").text

    def test_what_nothing_names_goes_with_its_file(
        self, cat: Media, fox: Client, stored: Callable[[], list[str]], django_capture_on_commit_callbacks: Any
    ) -> None:
        Prize.objects.all().delete()
        fox.post(f"/admin/effects/media/{cat.pk}/change/", {"name": "dog"})
        assert Media.objects.get().name == "dog"
        with django_capture_on_commit_callbacks(execute=True):
            fox.post(f"/admin/effects/media/{cat.pk}/delete/", {"post": "yes"})
            assert len(stored()) == 1  # until it is committed
        assert (Media.objects.count(), stored()) == (0, [])
