"""How many events share a transaction: as many as are stored in the time that others may be kept waiting."""

from __future__ import annotations

import pytest

from joystick.gateway.batch_size import MAX_EVENTS, MIN_EVENTS, BatchSize


def settled(per_second: float, batch: BatchSize | None = None, *, fixed: float = 0.0) -> int:
    """The size that `batch` has after some load on a database that stores so many events a second."""
    batch = batch or BatchSize()
    for _ in range(20):
        batch.record(batch.size, fixed + batch.size / per_second)
    return batch.size


def test_a_batch_takes_about_as_long_as_others_may_wait() -> None:
    assert settled(10_000) == 2500
    assert settled(2_000) == 500


@pytest.mark.parametrize("per_second", [600, 1_000, 4_000, 15_000])
def test_whatever_the_database_does_in_a_second_others_wait_as_long(per_second: int) -> None:
    assert settled(per_second) / per_second == pytest.approx(BatchSize.TARGET_SECONDS, rel=0.02)


def test_it_has_bounds() -> None:
    assert settled(10**9) == MAX_EVENTS
    assert settled(1) == MIN_EVENTS


def test_a_database_that_becomes_slow_gets_smaller_batches_and_larger_ones_again_later() -> None:
    batch = BatchSize()
    assert settled(16_000, batch) == MAX_EVENTS
    assert settled(1_000, batch) == 250
    assert settled(16_000, batch) == MAX_EVENTS


def test_with_a_fixed_cost_for_each_transaction_it_still_comes_to_rest() -> None:
    """A disk that needs 100 ms for a commit: 150 ms are left for events."""
    assert settled(10_000, fixed=0.1) == pytest.approx(1500, rel=0.02)


def test_a_batch_that_was_not_full_tells_nothing() -> None:
    batch = BatchSize()
    before = batch.size
    batch.record(1, 5.0)
    batch.record(before - 1, 5.0)
    assert batch.size == before


def test_one_wait_for_the_disk_changes_little() -> None:
    batch = BatchSize()
    before = batch.size
    batch.record(batch.size, 60.0)
    assert batch.size == before // 2


def test_one_quick_batch_doubles_the_size_at_most() -> None:
    batch = BatchSize()
    before = batch.size
    batch.record(batch.size, 0.0)
    assert batch.size == before * 2
