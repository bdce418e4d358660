"""Fixtures that more than one folder needs, and which tests are journeys."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache as django_cache
from django.core.management.commands import flush as flush_command
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from pytest_django import DjangoDbBlocker

from economy.models import Viewer
from economy.viewers import people, presence
from effects.chat import MAILBOX
from effects.media import library
from effects.models import Overlay
from effects.obs import health as obs_health
from effects.obs.client import obs
from effects.overlays import pages, screens
from joystick.chat import answering, built_in
from joystick.chat.moderation import rules as chat_filters
from joystick.inbox import name_changes, receive
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.reactions import rules as reaction_rules
from joystick.settings_table import Rules
from joystick.simulator.happenings import Happening
from pixelbot_site.index import guide, lamps, tonight
from pixelbot_site.kit import phrases, settings_table
from pixelbot_site.models import Role
from tests import processes
from tests.economy.tampering import tampered
from tests.processes import SimulatorThread, missing_part
from tests.servers import Postgres, running_postgres, running_redis

IN_CI = os.environ.get("CI") == "true"
# CI tries the same examples in each run; by hand every run tries others, and remembers in .hypothesis those that failed.
hypothesis.settings.register_profile("ci", derandomize=True, database=None)
hypothesis.settings.register_profile("by hand", derandomize=False)
hypothesis.settings.load_profile("ci" if IN_CI else "by hand")

DATA = Path(__file__).parent / "data"
# Tables with the rows of permissions and roles, each before those that refer to it.
MADE_BY_MIGRATING = [
    model._meta.db_table for model in (ContentType, Permission, Group, Group.permissions.through, Role)
]
# What README offers to people who change something.
FAST = "not journey"
SLOW_FOLDERS = ("journeys", "benchmarks")
# Modules that start servers, tools or processes without a fixture, that wait for clocks, or make their examples when
# they are collected.
SLOW_MODULES = {
    "test_ai_client", "test_arrows", "test_bring", "test_checks", "test_extending", "test_floods", "test_guesses",
    "test_health_port", "test_line", "test_loudness", "test_oauth", "test_only_writer", "test_osc", "test_portable",
    "test_reactions_migration", "test_reasons", "test_schema", "test_simulator", "test_text_budget", "test_two_channels", "test_webhook", "test_webhook_targets",
}  # fmt: skip
# Modules whose tests take half a minute and more.
LONGEST = {"test_chaos", "test_bad_night", "test_kill"}
# Enough for the other processes to do beside and between the tests that are `alone`.
QUICK_FIRST = 600
# Modules whose tests mostly wait for a socket: beside each other, they leave the cores idle.
WAITING = {"test_line", "test_reasons", "test_guesses"}
# pytest-django's.
DATABASES = {"db", "transactional_db", "live_server"}
SLOW_FIXTURES = {"s3", "mortal", "bot", "make_bot", "page", "strict_page", "real", "database", "redis_url"}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out unread what the fast loop leaves out: each process would import browsers and servers for nothing."""
    is_slow = collection_path.name in SLOW_FOLDERS or collection_path.stem in SLOW_MODULES
    return True if is_slow and config.option.markexpr == FAST else None


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as a journey each test in a slow folder or module, or that starts a bot, a browser, OBS or a server."""
    twins = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twins:  # of tests of one name, pytest-xdist runs one alone, and tells nobody
        raise ValueError(f"several tests are called {', '.join(twins)}")
    if "TEST_DATABASE_URL" in os.environ:  # `test_on_postgres`: without a database, a test is the same once more
        config.hook.pytest_deselected(items=[item for item in items if not has_database(item)])
        items[:] = [item for item in items if has_database(item)]
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        is_slow = folder in SLOW_FOLDERS or item.path.stem in SLOW_MODULES
        if is_slow or SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("journey")
            if IN_CI:
                # Its machine may stand still for longer than a journey waits: there, two failures in a row count, and
                # what failed once is shown in full at the end. By hand, the first failure counts.
                item.add_marker(pytest.mark.flaky(reruns=1))
        if item.get_closest_marker("alone"):
            item.add_marker(pytest.mark.xdist_group("alone"))
    if hasattr(config, "workerinput"):
        items[:] = in_order_for_several_processes(items)


def has_database(item: pytest.Item) -> bool:
    """Return whether pytest-django gives the test the database."""
    if issubclass(getattr(item, "cls", None) or object, TransactionTestCase):
        return True
    return bool(item.get_closest_marker("django_db") or DATABASES.intersection(getattr(item, "fixturenames", ())))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show in full how each journey failed that was run again: it may have been the machine, or a race of the bot's."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"failed, and was run again: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)


def in_order_for_several_processes(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return `items` in the order in which several processes end soonest.

    One process gets all tests that are `alone`. Before each of them it waits until the others have ended what they
    run: so these begin with short tests, then comes the longest, and short ones fill the end, so that all end together.
    """
    alone = [item for item in items if item.get_closest_marker("alone")]
    rest = [item for item in items if not item.get_closest_marker("alone")]
    journeys = [item for item in rest if item.get_closest_marker("journey") and item.path.stem not in WAITING]
    journeys.sort(key=lambda item: item.path.stem not in LONGEST)
    is_journey = set(journeys)
    quick = [item for item in rest if item not in is_journey]
    quick = spread(quick, lambda item: item.path.stem in WAITING)
    return [*alone, *quick[:QUICK_FIRST], *journeys, *quick[QUICK_FIRST:]]


