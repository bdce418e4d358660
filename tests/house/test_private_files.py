"""What the bot writes is closed to other accounts of the machine: new files from the start, old ones once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pixelbot_site import private_files
from tests.processes import ROOT

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes"),
    pytest.mark.journey,  # each starts a Python process
]

START = """
import django
django.setup()
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from pixelbot_site import setup
setup.prepare()
default_storage.save("speech/one.wav", ContentFile(b"RIFF"))
from pixelbot_site.kit.logs import STDERR
STDERR.flush()
"""


def started(folder: Path) -> str:
    """What a fresh process logs that sets up the bot on `folder`, under the usual umask of a terminal."""
    done = subprocess.run(
        [sys.executable, "-c", START],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(folder),
        },
        umask=0o022,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def open_to_others(folder: Path) -> set[str]:
    """The paths in `folder`, itself among them, that another account has any right to."""
    return {str(path) for path in (folder, *folder.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077}


def test_a_database_elsewhere_is_closed_too(tmp_path: Path) -> None:
    data, database = tmp_path / "data", tmp_path / "elsewhere.sqlite3"
    data.mkdir(0o700)
    files = [Path(f"{database}{end}") for end in ("", "-wal", "-shm")]
    for file in files:
        file.touch()
        file.chmod(0o644)
    assert private_files.tighten(data, str(database)) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_nothing_that_a_first_start_makes_is_open_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    log = started(folder)
    assert (folder / "pixelbot.sqlite3").exists() and (folder / "media" / "speech" / "one.wav").exists()
    assert open_to_others(folder) == set()
    assert "could be read by others" not in log


def test_what_an_earlier_version_left_open_is_closed_at_the_start_and_said_once(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    started(folder)
    (folder / "pixelbot.sqlite3-wal").touch()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    count = len(open_to_others(folder))
    log = started(folder)
    assert open_to_others(folder) == set()
    assert f"{count} files and folders in {folder} could be read by others on this machine: closed" in log
    assert "could be read by others" not in started(folder)


def test_a_link_in_the_media_leads_nowhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    elsewhere.chmod(0o644)
    (tmp_path / "data" / "media").mkdir(parents=True)
    (tmp_path / "data" / "media" / "link").symlink_to(elsewhere)
    private_files.tighten(tmp_path / "data", None)
    assert stat.S_IMODE(elsewhere.stat().st_mode) & 0o044
