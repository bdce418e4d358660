"""Who is here: leases, whatever enters and leaves come, or do not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

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


@pytest.mark.django_db(transaction=True)
class TestWhatIsStoredAlready:
    """A lease that this process stored a moment ago is not stored again."""

    def leases(self, now: datetime, here: str = "", gone: str = "") -> int:
        """Return how many statements of `mark` wrote leases."""
        with CaptureQueriesContext(connection) as queries:
            mark(now, here=here, gone=gone)
        return len([query for query in queries if "INSERT INTO economy_presence" in query["sql"]])

    def test_who_goes_on_talking_is_stored_again_after_a_tenth_of_the_lease(self, now: datetime) -> None:
        after = [0, 5, 10, 11, 20, 22]
        assert [self.leases(now + timedelta(seconds=seconds), here="Ann") for seconds in after] == [1, 0, 0, 1, 0, 1]
        assert self.leases(now + timedelta(seconds=23), here="Ann Bob") == 1
        assert here(now + timedelta(seconds=121)) == ["Ann", "Bob"]

    def test_who_left_or_was_there_before_the_streams_end_is_stored_again(self, now: datetime) -> None:
        mark(now, here="Ann")
        mark(now, gone="Ann")
        assert self.leases(now, here="Ann") == 1
        presence.clear()
        assert self.leases(now, here="Ann") == 1
        assert here(now) == ["Ann"]

    def test_what_was_rolled_back_is_not_taken_for_stored(self, now: datetime) -> None:
        with transaction.atomic():
            mark(now, here="Ann")
            transaction.set_rollback(True)
        assert self.leases(now, here="Ann") == 1
        assert here(now) == ["Ann"]


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
