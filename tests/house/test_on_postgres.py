"""The tests of money and races once more, on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.processes import ROOT

# Each part makes a database of its own, which takes some seconds.
PARTS = {
    "economy": [
        "tests/economy",
        "--deselect=tests/economy/test_card.py::TestWhoMay",  # pages that ask nothing special
        "--deselect=tests/economy/test_card.py::TestSearch",
        "tests/logins/test_invitations.py",
        "tests/logins/test_roles.py",
    ],
    "queue": [
        "tests/redeems/test_deadlocks.py",
        "tests/redeems/test_flow.py",
        "tests/redeems/test_giving_back.py",
        "tests/bringing/test_bring.py::test_import_and_undo_leave_every_table_as_before",
        "tests/bringing/test_viewers.py::test_it_is_done_in_pieces_with_pauses_and_goes_on_after_it_was_broken_off",
        "tests/redeems/test_limits.py",
        "tests/redeems/test_purchase.py",
        "tests/redeems/test_races.py",
        "tests/redeems/test_what_was_bought.py",
        "tests/effects/test_ai_budget.py",
        "tests/effects/test_control.py",
        "tests/effects/test_expiry.py",
        "tests/effects/test_folding.py",
        "tests/effects/test_lanes.py",
        "tests/effects/test_purchases.py",
        "tests/effects/test_queue.py",
        "tests/effects/test_wheel.py",
    ],
    "inbox": [
        "tests/joystick/test_inbox.py",
        "tests/joystick/test_lease.py",
        "tests/joystick/test_channels.py",
        "tests/joystick/test_commands.py",
        "tests/joystick/test_custom_commands.py::test_of_many_who_count_and_quote_at_once_nobody_is_lost",
        "tests/joystick/test_timers.py::test_of_many_processes_one_runs_it",
        "tests/joystick/test_oauth.py::TestRenewing",
        "tests/joystick/test_oauth.py::TestTwoAtOnce",
        "tests/joystick/test_oauth.py::test_four_processes_renew_once",
        "tests/joystick/test_events_of_items.py",
        "tests/joystick/test_feed_lists.py",
        "tests/joystick/test_name_changes.py",
        "tests/joystick/test_reactions.py",
        "tests/joystick/test_results.py",
        "tests/joystick/test_retention.py",
        "tests/joystick/test_roster.py",
        "tests/joystick/test_run_again.py",
        "tests/joystick/test_streams.py",
        "tests/house/test_charts.py",
    ],
}


@pytest.mark.parametrize("part", PARTS)
def test_money_on_postgres(part: str, database: str) -> None:
    environment = {**os.environ, "TEST_DATABASE_URL": database}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *PARTS[part]]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout[-5000:]
    assert " passed" in run.stdout
