"""Temporary folders of sounds in the making. A process that is killed leaves its own behind; they are swept."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "pixelbot-sound-"
# Nothing is in the making for so long.
LEFT_AFTER = 3600.0  # seconds


def folder() -> tempfile.TemporaryDirectory[str]:
    """Return a new folder, deleted at the end of a `with`."""
    # Windows deletes no file that an engine still has open: the sweep does later.
    return tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)


def sweep() -> int:
    """Delete the folders that processes left behind an hour ago and longer; return how many."""
    left = [path for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if _is_left(path)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)  # another account's stay
    return len(left)


def _is_left(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > LEFT_AFTER
    except OSError:  # just deleted
        return False
