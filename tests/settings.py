"""The bot's settings for tests: nothing of the developer's `.env` or shell, a data folder of its own, nothing slowed
down.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

# Every name that the settings know, before they are read: `.env.example` has them all, a test says.
_EXAMPLE = (Path(__file__).resolve().parent.parent / ".env.example").read_text(encoding="utf-8")
for _name in ["PIXELBOT_DEMO", *re.findall(r"^#?([A-Z][A-Z0-9_]+)=", _EXAMPLE, re.MULTILINE)]:
    os.environ.pop(_name, None)
os.environ["ENV_FILE"] = os.devnull
os.environ["TIME_ZONE"] = "UTC"  # not the one of whichever machine runs the tests
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="pixelbot-tests-")
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
if "TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]

from pixelbot_site.settings import *  # noqa: F403
from pixelbot_site.settings import DATA_DIR, DATABASES

if not os.environ.get("DATABASE_URL"):
    # A file, not memory: tests of races need real locks between connections.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(DATA_DIR) / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Else each of the many test clients would read the facts of all static files.
WHITENOISE_AUTOREFRESH = True
