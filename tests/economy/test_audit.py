"""The audit finds whatever is wrong, and nothing where all is right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from economy import tasks
from economy.earning import pay
from economy.earning.pay import Award
from economy.ledger import audit, points
from economy.models import Audit, Points, Viewer
from joystick.settings_table import Rules
from pixelbot_site.celery import app
from tests.economy.tampering import tampered

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(viewer: Callable[..., Viewer], rules: Rules, now: Any) -> None:
    """Two viewers who earned, spent, gave, and got back."""
    bob, ann = viewer("Bob", points=100), viewer("Ann", points=7)
    viewer("Newcomer")
    pay.pay([Award("Bob", "tip", "1", points=20, xp=150)], rules=rules, now=now)
    spent = points.spend(bob, 30, source="redeem", reference="r:1")
    points.refund(spent, reason="test")
    points.spend(ann, 5, source="redeem", reference="r:2")
    points.transfer(bob, ann, 11, source="give", reference="g:1")
    points.adjust(ann, -1, source="moderator", reference="a:1")


def test_a_right_ledger_has_no_faults(history: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(audit.findings()) == []
    call_command("audit_ledger")
    assert capsys.readouterr().out == "The ledger agrees with itself.\n"


@pytest.mark.parametrize(
    ("sql", "sentences"),
    [
        (
            "UPDATE economy_points SET balance = balance + 1 WHERE viewer_id = (SELECT id FROM economy_viewer WHERE key = 'bob')",
            ["Bob has 110 points, but the rows add up to 109.", "Bob has 110 points, but the last row says 109."],
        ),
        (
            "UPDATE economy_xp SET total = 7 WHERE viewer_id = (SELECT id FROM economy_viewer WHERE key = 'bob')",
            ["Bob has 7 XP, but the rows add up to 150.", "Bob has 7 XP, but the last row says 150."],
        ),
        (
            "UPDATE economy_transaction SET delta = 3 WHERE reference = 'tip:1'",
            ["Bob has 109 points, but the rows add up to 92."],
        ),
        (
            "DELETE FROM economy_transaction WHERE reference = 'a:1'",
            ["Ann has 12 points, but the rows add up to 13.", "Ann has 12 points, but the last row says 13."],
        ),
        (
            "DELETE FROM economy_points WHERE viewer_id = (SELECT id FROM economy_viewer WHERE key = 'newcomer')",
            ["Newcomer has no row of points or of XP."],
        ),
        (
            "DELETE FROM economy_points WHERE viewer_id = (SELECT id FROM economy_viewer WHERE key = 'ann')",
            ["Ann has rows of points, but no balance.", "Ann has no row of points or of XP."],
        ),
    ],
)
def test_what_is_wrong_is_told(
    history: None, sql: str, sentences: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with tampered():
        with connection.cursor() as cursor:
            cursor.execute(sql)
    assert sorted(audit.findings()) == sorted(sentences)
    with pytest.raises(SystemExit) as ended:
        call_command("audit_ledger")
    assert ended.value.code == 1
    assert sentences[0] in capsys.readouterr().out


def test_the_nightly_audit_is_kept_and_a_fault_is_a_red_line(history: None, caplog: pytest.LogCaptureFixture) -> None:
    tasks.audit_ledger()
    assert (Audit.objects.get().findings, audit.fault(audit.latest())) == ("", "")
    Points.objects.filter(viewer__key="ann").update(balance=1)
    tasks.audit_ledger()
    assert Audit.objects.count() == 2
    assert audit.fault(audit.latest()).startswith("The ledger does not agree with itself (Ann has 1 points")
    assert "the audit found a fault: Ann has 1 points" in caplog.text


def test_an_audit_that_was_missed_is_made_up_for_within_a_minute(history: None, settings: Any) -> None:
    (every_minute,) = [row for row in settings.CELERY_BEAT_SCHEDULE.values() if row["task"] == tasks.audit_if_due.name]
    assert every_minute["schedule"] == 60
    for _ in range(2):
        tasks.audit_if_due()
    assert Audit.objects.count() == 1
    Audit.objects.update(ran_at=timezone.now() - timedelta(hours=23, minutes=59))
    tasks.audit_if_due()
    assert Audit.objects.count() == 1
    Audit.objects.update(ran_at=timezone.now() - timedelta(hours=24, minutes=1))
    tasks.audit_if_due()
    assert Audit.objects.count() == 2


def test_a_bot_without_viewers_has_nothing_to_audit(db: None) -> None:
    tasks.audit_if_due()
    assert not Audit.objects.exists()


def test_two_processes_do_not_audit_at_once(history: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_with_a_rival() -> Audit:
        tasks.audit_if_due()
        return run()

    run = audit.run
    monkeypatch.setattr(audit, "run", run_with_a_rival)
    tasks.audit_if_due()
    assert Audit.objects.count() == 1


def test_every_scheduled_task_exists(settings: Any) -> None:
    app.loader.import_default_modules()
    assert {row["task"] for row in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_a_refund_that_does_not_match_is_told(history: None) -> None:
    with tampered():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE economy_transaction SET delta = 31 WHERE kind = 'refund'")
    assert any("to undo" in sentence for sentence in audit.findings())


def test_a_name_in_a_finding_steers_no_terminal(viewer: Callable[..., Viewer]) -> None:
    made = viewer("Bob")
    Viewer.objects.filter(pk=made.pk).update(username="Bo\x1b[2J\nb")
    Points.objects.filter(viewer=made).update(balance=5)
    (finding, *_) = audit.findings()
    assert r"Bo\x1b[2J\nb" in finding and "\x1b" not in finding


def test_of_many_faults_twenty_are_named(viewer: Callable[..., Viewer]) -> None:
    for number in range(25):
        viewer(f"viewer{number}", points=5)
    Points.objects.update(balance=6)
    found = list(audit.findings())
    assert len(found) == 42 and "… and 5 more of that kind." in found


def test_one_side_of_a_transfer_alone_is_told(history: None) -> None:
    for gone in ("in", "out"):
        with tampered(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM economy_transaction WHERE reference = %s", [f"g:1:{gone}"])
        told = [sentence for sentence in audit.findings() if "one side of a transfer" in sentence]
        assert len(told) == (gone == "in")
