"""The two errors that one package raises for another to handle.

Their texts are fragments in lower case without a full stop; whoever shows one adds the full stop.
"""

from __future__ import annotations


class Refused(Exception):
    """The request is not allowed. `str(error)` is the reason for the person who asked; nothing was changed."""


class Failed(Exception):
    """Something outside of the bot failed. `str(error)` is the reason, stored for the streamer; points are refunded."""
