"""All tests with a database that are no journeys once more, on PostgreSQL, and journeys of money and races.

The other journeys, with a bot of their own, are on the database of their set-up: SQLite where it is one process,
PostgreSQL where it is several.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import FAST
from tests.processes import ROOT

# Each part makes a database of its own, which takes some seconds. Together they have every folder with such tests.
PARTS = {
    "economy": ["economy", "bringing", "logins", "media", "storage"],
    "effects": ["effects"],
    "house": ["house", "api"],
    "joystick": ["joystick"],
    "redeems": ["redeems"],
}
# On SQLite they are journeys, since they start processes or take long.
JOURNEYS = [
    "tests/bringing/test_bring.py::test_import_and_undo_leave_every_table_as_before",
    "tests/joystick/test_oauth.py::TestRenewing",
    "tests/joystick/test_oauth.py::TestTwoAtOnce",
    "tests/joystick/test_oauth.py::test_four_processes_renew_once",
]


@pytest.mark.parametrize("part", PARTS)
def test_what_is_no_journey(part: str, database: str) -> None:
    run_on(database, "-m", FAST, *(f"tests/{folder}" for folder in PARTS[part]))


def test_journeys_of_money(database: str) -> None:
    run_on(database, *JOURNEYS)


def test_every_way_to_ask_for_the_database_is_known(database: str) -> None:
    listed = run_on(database, "--collect-only", "-m", FAST, "tests/economy", "tests/house/test_hooks.py", passed="test")
    # A class of Django's, a mark of the module; and one without a database.
    for name, is_there in (("test_replay.py", True), ("test_audit.py", True), ("test_hooks.py", False)):
        assert (f"/{name}::" in listed) == is_there


def test_no_folder_is_left_out() -> None:
    folders = {path.parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    assert folders - {"journeys", "benchmarks"} == {folder for part in PARTS.values() for folder in part}


def run_on(database: str, *arguments: str, passed: str = " passed") -> str:
    """Run tests on the PostgreSQL at `database`, and return what they said; fail with it where one fails, or none ran."""
    environment = {**os.environ, "TEST_DATABASE_URL": database}
    # --reuse-db: the database is not deleted at the end, while a thread of a test may still have a connection.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--reuse-db", *arguments]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout[-5000:]
    assert passed in run.stdout
    return run.stdout
