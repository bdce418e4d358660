"""Who is here: leases, whatever enters and leaves come, or do not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from economy.models import Presence
from economy.viewers import people, presence

pytestmark = pytest.mark.django_db


def mark(now: datetime, here: str = "", gone: str = "") -> None:
    viewers = people.seen(here.split(), now=now)
    presence.mark(here=viewers.values(), gone=gone.split(), seconds=100, now=now)


def here(now: datetime) -> list[str]:
    return list(presence.present(now=now).values_list("username", flat=True))


def test_who_came_is_here_until_gone(now: datetime) -> None:
    mark(now, here="Ann Bob")
    assert here(now) == ["Ann", "Bob"]
    mark(now, gone="ANN")
    assert here(now) == ["Bob"]


def test_unpaired_leaves_and_enters_change_nothing_more(now: datetime) -> None:
    mark(now, gone="Nobody")
    mark(now, here="Ann")
    mark(now, here="ann")
    mark(now, gone="Ann")
    mark(now, gone="Ann")
    assert here(now) == []


def test_a_lease_ends_by_itself_and_a_sign_of_life_renews_it(now: datetime) -> None:
    mark(now, here="Ann Bob")
    mark(now + timedelta(seconds=60), here="Ann")
    later = now + timedelta(seconds=120)
    assert here(later) == ["Ann"]
    assert presence.sweep(now=later) == 1
    assert Presence.objects.count() == 1


def test_since_holds_while_somebody_stays_and_begins_anew_after_an_absence(now: datetime) -> None:
    mark(now, here="Ann")
    mark(now + timedelta(seconds=60), here="Ann")
    assert Presence.objects.get().since == now
    back = now + timedelta(seconds=1000)
    mark(back, here="Ann")
    assert Presence.objects.get().since == back


def test_everybody_is_gone_at_the_streams_end(now: datetime) -> None:
    mark(now, here="Ann Bob")
    presence.clear()
    assert here(now) == []


def test_the_newest_are_named_and_all_are_counted(now: datetime) -> None:
    assert presence.newest(2, now=now) == presence.Here(0, [])
    for second, name in enumerate(("Ann", "Bob", "Cid")):
        mark(now + timedelta(seconds=second), here=name)
    mark(now + timedelta(seconds=5), gone="Ann")
    assert presence.newest(1, now=now + timedelta(seconds=6)) == presence.Here(2, ["Cid"])
    assert presence.newest(9, now=now + timedelta(seconds=6)) == presence.Here(2, ["Cid", "Bob"])