def spread(items: list[pytest.Item], some: Callable[[pytest.Item], bool]) -> list[pytest.Item]:
    """Return `items` with `some` of them evenly among the others."""
    others = [(place, item) for place, item in enumerate(item for item in items if not some(item))]
    chosen = [item for item in items if some(item)]
    gap = len(others) / max(len(chosen), 1)
    placed = [(place * gap, item) for place, item in enumerate(chosen)]
    return [item for _, item in sorted([*others, *placed], key=lambda pair: pair[0])]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes `-n auto` means: with journeys, which mostly wait, more than the cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if config.option.markexpr == FAST else cores + 1


# Most tests have no database to read them from; those of the dashboard's settings switch them on again.
settings_table.overrides.use(None)
phrases.book.use(None)
built_in.words.use(None)
answering.use_rows_each_time()
chat_filters.stored.use(lambda: ())
reaction_rules.stored.use(None)
screens.stored.use(None)


@pytest.fixture(autouse=True)
def share_the_machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let a test marked `alone` run while the other processes of pytest-xdist run none."""
    if not hasattr(request.config, "workerinput"):
        yield
        return
    import fcntl  # not on Windows

    folder = tmp_path_factory.getbasetemp().parent  # of all of this run's processes
    with (folder / "gate").open("w") as gate, (folder / "machine").open("w") as machine:
        # A test that waits for the machine holds the gate, so that no other gets in before it.
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(machine, fcntl.LOCK_EX if request.node.get_closest_marker("alone") else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


@pytest.fixture(autouse=True)
def remember_nothing() -> None:
    """Forget what the process keeps of the database, which was another one in the test before."""
    for cache in (
        lamps.red_lines,
        lamps.stale_curve,
        lamps.failed_events,
        tonight.stream_figures,
        guide.due,
        library.shelf,
    ):
        cache.forget()
    presence.forget_stored()


@pytest.fixture
def now() -> datetime:
    """Return some moment, always the same."""
    return datetime(2026, 8, 1, 20, 0, tzinfo=UTC)


@pytest.fixture
def rules() -> Rules:
    """Return the default rules."""
    return Rules.current()


@pytest.fixture
def viewer(db: None, now: datetime) -> Callable[..., Viewer]:
    """Make a viewer: `viewer("Bob", points=100)`."""
    from economy.ledger import points as ledger

    def make(username: str, *, points: int = 0) -> Viewer:
        made = people.seen([username], now=now)[username.casefold()]
        if points:
            ledger.grant(made, points, source="test", reference=f"test:{username}")
        return made

    return make


@pytest.fixture
def deliver() -> Callable[..., None]:
    """Hand happenings to the inbox as one batch of frames, in the envelope `version`, by default "v2"."""

    def hand_over(*happenings: Happening, version: str = "v2") -> None:
        batch = [read_frame(frame_text(happening, version)) for happening in happenings]
        receive.receive([received for received in batch if isinstance(received, ReceivedFrame)])

    return hand_over


@pytest.fixture
def settle_names() -> Callable[[], None]:
    """Do at once what a worker does in the feed after a viewer was renamed or forgotten."""

    def settle() -> None:
        while name_changes.step():
            pass

    return settle


def frame_text(happening: Happening, version: str = "v2") -> str:
    """Return the text frame in which Joystick sends a happening."""
    return json.dumps({"identifier": "{}", "message": happening.message(version)})


@pytest.fixture
def stage(db: None, settings: Any) -> Iterator[None]:
    """Have an overlay's page open and OBS answer, as far as the database and the cache tell.

    Without them, nothing that needs them is sold.
    """
    settings.OBS_ENABLED = True
    django_cache.set(obs_health.KEY, "", 600)
    overlay, _ = Overlay.objects.get_or_create(name="Main")
    pages.opened("a test's page", overlay)
    yield
    django_cache.delete(obs_health.KEY)


@pytest.fixture
def staff(db: None) -> Callable[..., Client]:
    """Log in somebody of the staff who has these permissions alone: `staff("view_viewer")`."""

    def log_in(*codenames: str) -> Client:
        user = get_user_model().objects.create_user("mo", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the lines for chat, in order, where the mailbox gets them: after the commit."""
    lines: list[str] = []

    def catch(group: str, message: dict[str, Any]) -> None:
        if group == MAILBOX:
            whispered = f"(to {message['words']['username']}) " if message["action"] == "send_whisper" else ""
            lines.append(whispered + message["words"]["text"])

    monkeypatch.setattr("effects.chat.group_send", catch)
    return lines


