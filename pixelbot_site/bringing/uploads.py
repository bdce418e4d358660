"""The original's files, chosen together on the page: kept until they are brought over, or for an hour."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from django.core.files.base import File

from effects.media import sounds
from pixelbot_site.bringing.pixel import files
from pixelbot_site.kit.errors import Refused

PREFIX = "pixelbot-import-"
KEPT_FOR = 3600.0  # seconds
MAX_DATABASE = 500 * 2**20
MAX_NAME = 100
TEXTS = frozenset({*files.ENV, files.PRIZES, files.REWARDS, files.OSC_MAP, files.SPIN_LINES, files.PRIZE_LINES})


def keep(chosen: Sequence[File[bytes]]) -> tuple[str, list[str]]:
    """Keep the files that are the original's, and return the token that finds them, with a sentence for each other one.

    Raise Refused where none is.
    """
    token, told = uuid4().hex, []
    place = _place(token)
    place.mkdir(mode=0o700)
    for file in chosen:
        reason = _reason(file) or _write(file, place)
        if reason:
            told.append(f"“{file.name}” was left out. {reason}")
    if not any(place.iterdir()):
        drop(token)
        raise Refused(" ".join(["none of these files is the original Pixel's.", *told]).rstrip("."))
    return token, told


def kept(token: str) -> Path | None:
    """Return the folder of kept files; None where there are none any more."""
    place = _place(token) if re.fullmatch(r"[0-9a-f]{32}", token) else None
    return place if place is not None and place.is_dir() else None


def drop(token: str) -> None:
    """Delete kept files."""
    place = kept(token)
    if place is not None:
        shutil.rmtree(place, ignore_errors=True)


def _place(token: str) -> Path:
    return Path(tempfile.gettempdir()) / f"{PREFIX}{token}"


def sweep() -> None:
    """Delete what was kept for an hour and not brought over: a `.env` holds secrets."""
    for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # another has just deleted it
            if time.time() - place.lstat().st_mtime > KEPT_FOR:
                shutil.rmtree(place, ignore_errors=True)  # another account's stay


def _reason(file: File[bytes]) -> str:
    """Return why a file is not kept; "" for one that is."""
    name, size = str(file.name), file.size or 0
    suffix = Path(name).suffix.lower()
    if name in TEXTS:
        most = files.MAX_TEXT
    elif suffix in files.DATABASE_SUFFIXES:
        most = MAX_DATABASE
    elif suffix in files.SOUND_SUFFIXES:
        most = sounds.MAX_FILE_BYTES
    elif suffix in (".zip", ".7z", ".rar", ".gz"):
        return "Unpack it, and choose the files that are in it."
    else:
        return "It is none of the original Pixel's files."
    # Django has taken folders out of the name already.
    if len(name) > MAX_NAME or set(name) & set('/\\:*?"<>|') or not name.isprintable():
        return "A name like this can't be kept."
    return f"It has more than {most // 2**20} MB." if size > most else ""


def _write(file: File[bytes], place: Path) -> str:
    try:
        with (place / str(file.name)).open("xb") as kept_file:
            for chunk in file.chunks():
                kept_file.write(chunk)
    except FileExistsError:
        return "Two files have this name."
    except OSError as error:
        return f"It can't be kept: {error.strerror}."
    return ""
