"""Files of the library over HTTP: to whom, as what, and in which parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from effects.media import library, views
from effects.models import Media, Overlay
from tests.media.files import animation, clip, still

pytestmark = pytest.mark.django_db


@pytest.fixture
def video(taken: Callable[..., Media]) -> Media:
    return taken("clip", clip("mp4"))


@pytest.fixture
def address(video: Media) -> str:
    return f"{Overlay.objects.create().page_path()}{library.address(video)}"


@pytest.mark.parametrize(
    ("data", "content_type", "file_name"),
    [
        (still(), "image/png", "cat.png"), (still("JPEG"), "image/jpeg", "cat.jpg"),
        (still("WEBP"), "image/webp", "cat.webp"), (animation("GIF"), "image/gif", "cat.gif"),
        (animation("PNG"), "image/png", "cat.png"), (clip("mp4"), "video/mp4", "cat.mp4"),
        (clip("webm"), "video/webm", "cat.webm"),
    ],
)  # fmt: skip
def test_a_file_is_served_as_what_it_is_and_harmless_alone(
    client: Client, taken: Callable[..., Media], data: bytes, content_type: str, file_name: str
) -> None:
    media = taken("cat", data)
    answer = client.get(f"{Overlay.objects.create().page_path()}{library.address(media)}")
    assert answer.status_code == 200 and len(answer.content) == media.size
    assert dict(answer.headers) | {"Vary": ""} == {
        "Content-Type": content_type,
        "Content-Disposition": f'inline; filename="{file_name}"',
        "Content-Length": str(media.size),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Accept-Ranges": "bytes",
        "ETag": f'"{media.sha256}"',
        "Cache-Control": "private, max-age=31536000, immutable",
        "Vary": "",
    }


def test_it_takes_an_overlays_secret_or_the_permission(
    client: Client, staff: Callable[..., Client], video: Media, address: str
) -> None:
    preview = f"/admin/effects/media/{video.pk}/file/"
    assert client.get(address).status_code == 200
    assert client.get(f"/overlay/wrong/{library.address(video)}").status_code == 404
    assert client.get(address.replace(video.sha256, "0" * 64)).status_code == 404
    assert client.get(address.replace(video.sha256, "..%2f..%2fpixelbot.sqlite3")).status_code == 404
    assert client.post(address).status_code == 405
    assert client.get(preview).status_code == 302
    mo = staff("view_media")
    served = mo.get(preview)
    assert (served.status_code, served["X-Content-Type-Options"], served["Content-Type"]) == (
        200,
        "nosniff",
        "video/mp4",
    )
    assert mo.post(preview).status_code == 403
    mo.session.flush()


def test_other_staff_see_no_preview(staff: Callable[..., Client], video: Media) -> None:
    assert staff("view_sound").get(f"/admin/effects/media/{video.pk}/file/").status_code == 403


def test_stored_media_is_reached_by_no_other_address(client: Client, video: Media, fox: Client) -> None:
    for browser in (client, fox):
        for root in ("/media/", "/static/", "/"):
            assert browser.get(f"{root}{video.file_name}").status_code == 404


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("0-9", 0, 9),
        ("5790-", 5790, 5799),
        ("-10", 5790, 5799),
        ("0-", 0, 5799),
        ("10-99999", 10, 5799),
        ("-99999", 0, 5799),
    ],
)
def test_a_part_is_served(client: Client, video: Media, address: str, asked: str, first: int, last: int) -> None:
    whole = client.get(address).content
    answer = client.get(address, headers={"range": f"bytes={asked}"})
    assert (answer.status_code, answer["Content-Range"]) == (206, f"bytes {first}-{last}/5800")
    assert answer.content == whole[first : last + 1] and answer["Content-Length"] == str(last + 1 - first)
    assert answer["Content-Type"] == "video/mp4" and answer["Content-Security-Policy"].endswith("sandbox")


@pytest.mark.parametrize("asked", ["5800-", "9-3", "-0", "99999999999999-"])
def test_a_part_that_is_not_there_is_a_416(client: Client, address: str, asked: str) -> None:
    answer = client.get(address, headers={"range": f"bytes={asked}"})
    assert (answer.status_code, answer["Content-Range"], answer.content) == (416, "bytes */5800", b"")


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=a-b", "bytes=" + "9" * 5000 + "-"])
def test_what_is_no_single_part_gets_the_whole(client: Client, address: str, asked: str) -> None:
    assert (client.get(address, headers={"range": asked}).status_code) == 200


def test_a_large_part_is_cut_so_that_little_is_held_in_memory(
    client: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MAX_PART", 1000)
    answer = client.get(address, headers={"range": "bytes=100-"})
    assert (answer.status_code, answer["Content-Range"], len(answer.content)) == (206, "bytes 100-1099/5800", 1000)


def test_browsers_ask_again_only_for_what_they_lack(client: Client, video: Media, address: str) -> None:
    etag = f'"{video.sha256}"'
    unchanged = client.get(address, headers={"if-none-match": etag})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", etag)
    part = {"range": "bytes=0-9"}
    assert client.get(address, headers={**part, "if-range": etag}).status_code == 206
    assert client.get(address, headers={**part, "if-range": '"other"'}).status_code == 200
    head = client.head(address)
    assert (head.status_code, head["Content-Length"], head.content) == (200, "5800", b"")


@pytest.fixture
def gone(video: Media) -> Iterator[Media]:
    """A video whose file somebody deleted."""
    default_storage.delete(video.file_name)
    library.shelf.forget()
    yield video


def test_a_missing_file_is_a_404_and_is_put_back_by_uploading_it_again(
    gone: Media, client: Client, address: str, upload: Callable[..., str]
) -> None:
    assert client.get(address).status_code == 404
    assert "It was not taken" not in upload(("clip.mp4", clip("mp4")))
    assert Media.objects.get() == gone
    assert client.get(address).status_code == 200


def test_half_a_file_counts_as_missing(video: Media, client: Client, address: str, taken: Any) -> None:
    with default_storage.open(video.file_name, "wb") as file:
        file.write(b"half")
    assert client.get(address).status_code == 404
    assert taken("clip", clip("mp4")) == video
    assert client.get(address).status_code == 200
