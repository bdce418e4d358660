"""A backup: a zip of the database, the uploaded files and the settings, without secrets."""

from __future__ import annotations

import sqlite3
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from django.conf import settings

from economy.ledger import audit
from pixelbot_site.kit.settings_table import declared
from pixelbot_site.kit.sqlite.file import first_fault
from pixelbot_site.settings_table import SECTIONS

DATABASE = "pixelbot.sqlite3"
SETTINGS = "settings.env"
# Folders of DATA_DIR, under the same names in the zip.
MEDIA, SOUNDS = "media", "sounds"
LEFT_OUT = ("speech", "levelled")  # played and gone; made again when needed

# Copied at a time, with a pause after it: the copy takes no lock that a writer needs, but it takes the disk.
PAGES = 2_000
PAUSE = 0.01  # seconds


def write(archive: Path, *, database: Path, scratch: Path) -> None:
    """Write a zip of `database` as it is at this moment, and of what belongs to it. `scratch` is an empty folder."""
    copy = scratch / DATABASE
    copy_database(database, copy)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        zipped.write(copy, DATABASE)
        zipped.writestr(SETTINGS, public_settings(settings.ENV_FILE))
        for path in kept_files():
            zipped.write(path, path.relative_to(settings.DATA_DIR).as_posix())
    copy.unlink()


def copy_database(source: Path, target: Path) -> None:
    """Copy SQLite's file by its own call. Writers go on meanwhile; the copy is of the moment at which it began."""
    with closing(sqlite3.connect(source, isolation_level=None, timeout=20)) as here:
        # A read transaction, which in WAL mode no writer waits for. Without it, the copy begins again at each write.
        here.execute("BEGIN")
        here.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target)) as there:
            here.backup(there, pages=PAGES, progress=lambda *_: time.sleep(PAUSE))
            there.execute("PRAGMA journal_mode=DELETE")  # one file


def kept_files() -> Iterator[Path]:
    """Yield the uploaded sounds and the streamer's own."""
    for folder in (settings.DATA_DIR / MEDIA, settings.DATA_DIR / SOUNDS):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.relative_to(folder).parts[0] not in LEFT_OUT:
                yield path


def public_settings(env_file: Path) -> str:
    """Return the lines of `.env` that set a declared setting which is no secret."""
    public = {name for section in SECTIONS for name, setting in declared(section).items() if not setting.is_secret}
    if not env_file.is_file():
        return ""
    lines = env_file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    kept = [line for line in lines if line.removeprefix("export ").partition("=")[0].strip() in public]
    return "".join(f"{line}\n" for line in kept)


def faults(database: Path) -> list[str]:
    """Return what is wrong with a database file that nobody uses: SQLite's first fault, else the audit's findings."""
    if fault := first_fault(database):
        return [f"it is damaged ({fault})"]

    def rows_of(sql: str) -> audit.Rows:
        try:
            return opened.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            if str(error).startswith("no such"):  # of an earlier version, without a table or column that is checked
                return []
            raise

    with closing(sqlite3.connect(database)) as opened:
        return list(audit.findings(rows_of))


def extract_database(archive: Path, folder: Path) -> Path:
    """Take the database out of a backup and return its path. Raise BadZipFile or KeyError where there is none."""
    with zipfile.ZipFile(archive) as zipped:
        return Path(zipped.extract(DATABASE, folder))
