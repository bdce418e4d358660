"""What an event costs on PostgreSQL, beside PostgreSQL itself: `python -m tests.benchmarks.scaled [--quick]`.

As `tests.benchmarks.economy` for SQLite: events through the inbox (parsed, stored, acted on, paid) against plain psycopg,
by COPY and one UPDATE for each table, writing the very rows that they left, in the same batches, to the same tables with
their indexes and triggers. Goals: at least 0.35 of that, and 2,500 events a second. Two more figures: what a
batch of 500 lines takes in statements, and a reply to `!points`.

The server is the one of the tests, with the settings of a new installation. The exit code is 0 whatever the figures are.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from tests.benchmarks import economy, raw_postgres
from tests.servers import Postgres, running_postgres


def main() -> None:
    """Measure and print."""
    events, rounds = (2_000, 1) if "--quick" in sys.argv else (60_000, 3)
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(is_safe=True))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-")))
        for scenario, words in economy.SCENARIOS.items():
            ours, settled, raw = [], [], []
            for _ in range(rounds):
                run, bare = prepared(server, folder), prepared(server, folder)
                figures = economy.receive(folder, scenario, events, 0, DATABASE_URL=run)
                ours.append(figures["per_second"])
                settled.append(figures["settled"])
                raw.append(events / raw_postgres.write_again(run, bare))
            rates = f"inbox {median(ours):,.0f}/s (settled {median(settled):,.0f}/s), raw psycopg {median(raw):,.0f}/s"
            economy.show(f"{words}: inbox against raw PostgreSQL", median(ours) / median(raw), 0.35, rates)
            economy.show(f"{words}: events a second", median(ours), 2_500)


def prepared(server: Postgres, folder: Path) -> str:
    """Return the URL of a new database with the bot's tables."""
    url = server.new_database()
    economy.in_process(folder, "-c", economy.SET_UP, DATABASE_URL=url)
    return url


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    main()
