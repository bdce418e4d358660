"""Viewers who are not to be on screen: what the form, the card and merges make of that wish."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from economy.models import Viewer
from economy.viewers import merging

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]


def is_unseen(viewer: Viewer) -> bool:
    return bool(Viewer.objects.values_list("is_unseen", flat=True).get(pk=viewer.pk))


def test_everybody_is_on_screen_at_first(viewer: Make) -> None:
    assert not is_unseen(viewer("Eve"))


def test_the_form_stores_it_and_the_card_says_so(admin_client: Client, viewer: Make) -> None:
    eve = viewer("Eve")
    path = f"/admin/economy/viewer/{eve.pk}/change/"
    assert "<li>not on screen</li>" not in admin_client.get(path).text
    form = {"username": "Eve", "excluded": "unknown", "notes": "", "tags": ""}
    admin_client.post(path, {**form, "is_unseen": "on"})
    assert is_unseen(eve) and "<li>not on screen</li>" in admin_client.get(path).text
    admin_client.post(path, form)
    assert not is_unseen(eve)


def test_a_merge_keeps_the_wish_of_either_and_its_undoing_parts_them(viewer: Make) -> None:
    eve, other = viewer("Eve"), viewer("Other")
    Viewer.objects.filter(pk=eve.pk).update(is_unseen=True)
    eve.refresh_from_db()
    merge = merging.merge(eve, other)
    assert is_unseen(other)
    merging.undo(merge)
    assert not is_unseen(other) and is_unseen(eve)


def test_a_merge_into_who_wishes_it_leaves_the_wish(viewer: Make) -> None:
    eve, other = viewer("Eve"), viewer("Other")
    Viewer.objects.filter(pk=eve.pk).update(is_unseen=True)
    eve.refresh_from_db()
    merge = merging.merge(other, eve)
    assert is_unseen(eve)
    merging.undo(merge)
    assert is_unseen(eve) and not is_unseen(other)
