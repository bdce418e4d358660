"""Notes and tags of viewers: written, found, merged, forgotten, exported and imported."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from economy.models import Merge, Viewer
from economy.viewers import forgetting, merging, people

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]
LIST = "/admin/economy/viewer/"


def describe(viewer: Viewer, *, notes: str = "", words: str = "") -> None:
    Viewer.objects.filter(pk=viewer.pk).update(notes=notes, tags=words)


def written(viewer: Viewer) -> tuple[str, str]:
    return Viewer.objects.values_list("notes", "tags").get(pk=viewer.pk)


def listed(page: Any) -> list[str]:
    return [viewer.username for viewer in page.context["cl"].result_list]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("VIP", "vip"),
        (" regular ,VIP,, vip , Regular", "regular, vip"),
        ("draws   a lot", "draws a lot"),
        (",", ""),
        ("a\u202eb", "a\\u202eb"),
    ],
)
def test_tags_are_stored_in_one_form(typed: str, stored: str) -> None:
    assert people.normalized_tags(typed) == stored
    assert people.normalized_tags(stored) == stored


def test_the_form_stores_notes_and_tags_and_refuses_too_many(admin_client: Client, viewer: Make) -> None:
    bob = viewer("Bob")
    form = {"username": "Bob", "excluded": "unknown", "notes": "Likes cats.", "tags": "VIP, artist"}
    admin_client.post(f"{LIST}{bob.pk}/change/", form)
    assert written(bob) == ("Likes cats.", "artist, vip")
    many = ", ".join(f"tag number {number}" for number in range(30))
    page = admin_client.post(f"{LIST}{bob.pk}/change/", {**form, "tags": many}).text
    assert "All tags of a viewer have at most 300 characters." in page
    assert written(bob) == ("Likes cats.", "artist, vip")


@pytest.mark.parametrize("query", ["tag=art", "q=%23ART"])
def test_viewers_are_found_by_a_whole_tag(admin_client: Client, viewer: Make, query: str) -> None:
    for name, words in (("Ann", "art, vip"), ("Bob", "artist"), ("Cid", ""), ("art", "")):
        describe(viewer(name), words=words)
    assert listed(admin_client.get(f"{LIST}?{query}")) == ["Ann"]


def test_the_filter_offers_the_tags_in_use(admin_client: Client, viewer: Make) -> None:
    describe(viewer("Ann"), words="art, <b>vip</b>")
    assert people.tags_in_use() == ["<b>vip</b>", "art"]
    page = admin_client.get(LIST).text
    assert "?tag=art" in page and "<b>vip</b>" not in page


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a small table without its index")
def test_tags_are_found_by_an_index(viewer: Make) -> None:
    for found in (people.tagged(Viewer.objects.all(), "vip"), Viewer.objects.filter(tags__gt="")):
        assert "viewer_tagged" in found.order_by("-last_seen_at").explain()


def test_a_merge_joins_what_is_written_and_its_undoing_parts_it(viewer: Make) -> None:
    bob, new = viewer("Bob"), viewer("New")
    describe(bob, notes="Likes cats.", words="artist, vip")
    describe(new, notes="Renamed in May.", words="regular, vip")
    row = merging.merge(bob, new)
    assert written(new) == ("Renamed in May.\nLikes cats.", "artist, regular, vip")
    merging.undo(row)
    assert written(new) == ("Renamed in May.", "regular, vip")
    assert written(bob) == ("Likes cats.", "artist, vip")


def test_what_was_written_since_a_merge_stays_when_it_is_undone(viewer: Make) -> None:
    bob, new = viewer("Bob"), viewer("New")
    describe(bob, notes="Likes cats.", words="artist")
    row = merging.merge(bob, new)
    describe(new, notes="Likes cats and dogs.", words="artist")
    merging.undo(row)
    assert written(new) == ("Likes cats and dogs.", "")


def test_who_is_forgotten_leaves_no_notes_and_no_tags(viewer: Make) -> None:
    bob, new, ann = viewer("Bob"), viewer("New"), viewer("Ann")
    describe(bob, notes="a secret", words="secret tag")
    describe(new, notes="another secret", words="secret two")
    describe(ann, notes="hers", words="vip")
    row = merging.merge(bob, new)
    forgetting.forget(Viewer.objects.get(pk=new.pk))
    for model in (Viewer, Merge):
        assert "secret" not in str(list(model._default_manager.values()))
    merging.undo(row)
    assert written(bob) == written(new) == ("", "")
    assert written(ann) == ("hers", "vip")


def test_they_go_out_and_come_in_again(admin_client: Client, viewer: Make) -> None:
    bob = viewer("Bob", points=10)
    describe(bob, notes="=1+1\nLikes cats.", words="artist, vip")
    chosen = {f"viewerresource_{name}": True for name in ("username", "points", "notes", "tags")}
    out = admin_client.post(f"{LIST}export/", {"format": "1", **chosen}).content
    assert json.loads(out) == [{"username": "Bob", "points": 10, "notes": "=1+1\nLikes cats.", "tags": "artist, vip"}]
    assert hand_in(admin_client, out) == {"skip": 1}
    table = admin_client.post(f"{LIST}export/", {"format": "0", **chosen}).content
    assert hand_in(admin_client, table) == {"skip": 1}
    describe(bob)
    assert hand_in(admin_client, table) == {"update": 1}
    assert written(bob) == ("=1+1\nLikes cats.", "artist, vip")


def test_an_import_leaves_what_it_does_not_name(admin_client: Client, viewer: Make) -> None:
    bob = viewer("Bob")
    describe(bob, notes="Likes cats.", words="vip")
    assert hand_in(admin_client, b'username,points,notes,tags\nBob,5,,\nNew,1,hello,"B, a"\n') == {
        "update": 1,
        "new": 1,
    }
    assert written(bob) == ("Likes cats.", "vip")
    assert written(Viewer.objects.get(key="new")) == ("hello", "a, b")


def hand_in(client: Client, content: bytes) -> dict[str, int]:
    """Import the file and return how many rows were new, changed, and so on."""
    is_json = content.startswith(b"[")
    file = SimpleUploadedFile("viewers.json" if is_json else "viewers.csv", content)
    answer = client.post(f"{LIST}import/", {"import_file": file, "format": "1" if is_json else "0"})
    form = answer.context["confirm_form"]
    assert client.post(f"{LIST}process_import/", form.initial).status_code == 302
    return {kind: count for kind, count in answer.context["result"].totals.items() if count}
