"""How the dashboard writes moments in German: with seconds, since it tells what happened when."""

from __future__ import annotations

DATE_FORMAT = "j. M Y"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "j. M Y, H:i:s"
SHORT_DATE_FORMAT = "d.m.Y"
SHORT_DATETIME_FORMAT = "d.m.Y, H:i:s"
