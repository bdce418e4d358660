"""The only two errors that cross rooms."""

from __future__ import annotations


class Refused(Exception):
    """The viewer may not. `str(error)` is the sentence said in chat; nothing was taken."""


class Failed(Exception):
    """The world did not. `str(error)` is stored on the row for the streamer; points go back."""
