"""How many events share a transaction: as many as are stored in the time that others may be kept waiting."""

from __future__ import annotations

from joystick.gateway.batch_size import MAX_EVENTS, MIN_EVENTS, BatchSize


def settled(per_second: float, batches: int = 20) -> int:
    """The batch size that a machine of that speed comes to, under load."""
    batch = BatchSize()
    for _ in range(batches):
        batch.record(batch.size, batch.size / per_second)
    return batch.size


def test_a_batch_takes_about_as_long_as_others_may_wait() -> None:
    assert settled(10_000) == 2500
    assert settled(2_000) == 500


def test_it_has_bounds() -> None:
    assert settled(10**9) == MAX_EVENTS
    assert settled(1) == MIN_EVENTS


def test_a_batch_that_was_not_full_tells_nothing() -> None:
    batch = BatchSize()
    before = batch.size
    batch.record(1, 5.0)
    assert batch.size == before


def test_one_wait_for_the_disk_changes_little() -> None:
    batch = BatchSize()
    before = batch.size
    batch.record(batch.size, 60.0)
    assert batch.size == before // 2
