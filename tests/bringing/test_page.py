"""The dashboard's page: files chosen together are compared, brought over and undone, without a script."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from economy.models import Points
from effects.models import AIReplies, Prize
from pixelbot_site import tasks
from pixelbot_site.bringing import uploads, views
from pixelbot_site.models import Import
from tests.bringing.conftest import SECRETS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_start", "own_temporary_folder")]

MANAGER = (
    *("change_settingoverride", "view_settingoverride", "change_points", "change_redeem", "change_prize"),
    *("change_wheelline", "change_levelreward", "change_item", "add_sound", "change_sound"),
)


@pytest.fixture
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = os.umask(0o022)
    yield folder
    os.umask(before)


def chosen(folder: Path) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(path.name, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]


def post(client: Client, **form: Any) -> Any:
    return client.post(reverse("bring"), form, follow=True)


def token_of(answer: Any) -> str:
    found = re.search(r'name="files" value="([0-9a-f]{32})"', answer.text)
    assert found, answer.text
    return found[1]


def test_files_are_compared_brought_over_and_undone(
    admin_client: Client, folder: Path, own_temporary_folder: Path
) -> None:
    assert "Bring the original Pixel along" in admin_client.get("/admin/").text
    answer = post(admin_client, do="compare", files=chosen(folder))
    page = answer.text
    assert "Nothing has been written yet." in page and not Import.objects.exists()
    assert "<bdi>points: 0 → 40</bdi>" in page and "<bdi>!tts</bdi></td><td>changed</td>" in page
    assert "Write into .env: OBS_HOST=192.168.1.7" in page
    assert not any(secret in page for secret in SECRETS)
    (kept,) = own_temporary_folder.glob("pixelbot-import-*")
    assert kept.stat().st_mode & 0o777 == 0o700
    done = post(admin_client, do="bring", files=token_of(answer)).text
    assert "It was brought over." in done and Points.objects.get(viewer__key="bob").balance == 40
    assert not any(secret in done for secret in SECRETS) and not kept.exists()
    record = Import.objects.get()
    assert (record.by, record.origin) == ("admin", "uploaded files")
    undone = post(admin_client, **{"do": "undo", "import": record.pk}).text
    assert "stay in the list of viewers, since rows of the ledgers are never deleted." in undone
    assert Points.objects.get(viewer__key="bob").balance == 0 and 'value="undo"' not in undone
    log = admin_client.get(reverse("admin:admin_logentry_changelist")).text
    assert "Brought over." in log and "Undone." in log


def test_what_is_none_of_the_originals_files_is_said(admin_client: Client, own_temporary_folder: Path) -> None:
    odd = {
        "main.py": (b"x", "It is none of the original Pixel&#x27;s files."),
        "all.zip": (b"PK", "Unpack it, and choose the files that are in it."),
        "a*b.wav": (b"x", "A name like this can&#x27;t be kept."),
        "prizes.json": (b"x" * (2 * 2**20 + 1), "It has more than 2 MB."),
        "long.wav": (b"x" * (10 * 2**20 + 1), "It has more than 10 MB."),
    }
    page = post(admin_client, do="compare", files=[SimpleUploadedFile(name, odd[name][0]) for name in odd]).text
    for name, (_, sentence) in odd.items():
        assert f"“{name}” was left out. {sentence.rstrip('.')}" in page
    assert "Nothing was done: none of these files is the original Pixel&#x27;s." in page
    assert list(own_temporary_folder.iterdir()) == []
    twice = [SimpleUploadedFile("spin_lines.txt", b"{user}!") for _ in range(2)]
    page = post(admin_client, do="compare", files=twice).text
    assert "“spin_lines.txt” was left out. Two files have this name." in page
    assert "Nothing was done: none of these files" in post(admin_client, do="compare").text


def test_names_with_paths_stay_in_their_folder(admin_client: Client, own_temporary_folder: Path) -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="do"\r\n\r\ncompare\r\n--B\r\nContent-Disposition: form-data; '
        b'name="files"; filename="../../../prizes.json"\r\n\r\n[{"name": "Up"}]\r\n--B\r\nContent-Disposition: form-data; '
        b'name="files"; filename="..\\\\..\\\\spin_lines.txt"\r\n\r\n{user}!\r\n--B--\r\n'
    )
    admin_client.post(reverse("bring"), body, content_type="multipart/form-data; boundary=B")
    (kept,) = own_temporary_folder.iterdir()
    assert {path.name for path in kept.iterdir()} <= {"prizes.json", "spin_lines.txt"}


def test_files_are_kept_for_an_hour(
    admin_client: Client, own_temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = post(admin_client, do="compare", files=[SimpleUploadedFile("spin_lines.txt", b"{user}!")])
    token = token_of(answer)
    assert "The files were deleted." in post(admin_client, do="drop", files=token).text
    assert list(own_temporary_folder.iterdir()) == []
    token = token_of(post(admin_client, do="compare", files=[SimpleUploadedFile("spin_lines.txt", b"{user}!")]))
    outside = own_temporary_folder.parent / "outside"
    outside.mkdir()
    post(admin_client, do="drop", files=f"{token}/../../outside")
    assert outside.exists()
    tasks.sweep()
    assert len(list(own_temporary_folder.iterdir())) == 1
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + uploads.KEPT_FOR + 1)
    tasks.sweep()
    assert list(own_temporary_folder.iterdir()) == []
    for wrong in (token, "../../etc", ""):
        assert "The files are not here any more" in post(admin_client, do="bring", files=wrong).text
    assert "The files are not here any more" in admin_client.get(reverse("bring"), {"files": "../.."}).text


def test_markup_in_names_is_shown_as_text(admin_client: Client) -> None:
    prizes = SimpleUploadedFile("prizes.json", b'[{"name": "<script>alert(1)</script>"}]')
    page = post(admin_client, do="compare", files=[prizes]).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert" not in page


def test_long_sections_are_cut(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MAX_SHOWN", 3)
    lines = SimpleUploadedFile("spin_lines.txt", b"a\nb\nc\nd\ne\n")
    assert "2 more differ." in post(admin_client, do="compare", files=[lines]).text


def test_each_brings_over_and_undoes_what_they_may_change(staff: Callable[..., Client], folder: Path) -> None:
    client = staff(*MANAGER)
    answer = post(client, do="compare", files=chosen(folder))
    assert answer.text.count("Your login may not change this.") == 7  # the AI, the application, OSC's target
    post(client, do="bring", files=token_of(answer))
    assert Prize.objects.filter(name="Bad Joke!").exists() and not AIReplies.objects.exists()
    record = Import.objects.get()
    assert "Undone" in post(client, **{"do": "undo", "import": record.pk}).text


def test_an_import_of_more_than_one_may_change_is_not_undone(
    admin_client: Client, staff: Callable[..., Client], folder: Path
) -> None:
    post(admin_client, do="bring", files=token_of(post(admin_client, do="compare", files=chosen(folder))))
    page = post(staff(*MANAGER), **{"do": "undo", "import": Import.objects.get().pk}).text
    assert "Nothing was done: your login may not change all that this import changed." in page
    assert Points.objects.get(viewer__key="bob").balance == 40


def test_the_points_are_for_whoever_may_change_points(staff: Callable[..., Client], folder: Path) -> None:
    client = staff("change_settingoverride")
    answer = post(client, do="compare", files=chosen(folder))
    assert "all of them" in answer.text
    post(client, do="bring", files=token_of(answer))
    assert not Points.objects.exists()


def test_it_is_for_whoever_may_change_settings(staff: Callable[..., Client]) -> None:
    client = staff("view_settingoverride", "change_points")
    for method in (client.get, client.post):
        assert method(reverse("bring")).status_code == 403
    assert "Bring the original" not in client.get("/admin/").text
