"""Threads that serve as long as the process lives."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger("threads")

# Seconds before a service that failed is started again.
RESTART_AFTER = 1.0


def start_service(name: str, run: Callable[[], object]) -> threading.Thread:
    """Call `run` in a thread of that name until it returns. What it raises is logged, and it is called again."""

    def keep_running() -> None:
        while True:
            try:
                run()
                return
            except BaseException:  # broad: SystemExit, too, would end a thread without a word
                log.exception("the thread “%s” failed; starting it again in %g s", name, RESTART_AFTER)
                time.sleep(RESTART_AFTER)

    thread = threading.Thread(target=keep_running, name=name, daemon=True)
    thread.start()
    return thread
