"""Viewers of the original's database: in pieces, each change once, whatever broke it off."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from economy.ledger import audit, points
from economy.models import Points, Transaction, Viewer, XPTransaction
from economy.viewers import forgetting, inventory
from pixelbot_site.bringing import run
from pixelbot_site.bringing.difference import State
from pixelbot_site.bringing.pixel import viewers
from pixelbot_site.models import Import
from tests.bringing.conftest import change
from tests.processes import ROOT, on_the_tests_database, wait_until

pytestmark = pytest.mark.django_db


def bring(place: Path) -> None:
    call_command("bring", "pixel", str(place))


def balances() -> dict[str, int]:
    return dict(Points.objects.values_list("viewer__key", "balance"))


def test_viewers_points_xp_and_histories_come_over(old_database: Path) -> None:
    bring(old_database)
    rows = Transaction.objects.filter(viewer__key="bob").order_by("pk").values_list("delta", "balance_after", "reason")
    assert list(rows) == [(35, 35, "had before"), (10, 45, "chat"), (-30, 15, "tts"), (25, 40, "tip")]
    assert list(XPTransaction.objects.order_by("pk").values_list("delta", flat=True)) == [200, -50]
    assert f"{Transaction.objects.get(reference='pixel:1').created_at:%Y-%m-%d %H:%M}" == "2024-02-01 10:00"
    assert f"{Viewer.objects.get(key='bob').first_seen_at:%Y-%m-%d}" == "2024-01-01"
    assert inventory.held(Viewer.objects.get(key="bob")) == [("Golden ticket", 2)]
    assert list(audit.findings()) == []


def test_a_name_that_would_steer_a_terminal_is_left_out(old_database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(old_database, "UPDATE users SET name = 'A' || char(27) || ']52;c;x' WHERE name = 'Ann'")
    bring(old_database)
    told = capsys.readouterr()
    assert r"left out: A\x1b]52;c;x – This can't be a viewer's name." in told.out
    assert "\x1b" not in told.err + told.out and not Viewer.objects.filter(key__contains="\x1b").exists()


def test_again_it_takes_only_what_is_new_and_leaves_what_was_earned_here(old_database: Path) -> None:
    bring(old_database)
    bob = Viewer.objects.get(key="bob")
    points.spend(bob, 39, source="redeem", reference="r:1")
    before = Transaction.objects.count()
    bring(old_database)
    assert Transaction.objects.count() == before and Points.objects.get(viewer=bob).balance == 1
    change(
        old_database,
        "INSERT INTO transactions VALUES (4, 1, 'spend', -5, 'tts', '2024-02-04'), (5, 1, 'grant', 8, 'tip', '2024-02-05')",
    )
    bring(old_database)
    assert Points.objects.get(viewer=bob).balance == 4  # 1 - 5 + 8, by way of a row that makes room for the dip
    assert list(audit.findings()) == []


def test_what_a_viewer_has_here_already_stays(old_database: Path, viewer: Callable[..., Viewer]) -> None:
    viewer("BOB", points=100)
    (found,) = [one for one in run.compare(old_database) if one.name == "BOB"]
    assert (found.state, found.details[0]) == (State.CHANGED, "points: 100 → 140")
    assert found.details[-1] == "first seen: 2026-08-01 → 2024-01-01"
    bring(old_database)
    assert balances()["bob"] == 140
    assert list(audit.findings()) == []


def test_what_a_running_original_has_not_merged_into_its_file_comes_over(old_database: Path) -> None:
    with closing(sqlite3.connect(old_database)) as running:
        running.execute("PRAGMA wal_autocheckpoint = 0")
        running.execute("INSERT INTO transactions VALUES (4, 1, 'grant', 8, 'tip', '2024-02-05')")
        running.execute("UPDATE points SET balance = 48 WHERE user_id = 1")
        running.commit()
        bring(old_database)
    assert balances()["bob"] == 48


def test_rows_of_the_command_before_this_one_are_known(old_database: Path) -> None:
    bring(old_database)
    Import.objects.all().delete()  # it wrote the same references, and no import
    assert [one for one in run.compare(old_database) if one.section == "Viewers" and one.details] == []


def test_it_is_done_in_pieces_with_pauses_and_goes_on_after_it_was_broken_off(
    old_database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change(old_database, "INSERT INTO users VALUES (5, 'bob', NULL, NULL), (6, 'Cat', NULL, NULL)")
    change(old_database, "INSERT INTO points VALUES (5, 5), (6, 1)")
    monkeypatch.setattr(viewers, "MAX_USERS", 2)

    def killed(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", killed)
    with pytest.raises(KeyboardInterrupt):
        bring(old_database)
    assert balances() == {"bob": 40, "ann": 7}
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    for _ in range(2):
        bring(old_database)
        assert balances() == {"bob": 45, "ann": 7, "idle": 0, "cat": 1}
    assert len(pauses) == 6 and "2 of 5 viewers\n4 of 5 viewers\n5 of 5 viewers\n" in capsys.readouterr().out
    assert list(audit.findings()) == []
    # The part that was broken off is undone by itself, and comes again.
    broken, second = Import.objects.order_by("pk")
    broken.alive_at -= run.ALIVE
    run.undo(broken, by="mo")
    assert balances() == {"bob": 5, "ann": 0, "idle": 0, "cat": 1}
    bring(old_database)
    assert balances() == {"bob": 45, "ann": 7, "idle": 0, "cat": 1}
    run.undo(second, by="mo")
    assert balances() == {"bob": 40, "ann": 7, "cat": 0}
    assert list(audit.findings()) == []


def test_items_that_came_alone_are_taken_back_where_they_are_still_there(old_database: Path) -> None:
    bring(old_database)
    change(old_database, "INSERT INTO inventory VALUES (2, 1, 'ticket', 3), (3, 2, 'ticket', 5)")
    bring(old_database)
    bob, ann = Viewer.objects.get(key="bob"), Viewer.objects.get(key="ann")
    inventory.give(ann, "ticket", -4, reference="used")
    (left,) = run.undo(Import.objects.latest("pk"), by="mo")
    assert left == "3 viewers: 1 of their items stay, since they have fewer left."
    assert (inventory.held(bob), inventory.held(ann)) == ([("Golden ticket", 2)], [("Golden ticket", 1)])


def test_a_row_that_staff_took_back_does_not_come_again(old_database: Path) -> None:
    bring(old_database)
    points.reverse(Transaction.objects.get(reference="pixel:3"))
    bring(old_database)
    assert balances()["bob"] == 15
    # Undoing the import takes back the rest, and nothing twice.
    run.undo(Import.objects.get(), by="mo")
    assert balances()["bob"] == 0
    assert list(audit.findings()) == []


def test_who_was_forgotten_is_not_brought_again(old_database: Path) -> None:
    bring(old_database)
    forgetting.forget(Viewer.objects.get(key="bob"))
    told = {one.name: one.reason for one in run.compare(old_database)}
    assert told["user 1"] == "They were forgotten here." and "Bob" not in told
    bring(old_database)
    assert not Viewer.objects.filter(key="bob").exists()
    assert list(audit.findings()) == []


def test_many_users_take_as_many_statements_as_a_few(old_database: Path) -> None:
    def statements(first: int, count: int) -> tuple[int, int]:
        for number in range(first, first + count):
            change(
                old_database,
                f"INSERT INTO users VALUES ({number}, 'Fan{number}', NULL, NULL)",
                f"INSERT INTO transactions VALUES ({number}, {number}, 'grant', 5, '', NULL)",
                f"INSERT INTO inventory VALUES ({number}, {number}, 'ticket', 1)",
            )
        with CaptureQueriesContext(connection) as compared:
            list(run.compare(old_database))
        with CaptureQueriesContext(connection) as asked:
            bring(old_database)
        return len(compared), len(asked)

    bring(old_database)
    assert statements(100, 3) == statements(200, 60)


def test_rewards_of_levels_that_were_taken_back_are_given_when_they_are_reached(old_database: Path) -> None:
    bring(old_database)
    bob = Viewer.objects.get(key="bob")
    assert bob.xp.rewarded_level == 2
    run.undo(Import.objects.get(), by="mo")
    bob = Viewer.objects.get(key="bob")
    assert (bob.xp.total, bob.xp.level, bob.xp.rewarded_level) == (0, 1, 1)


@pytest.mark.journey
@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_killed_half_way_is_made_up_for_exactly(old_database: Path) -> None:
    """By kill -9; the next run brings what is missing, once, and either part is undone by itself."""
    users = 2500
    with closing(sqlite3.connect(old_database)) as source, source:
        for table in ("users", "points", "transactions", "xp", "xp_transactions", "inventory"):
            source.execute(f"DELETE FROM {table}")
        source.executemany("INSERT INTO users VALUES (?, ?, NULL, NULL)", [(n, f"Fan{n}") for n in range(1, users + 1)])
        source.executemany("INSERT INTO points VALUES (?, 5)", [(n,) for n in range(1, users + 1)])
    command = [sys.executable, "manage.py", "bring", "pixel", str(old_database)]
    process = subprocess.Popen(command, cwd=ROOT, env=on_the_tests_database(), stdout=subprocess.DEVNULL)
    wait_until(Transaction.objects.exists, "the first viewers", within=60)
    process.kill()
    process.wait(10)
    first = Transaction.objects.count()
    assert 0 < first < users and first % viewers.MAX_USERS == 0
    bring(old_database)
    assert list(Points.objects.values_list("balance", flat=True)) == [5] * users
    broken, second = Import.objects.order_by("pk")
    assert (broken.ended_at, second.ended_at is not None) == (None, True)
    broken.alive_at -= run.ALIVE
    run.undo(broken, by="mo")
    assert Points.objects.filter(balance=0).count() == first
    run.undo(second, by="mo")
    assert not Points.objects.exclude(balance=0).exists() and list(audit.findings()) == []
