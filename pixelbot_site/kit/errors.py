"""The two errors that one package raises for another to handle.

Their texts are fragments in lower case without a full stop; whoever shows one adds the full stop.
"""

from __future__ import annotations


class _WithReason(Exception):
    @property
    def reason(self) -> str:
        """Return the reason as it was given: where that is a phrase, it is still one, which `str(error)` is not."""
        return str(self) if not self.args or not isinstance(self.args[0], str) else self.args[0]


class Refused(_WithReason):
    """The request is not allowed. `str(error)` is the reason for the person who asked; nothing was changed."""


class Failed(_WithReason):
    """Something outside of the bot failed. `str(error)` is the reason, stored for the streamer; points are refunded."""
