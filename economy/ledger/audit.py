"""Checks that the ledger agrees with itself. Each check is one statement over the whole ledger."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connection

from economy.models import Audit, Viewer
from pixelbot_site.kit import logs
from pixelbot_site.kit.sqlite.file import first_fault

log = logging.getLogger("points")

# The nightly audit runs as often; a bot that is off at that hour audits when it is on.
EVERY = timedelta(days=1)
# Faults of one check that are named; the rest is counted.
MAX_NAMED = 20
DAMAGED = "The database is damaged"
UNFINISHED = "The audit could not be finished"


@dataclass(frozen=True, slots=True)
class Check:
    """A check: `sql` selects faulty rows, `sentence` describes one, filled in with its columns."""

    sql: str
    sentence: str


def _balances(owned: str, column: str, ledger: str, after: str, what: str) -> list[Check]:
    """Return the checks that a stored balance equals the sum of its rows and the last row's balance."""
    return [
        Check(
            f"SELECT v.username, o.{column}, COALESCE(s.total, 0) FROM {owned} o "
            f"JOIN economy_viewer v ON v.id = o.viewer_id "
            f"LEFT JOIN (SELECT viewer_id, SUM(delta) AS total FROM {ledger} GROUP BY viewer_id) s "
            f"ON s.viewer_id = o.viewer_id WHERE o.{column} <> COALESCE(s.total, 0)",
            f"{{0}} has {{1}} {what}, but the rows add up to {{2}}.",
        ),
        Check(
            f"SELECT v.username, o.{column}, t.{after} FROM {owned} o "
            f"JOIN economy_viewer v ON v.id = o.viewer_id "
            f"JOIN (SELECT viewer_id, MAX(id) AS last FROM {ledger} GROUP BY viewer_id) l ON l.viewer_id = o.viewer_id "
            f"JOIN {ledger} t ON t.id = l.last WHERE o.{column} <> t.{after}",
            f"{{0}} has {{1}} {what}, but the last row says {{2}}.",
        ),
        Check(
            f"SELECT DISTINCT v.username FROM {ledger} t JOIN economy_viewer v ON v.id = t.viewer_id "
            f"LEFT JOIN {owned} o ON o.viewer_id = t.viewer_id WHERE o.viewer_id IS NULL",
            f"{{0}} has rows of {what}, but no balance.",
        ),
        *(
            Check(
                f"SELECT s.viewer_id FROM (SELECT DISTINCT viewer_id FROM {table}) s "
                "LEFT JOIN economy_viewer v ON v.id = s.viewer_id WHERE v.id IS NULL",
                f"{some} of {what} of viewer {{0}} is there, but the viewer is gone.",
            )
            for table, some in ((ledger, "A row"), (owned, "The balance"))
        ),
    ]


CHECKS: tuple[Check, ...] = (
    *_balances("economy_points", "balance", "economy_transaction", "balance_after", "points"),
    *_balances("economy_xp", "total", "economy_xptransaction", "total_after", "XP"),
    Check(
        "SELECT r.id, r.delta, s.id, s.delta FROM economy_transaction r "
        "JOIN economy_transaction s ON s.id = r.undoes_id "
        "WHERE r.viewer_id <> s.viewer_id OR r.delta * s.delta > 0 OR ABS(r.delta) > ABS(s.delta) "
        "OR (r.kind = 'refund' AND (r.delta <> -s.delta OR s.kind <> 'spend'))",
        "Transaction {0} gives {1} to undo {2}, but that took {3}, or was somebody else's, or no spend.",
    ),
    Check(
        "SELECT r.id, r.undoes_id FROM economy_transaction r LEFT JOIN economy_transaction s ON s.id = r.undoes_id "
        "WHERE r.undoes_id IS NOT NULL AND s.id IS NULL",
        "Transaction {0} undoes {1}, which is gone.",
    ),
    Check(
        "SELECT t.id, t.reference FROM economy_transaction t LEFT JOIN economy_transaction o ON o.reference = "
        "CASE WHEN t.delta < 0 THEN SUBSTR(t.reference, 1, LENGTH(t.reference) - 4) || ':in' "
        "ELSE SUBSTR(t.reference, 1, LENGTH(t.reference) - 3) || ':out' END "
        "WHERE t.kind IN ('transfer', 'merge') AND (o.id IS NULL OR o.delta <> -t.delta)",
        "Transaction {0} ({1}) is one side of a transfer whose other side is gone, or another amount.",
    ),
    Check(
        "SELECT id FROM economy_transaction WHERE kind IN ('refund', 'reversal') AND undoes_id IS NULL",
        "Refund {0} has no spend.",
    ),
    Check(
        "SELECT v.username FROM economy_viewer v LEFT JOIN economy_points p ON p.viewer_id = v.id "
        "LEFT JOIN economy_xp x ON x.viewer_id = v.id WHERE p.viewer_id IS NULL OR x.viewer_id IS NULL",
        "{0} has no row of points or of XP.",
    ),
)


Rows = Sequence[tuple[Any, ...]]


def _rows_here(sql: str) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: Rows = cursor.fetchall()
    return rows


def findings(rows_of: Callable[[str], Rows] = _rows_here) -> Iterator[str]:
    """Yield a sentence for each fault. `rows_of` asks another database than the bot's, such as a backup."""
    for check in CHECKS:
        rows = rows_of(check.sql)
        for row in rows[:MAX_NAMED]:
            yield logs.escaped(check.sentence.format(*row))  # names may be older than what cleans them
        if len(rows) > MAX_NAMED:
            yield f"… and {len(rows) - MAX_NAMED} more of that kind."


def _damage() -> Iterator[str]:
    if connection.vendor == "sqlite" and (fault := first_fault(Path(str(connection.settings_dict["NAME"])))):
        yield f"{DAMAGED}: {fault}."


def run() -> Audit:
    """Run every check, also SQLite's own, and store the result. A fault is logged, and a red line on the dashboard."""
    began = time.monotonic()
    try:
        found = [*_damage(), *findings()]
    except DatabaseError as error:  # stored, too: a missing row would look like an audit that was not due
        found = [f"{UNFINISHED}: {error}."]
    row = Audit.objects.create(seconds=round(time.monotonic() - began, 3), findings="\n".join(found))
    for sentence in found:
        log.error("the audit found a fault: %s", sentence)
    return row


def is_due(now: datetime) -> bool:
    """Return whether there is something to audit, and the latest audit is older than EVERY."""
    latest = Audit.objects.first()
    return Viewer.objects.exists() if latest is None else now - latest.ran_at > EVERY


def latest() -> Audit | None:
    """Return the newest result; None before the first audit."""
    return Audit.objects.first()


def fault(row: Audit | None) -> str:
    """Return what an audit found as a sentence, "" if all was right."""
    if row is None or not row.findings:
        return ""
    first = row.findings.splitlines()[0]
    if first.startswith((DAMAGED, UNFINISHED)):
        return f"{first} See the audits of the ledger, and restore a backup."
    return f"The ledger does not agree with itself ({first}). See the audits of the ledger."
