"""The tests depend on nothing that the machine happens to have: its environment, or a git checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from tests.house.test_checks import sources
from tests.processes import ROOT

PROGRAM = """
import django; django.setup()
from django.conf import settings
print(*(getattr(settings, name, None) for name in sorted(settings.SETTING_NAMES - {"DATA_DIR", "SECRET_KEY"})))
"""


def shown(**environment: str) -> str:
    """The tests' settings as a process sees them that was started with this environment."""
    names = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "tests.settings", **environment}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=names, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_setting_of_the_shells_reaches_the_tests() -> None:
    junk = dict.fromkeys(settings.SETTING_NAMES, "-7 of the shell")
    assert shown(**junk, ENV_FILE="/nowhere/.env") == shown()


def test_sources_are_found_without_git(tmp_path: Path) -> None:
    for name in ("economy/data/one.json", "economy/models.py", "docs/page.md", "manage.py", ".ci/run", ".env.example"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    for name in (
        ".venv/lib/thing.py",
        "data/logs/bot.log",
        ".git/config",
        "economy/__pycache__/models.pyc",
        ".mypy_cache/x.json",
        ".env",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    assert sorted(str(path.relative_to(tmp_path)) for path in sources(tmp_path)) == [
        ".ci/run",
        ".env.example",
        "docs/page.md",
        "economy/data/one.json",
        "economy/models.py",
        "manage.py",
    ]
