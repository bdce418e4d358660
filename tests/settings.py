"""The bot's settings for tests: no `.env` of the developer's, a data folder of its own, nothing slowed down."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

for _name in ("REDIS_URL", "DATABASE_URL", "JOYSTICK_GATEWAY_TOKEN", "JOYSTICK_CLIENT_ID", "PIXELBOT_DEMO"):
    os.environ.pop(_name, None)
os.environ["ENV_FILE"] = os.devnull
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
