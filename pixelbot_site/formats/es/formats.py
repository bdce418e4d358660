"""How the dashboard writes moments in Spanish: with seconds, since it tells what happened when."""

from __future__ import annotations

DATE_FORMAT = r"j \d\e M \d\e Y"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = r"j \d\e M \d\e Y, H:i:s"
SHORT_DATE_FORMAT = "d/m/Y"
SHORT_DATETIME_FORMAT = "d/m/Y, H:i:s"
