"""The tests depend on nothing that the machine happens to have: its environment, or a git checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal

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


@pytest.mark.journey
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


def made_by_migrating() -> list[object]:
    names = Permission.objects.values_list("content_type__app_label", "codename", "name")
    may = Group.objects.values_list("name", "permissions__content_type__app_label", "permissions__codename")
    return [sorted(rows) for rows in (ContentType.objects.values_list("app_label", "model"), names, may)]


@pytest.mark.django_db(transaction=True)
def test_permissions_and_roles_are_put_back_as_migrating_makes_them() -> None:
    """`tests/conftest.py` does so between two tests that commit; Django would have `post_migrate` do it."""
    Group.objects.first().permissions.clear()  # type: ignore[union-attr]
    Group.objects.create(name="somebody's own")
    Permission.objects.last().delete()  # type: ignore[union-attr]
    call_command("flush", verbosity=0, interactive=False)
    put_back = made_by_migrating()
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    assert put_back == made_by_migrating()
    assert len(put_back[1]) > 100  # type: ignore[arg-type]
