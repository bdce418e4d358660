"""What limits first with 10, 100 and 1,000 channels: `python -m tests.benchmarks.scale [--quick] [--NAME=NUMBER …]`.

The costs of an event, a spoken line and a row of the ledger are measured in this run on PostgreSQL, or given, such as
`--listener_ms=0.3` (the names are those of `Costs`; with all given, nothing is measured). With them an evening is
simulated: each channel has events at random, one listener stores what waits as one batch, and spoken lines wait for their
lane. Printed is the table of `docs/scale.md`.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path

from tests.benchmarks import economy
from tests.servers import running_postgres

CHANNELS = (1, 10, 100, 1000)
# Of a channel that is live: a busy chat. Events and spoken lines a second, and open overlay pages.
EVENTS, LINES, PAGES = 1.0, 1 / 120, 1
FLOOD = 300.0  # events a second of one channel more, for FLOOD_SECONDS
FLOOD_SECONDS = 10.0
MOST = 4000  # events of a batch (`joystick.gateway.batch_size`)
PATIENCE = 600.0  # seconds after which an item is given back (QUEUE_ITEM_TTL)
LEDGER = 10**8


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured: milliseconds of an event in a large batch (computed by the listener's process, by PostgreSQL's,
    and as a whole), the same of a batch with one event, and of a line's synthesis; a line's length; a row's bytes with its
    indexes, and the audit's seconds for a million rows; milliseconds for each socket that a message goes to.
    """

    listener_ms: float
    database_ms: float
    whole_ms: float
    listener_batch_ms: float
    database_batch_ms: float
    whole_batch_ms: float
    synthesis_ms: float
    line_seconds: float
    row_bytes: float
    audit_seconds: float
    socket_ms: float = 0.033  # `docs/benchmarks.md`: 6.5 ms for 200


def main(arguments: Sequence[str]) -> None:
    """Measure what is not given, simulate, print."""
    quick = "--quick" in arguments
    given = {name: float(value) for name, _, value in (word[2:].partition("=") for word in arguments) if value}
    needed = {field.name for field in fields(Costs)} - {"socket_ms"}
    costs = Costs(**({} if needed <= given.keys() else measured(quick)) | given)
    print("  ".join(f"{field.name}={getattr(costs, field.name):.3g}" for field in fields(Costs)))
    seconds = 20.0 if quick else 300.0
    rows = [list(figures(count, costs, seconds)) for count in CHANNELS]
    for place, (words, _) in enumerate(rows[0]):
        print("| " + " | ".join([words, *(row[place][1] for row in rows)]) + " |")
    print(*growth(costs), sep="\n")


def measured(quick: bool) -> dict[str, float]:
    """Return the costs, measured on a PostgreSQL of this run's own."""
    sizes = ("2000", "5000") if quick else ("20000", "500000")
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(is_safe=True))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-")))
        url = server.new_database()
        economy.in_process(folder, "-c", economy.SET_UP, DATABASE_URL=url)
        found: dict[str, float] = json.loads(
            economy.in_process(folder, "-m", "tests.benchmarks.costs", *sizes, DATABASE_URL=url)
        )
    return found


def figures(channels: int, costs: Costs, seconds: float) -> Iterator[tuple[str, str]]:
    """Yield the lines of the table for so many channels."""
    random.seed(channels)
    arrivals = sorted(random.uniform(0, seconds) for _ in range(int(channels * EVENTS * seconds)))
    delays, batches, busy = listener([(at, False) for at in arrivals], costs)
    floods = [(random.uniform(5, 5 + FLOOD_SECONDS), True) for _ in range(int(FLOOD * FLOOD_SECONDS))]
    flooded = listener(sorted([*((at, False) for at in arrivals), *floods]), costs)[0]
    events = len(arrivals) / seconds
    yield "channels", f"{channels:,}"
    yield "events a second", f"{events:,.0f}"
    yield "the listener's time that is taken", share(busy / seconds)
    each, more = batches / seconds / 1000, (len(arrivals) - batches) / seconds / 1000
    yield "cores: the listener's process", share(each * costs.listener_batch_ms + more * costs.listener_ms)
    yield "cores: PostgreSQL for it", share(each * costs.database_batch_ms + more * costs.database_ms)
    yield "cores: synthesis of speech", share(channels * LINES * costs.synthesis_ms / 1000)
    sockets = channels * PAGES
    yield "cores: overlays, each told of every channel", share(batches / seconds * sockets * costs.socket_ms / 1000)
    yield "cores: overlays, each told of its own", share(events * PAGES * costs.socket_ms / 1000)
    yield "ms from arrival to commit, p50", late(delays, 50)
    yield "… p99", late(delays, 99)
    yield "… p99 while one channel more floods", late(flooded, 99)
    yield "lines given back, one lane for all channels", f"{given_back(channels, 1, costs):.0%}"
    yield "… a lane for each channel", f"{given_back(channels, channels, costs):.0%}"


def listener(arrivals: Sequence[tuple[float, bool]], costs: Costs) -> tuple[list[float], int, float]:
    """Return the seconds from arrival to commit of each event that is no flood, the batches, and the seconds at work."""
    moments = [at for at, _ in arrivals]
    now, first, batches, busy = 0.0, 0, 0, 0.0
    delays = []
    while first < len(arrivals):
        begins = max(now, moments[first])
        last = min(bisect_right(moments, begins), first + MOST)
        took = (costs.whole_batch_ms + (last - first - 1) * costs.whole_ms) / 1000
        now = begins + took
        delays += [now - at for at, is_flood in arrivals[first:last] if not is_flood]
        first, batches, busy = last, batches + 1, busy + took
    return delays, batches, busy


def given_back(channels: int, lanes: int, costs: Costs, hours: float = 2.0) -> float:
    """Return the share of spoken lines that wait in their lane for longer than PATIENCE."""
    chooser = random.Random(channels)
    count = int(channels * LINES * 3600 * hours)
    free_at = [0.0] * lanes
    lost = 0
    for at in sorted(chooser.uniform(0, 3600 * hours) for _ in range(count)):
        lane = chooser.randrange(lanes)
        begins = max(at, free_at[lane])
        if begins - at > PATIENCE:
            lost += 1
        else:
            free_at[lane] = begins + costs.line_seconds  # the next is synthesized meanwhile
    return lost / max(count, 1)


def growth(costs: Costs) -> Iterator[str]:
    """Yield what LEDGER rows take."""
    yield f"{LEDGER:,} rows of points: {LEDGER * costs.row_bytes / 2**30:,.0f} GB with their indexes, as many again of XP"
    yield f"the audit of both: {2 * LEDGER / 1e6 * costs.audit_seconds / 60:,.0f} minutes"
    days = LEDGER / (4 * 3600 * EVENTS)
    yield f"so many come in {days / 365:,.0f} years of a channel that is live for 4 hours a day, in {days / 100 / 365:.1f} of a hundred"


def share(used: float) -> str:
    """Return a share of one core, or of one process's time."""
    return f"{used:.2g}" if used < 1 else f"**{used:,.1f}**"


def late(delays: Sequence[float], percent: int) -> str:
    """Return a percentile of the delays in milliseconds."""
    ordered = sorted(delays)
    return f"{1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]:,.0f}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    main(sys.argv[1:])
