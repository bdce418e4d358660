"""A backup is put in the place of what is there, while the bot is stopped. What it replaces is kept."""

from __future__ import annotations

import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from pixelbot_site.backups import archive
from pixelbot_site.kit.errors import Failed
from pixelbot_site.upkeep import database_file

RESTORED_SETTINGS = "restored-settings.env"


def restore(file: Path) -> tuple[Path, list[str]]:
    """Restore the backup `file`; return the folder with what was replaced, and what the audit found in the backup.

    Raises Failed, and changes nothing, for a file that is no backup, a damaged one, or one of a newer version.
    """
    database = database_file.path()
    if database is None:
        raise Failed("the database is not SQLite: restore it with its own tool, pg_restore")
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix="restoring-") as name:
        scratch = Path(name)
        _extract(file, scratch)
        found = archive.faults(scratch / archive.DATABASE)
        if found and found[0].startswith("it is damaged"):
            raise Failed(f"{file} can't be restored: {found[0]}")
        _require_known_version(scratch / archive.DATABASE)
        connections.close_all()
        replaced = _put_aside(database)
        (scratch / archive.DATABASE).replace(database)
        for folder in (archive.MEDIA, archive.SOUNDS):
            if (scratch / folder).exists():
                (scratch / folder).replace(settings.DATA_DIR / folder)
        (scratch / archive.SETTINGS).replace(settings.DATA_DIR / RESTORED_SETTINGS)
    return replaced, found


def _extract(file: Path, scratch: Path) -> None:
    try:
        with zipfile.ZipFile(file) as zipped:
            names = zipped.namelist()
            if {archive.DATABASE, archive.SETTINGS} - set(names) or not all(map(_is_ours, names)):
                raise Failed(f"{file} is no backup of Pixel Bot")
            zipped.extractall(scratch)
    except (OSError, zipfile.BadZipFile) as error:
        raise Failed(f"{file} can't be read: {error}") from error


def _is_ours(name: str) -> bool:
    parts = PurePosixPath(name).parts
    if name in (archive.DATABASE, archive.SETTINGS):
        return True
    return len(parts) > 1 and parts[0] in (archive.MEDIA, archive.SOUNDS) and ".." not in parts and "\\" not in name


def _require_known_version(database: Path) -> None:
    known = set(MigrationLoader(None).disk_migrations or {})
    ours = {app.label for app in apps.get_app_configs()}
    with closing(sqlite3.connect(database)) as opened:
        applied = opened.execute("SELECT app, name FROM django_migrations").fetchall()
    if unknown := [name for app, name in applied if app in ours and (app, name) not in known]:
        raise Failed(f"this backup was made by a newer version of Pixel Bot (it knows {unknown[0]})")


def _put_aside(database: Path) -> Path:
    stamp = timezone.localtime().strftime("%Y%m%d-%H%M%S")
    aside = Path(settings.DATA_DIR) / f"replaced-{stamp}"
    aside.mkdir(mode=0o700)
    for path in _present(database):
        path.replace(aside / path.name)
    return aside


def _present(database: Path) -> Iterator[Path]:
    paths = [database.with_name(f"{database.name}{end}") for end in ("", "-wal", "-shm", ".state")]
    paths += [Path(settings.DATA_DIR) / folder for folder in (archive.MEDIA, archive.SOUNDS)]
    yield from (path for path in paths if path.exists())