@pytest.fixture
def simulator() -> Iterator[SimulatorThread]:
    """Run a simulated Joystick in a thread of its own, on a free port."""
    with SimulatorThread() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server for all tests of this process."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> str:
    """Return the URL of an empty PostgreSQL database."""
    return postgres.new_database()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """Run a Redis-compatible server for all tests of this process."""
    with running_redis() as server:
        yield server.url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """Return the URL of an empty Redis."""
    with closing(redis.Redis.from_url(redis_server)) as client:
        client.flushall()
    return redis_server


@pytest.fixture
def free_port() -> int:
    """Return a port that no process listens on."""
    return processes.free_port()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a Chromium."""
    for path in (os.environ.get("CHROMIUM", ""), "/usr/bin/chromium", "/usr/bin/chromium-browser"):
        if path and Path(path).exists():
            return path
    return missing_part("Chromium is not installed (apt-get install chromium, or set CHROMIUM)")


@pytest.fixture(scope="session", autouse=True)
def flush_in_spite_of_triggers() -> Iterator[None]:
    """Take the ledgers' triggers away while Django empties the tables between tests.

    Foreign keys are not checked meanwhile: SQLite would look for each deleted viewer in columns without an index.
    """
    with pytest.MonkeyPatch.context() as patch:
        operations = type(connection.ops)
        real = operations.execute_sql_flush

        def flush(self: Any, sql_list: list[str]) -> None:
            if connection.vendor == "postgresql":
                delete_all_rows()
                return
            left = [sql for sql in sql_list if not any(f'"{table}"' in sql for table in MADE_BY_MIGRATING)]
            with connection.constraint_checks_disabled(), tampered():
                real(self, left)

        patch.setattr(operations, "execute_sql_flush", flush)
        yield


def delete_all_rows() -> None:
    """Empty the tables that have rows: Django would truncate all of them, for which PostgreSQL makes files anew."""
    tables = {
        model._meta.db_table: model for model in apps.get_models(include_auto_created=True) if model._meta.managed
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables))
        filled = [row[0] for row in cursor.fetchall() if row[0] not in MADE_BY_MIGRATING]
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers: ours, and those of foreign keys
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Put back, after a test that commits, the rows of permissions and roles that a migration makes, if it changed them.

    Django would have them all made anew by `post_migrate`, which takes a hundred times as long.
    """

    def rows(table: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            return [column[0] for column in cursor.description], sorted(cursor.fetchall(), key=lambda row: row[0])

    with django_db_blocker.unblock():
        made = {table: rows(table) for table in MADE_BY_MIGRATING}

    def put_back(*_: Any, **__: Any) -> None:
        if all(rows(table) == found for table, found in made.items()):
            return
        with transaction.atomic(), connection.cursor() as cursor:
            for table in reversed(made):  # what refers to others, first
                cursor.execute(f"DELETE FROM {table}")
            for table, (columns, found) in made.items():
                values = ", ".join(["%s"] * len(columns))
                cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})", found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush_command, "emit_post_migrate_signal", put_back)
        yield


@pytest.fixture(autouse=True)
def end_the_obs_thread() -> Iterator[None]:
    """Stop the process's connection to OBS after a test that used it: its thread would read the database later on."""
    yield
    if obs.cache_info().currsize:
        obs().stop()
        obs.cache_clear()
