"""A batch for many viewers beside a bot that goes on handling events."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from economy.batches import batch
from economy.batches.target import Target
from economy.ledger import audit
from economy.models import Points, Viewer
from joystick.inbox import receive
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.simulator.happenings import tip
from tests.benchmarks import crowd
from tests.conftest import frame_text
from tests.processes import BotProcess, free_port, wait_until

VIEWERS = 12_000


def test_a_batch_whose_worker_died_is_finished_by_the_running_bot(tmp_path: Path) -> None:
    """The embedded bot: Celery's beat finds it, and each piece calls for the next."""
    bot = BotProcess(tmp_path, free_port())
    bot.start().stop()
    file = tmp_path / "pixelbot.sqlite3"
    crowd.fill(file, VIEWERS)
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            "INSERT INTO economy_batch (key, currency, operation, amount, target, skips, reason, by, state, total, done, "
            "success, failed, changed, level_ups, cursor, last, lease_until, created_at) VALUES "
            "('0123456789abcdef0123456789abcdef', 'points', 'add', 5, '{}', 0, '', 'fox', 'running', ?, 0, 0, 0, 0, 0, 0, ?, ?, ?)",
            [VIEWERS, VIEWERS, now, now],
        )
        database.commit()

    def is_done() -> bool:
        with closing(sqlite3.connect(file)) as database:
            return bool(
                database.execute("SELECT state = 'done' AND success = ? FROM economy_batch", [VIEWERS]).fetchone()[0]
            )

    bot.start()
    wait_until(is_done, "the batch is done", within=60)
    bot.stop()
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT DISTINCT balance FROM economy_points").fetchall() == [(crowd.EACH + 5,)]


@pytest.mark.django_db(transaction=True)
def test_events_are_handled_while_a_batch_runs(capsys: pytest.CaptureFixture[str]) -> None:
    Viewer.objects.bulk_create(Viewer(key=f"viewer{n}", username=f"viewer{n}") for n in range(VIEWERS * 3))
    Points.objects.bulk_create(Points(viewer_id=pk) for pk in Viewer.objects.values_list("pk", flat=True))
    from economy.models import XP

    XP.objects.bulk_create(XP(viewer_id=pk) for pk in Viewer.objects.values_list("pk", flat=True))
    planned = batch.plan("points", "add", 5, target=Target())
    running = threading.Thread(target=lambda: batch.run(planned))
    waits = []
    running.start()
    while running.is_alive():
        received = read_frame(frame_text(tip("Ann", 1)))
        assert isinstance(received, ReceivedFrame)
        began = time.monotonic()
        receive.receive([received])
        waits.append(time.monotonic() - began)
    running.join()
    print(f"{len(waits)} events beside the batch, the longest took {max(waits):.2f} s")
    planned.refresh_from_db()
    assert planned.success == VIEWERS * 3
    assert len(waits) > 10 and max(waits) < 5
    assert Points.objects.get(viewer__key="ann").balance == len(waits)
    assert list(audit.findings()) == []
