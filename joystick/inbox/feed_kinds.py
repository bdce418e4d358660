"""The kinds of events that the feed holds, found without reading all of it."""

from __future__ import annotations

from django.db import connection

from joystick.protocol import kinds
from joystick.protocol.frames import SERVER_ERROR, UNREADABLE

# DISTINCT would read the index from end to end; this looks into it once for each kind.
STORED_KINDS = """
WITH RECURSIVE stored(kind) AS (
    SELECT MIN(kind) FROM joystick_inboundevent
    UNION ALL
    SELECT (SELECT MIN(kind) FROM joystick_inboundevent WHERE kind > stored.kind) FROM stored WHERE kind IS NOT NULL
) SELECT kind FROM stored WHERE kind IS NOT NULL
"""


def stored_kinds() -> list[str]:
    """Return the kinds in the feed, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(STORED_KINDS)
        return [kind for (kind,) in cursor.fetchall()]


def unknown_kinds() -> list[str]:
    """Return the kinds in the feed that the bot does not know."""
    known = {*kinds.BUILDERS, SERVER_ERROR, UNREADABLE}
    return [kind for kind in stored_kinds() if kind not in known]
