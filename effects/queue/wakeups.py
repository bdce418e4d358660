"""Messages to the workers. They carry at most a lane's name: the queue's rows are the truth.

Tasks are sent by name, because `effects.tasks` imports the queue.
"""

from __future__ import annotations

from django.core.cache import cache

from pixelbot_site.kit.sending import send
from pixelbot_site.kit.transactions import after_commit

DRAIN = "effects.drain"
REVERT = "effects.revert"
CHECK_OBS = "effects.check_obs"

# Seconds for which a lane that was woken is not woken again, unless a worker begins: so long does an item wait at most
# whose wake-up was lost with a worker that had it in hand.
WOKEN_SECONDS = 10


def wake(lane: str) -> None:
    """Wake a worker for `lane` after the commit."""
    after_commit(send_drain, lane)


def wake_in(lane: str, seconds: float) -> None:
    """Wake a worker for `lane` that many seconds after the commit. If that is lost, the next `rescue` then does it."""
    after_commit(send, DRAIN, lane, countdown=max(0.0, seconds))


def send_drain(lane: str) -> None:
    """Wake a worker for `lane` now, once until one begins. If the broker is away, `rescue` finds the items."""
    if not cache.add(_woken_key(lane), True, WOKEN_SECONDS):  # a wake-up waits for a worker already
        return
    # Older messages are useless: `rescue` has woken the lane many times since.
    if not send(DRAIN, lane, expires=60):
        begun(lane)


def begun(lane: str) -> None:
    """Note that a worker begins with `lane`. Call it before looking for items: what is enqueued later wakes it anew."""
    cache.delete(_woken_key(lane))


def _woken_key(lane: str) -> str:
    return f"queue.woken:{lane}"


def revert_in(seconds: float) -> None:
    """Have a worker undo in `seconds` what is due in OBS and by OSC. Without a broker, the next `rescue` does it."""
    send(REVERT, countdown=seconds)


def check_obs() -> None:
    """Have a worker look for OBS now: what needs it is not sold before. The schedule does it within half a minute."""
    send(CHECK_OBS, expires=30)
