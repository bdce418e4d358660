"""What a start does not wait for: the API, OAuth and Django's test tools are imported when they are needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT

PROGRAM = """
import gc, sys
import django
django.setup()
from pixelbot_site import setup
from pixelbot_site.management.commands import runbot
from pixelbot_site.kit import garbage
import pixelbot_site.asgi, pixelbot_site.urls
setup.prepare()
runbot.embedded.Worker()
gc.disable()
garbage.settle()
assert gc.isenabled() and gc.get_freeze_count() > 100_000
print(*sorted({"ninja", "authlib", "joserfc", "django.test"}.intersection(sys.modules)))
"""


def test_what_a_start_does_not_need_is_not_imported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(tmp_path),
            "ADMIN_PASSWORD": "a-test-password",
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
