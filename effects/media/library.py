"""The library of pictures and videos: files taken in, found by name, and missed."""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from effects.media import mp4, webm
from effects.media.facts import CUT_OFF, Facts, require_fitting
from effects.media.outline import Outline, outline
from effects.models import Media, MediaKind
from effects.settings_table import MediaSettings
from effects.voice import scratch
from effects.voice.studio import ROOT, WITHOUT_CONSOLE, minimal_environment
from pixelbot_site.kit import naming, stored_files
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.timed_cache import TimedCache
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("storage")

# Pixels of all frames of an animation: as many as a second of full-screen frames at 50 a second.
MAX_PIXELS = 100_000_000
# Decoding and writing anew: the most pixels take some twenty seconds on a slow PC.
MAX_SECONDS = 60.0
CHILD = "effects.media.child"
MAX_NAME = 40
NOT_OURS = "it is no png, jpg, webp, gif, apng, webm or mp4, and no sound"


def inspect(data: bytes, report: Facts | None = None) -> Facts:
    """Return what an uploaded file is, with its bytes as they will be kept. Nothing is stored.

    `report` is what the browser that uploaded it found out about a video by decoding it. Raise Failed, with the
    reason, for a file that is none of ours, damaged, or beyond the limits of the settings.
    """
    most = MediaSettings.current().media_max_mb
    if not data:
        raise Failed("it is empty")
    if len(data) > most * 2**20:
        raise Failed(f"it has {len(data) / 2**20:.1f} MB; at most {most} are allowed")
    if mp4.is_mp4(data):
        facts = mp4.inspect(data).with_report(report)
    elif webm.is_ebml(data):
        facts = webm.inspect(data).with_report(report)
    else:
        found = outline(data)
        if found is None:
            raise Failed("it is an SVG, which can hold scripts: save it as PNG" if b"<svg" in data[:4096] else NOT_OURS)
        facts = _drawn_anew(data[: found.end], found)
    require_fitting(facts)
    return facts


def _drawn_anew(data: bytes, found: Outline) -> Facts:
    limits = MediaSettings.current()
    if found.frames > limits.media_max_frames:
        raise Failed(f"it has {found.frames} frames; at most {limits.media_max_frames} are allowed")
    asked = {
        "kind": found.kind.value,
        "side": limits.media_max_side,
        "frames": limits.media_max_frames,
        "pixels": MAX_PIXELS,
    }
    with scratch.folder() as folder:
        source, target = Path(folder) / "upload", Path(folder) / "clean"
        source.write_bytes(data)
        answer = _ask_child(source, target, asked)
        if "error" in answer:
            raise Failed(answer["error"])
        clean = target.read_bytes()
    moves = found.kind == MediaKind.APNG or found.frames > 1
    kind = MediaKind.PNG if found.kind == MediaKind.APNG and answer["seconds"] is None else found.kind
    seconds = answer["seconds"] if moves else None
    return Facts(kind, clean, answer["width"], answer["height"], seconds, is_decoded=True)


def _ask_child(source: Path, target: Path, asked: dict[str, Any]) -> dict[str, Any]:
    # A process of its own, without the bot's secrets: decoders are native code, and pictures come from strangers.
    command = [sys.executable, "-m", CHILD, str(source), str(target), json.dumps(asked)]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=minimal_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=MAX_SECONDS,
            check=False,
            creationflags=WITHOUT_CONSOLE,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise Failed("it takes too long to decode") from None
    except ValueError:  # it crashed
        raise Failed(CUT_OFF) from None
    return answer


def take(facts: Facts, name: str, by: Any) -> Media:
    """Store what was inspected under `name`, and return its row. Raise Failed where the name or the file is there.

    A file that had gone missing is put back to its row.
    """
    sha256 = hashlib.sha256(facts.data).hexdigest()
    there = Media.objects.filter(sha256=sha256).first()
    if there is not None and is_missing(there):
        _write(there, facts.data)
        return there
    if there is not None:
        raise Failed(f"it is here already, as “{there.name}”")
    media = Media(
        name=name, kind=facts.kind, width=facts.width, height=facts.height, seconds=facts.seconds,
        size=len(facts.data), sha256=sha256, is_decoded=facts.is_decoded, uploaded_by=by,
    )  # fmt: skip
    if named(name) is not None:
        raise Failed(f"“{name}” is already the name of another")
    _write(media, facts.data)
    try:
        with transaction.atomic():
            media.save()
    except IntegrityError:
        _delete_if_unused(media.file_name, sha256)
        raise Failed("somebody else took in the same file, or the same name, just now") from None
    return media


def _write(media: Media, data: bytes) -> None:
    if not is_missing(media):
        return
    stored_files.delete(media.file_name)  # a part, written when the bot was killed
    try:
        stored = stored_files.write(media.file_name, data)
    except OSError as error:
        raise Failed(f"it could not be stored: {error}") from error
    if stored != media.file_name:  # somebody else wrote the same at the same moment
        stored_files.delete(stored)
    shelf.forget()
    cache.delete(FOUND)


@receiver(post_delete, sender=Media)
def drop_file(instance: Media, **_: Any) -> None:
    """Delete a file once its row is gone for good."""
    after_commit(_delete_if_unused, instance.file_name, instance.sha256)


def _delete_if_unused(file_name: str, sha256: str) -> None:
    if not Media.objects.filter(sha256=sha256).exists():
        stored_files.delete(file_name)


def named(name: str) -> Media | None:
    """Return the picture or video of that name, in any case; None where there is none."""
    return naming.named(Media.objects.all(), name)


def whole(name: str) -> Media | None:
    """Return the picture or video of that name, in any case; None where there is none, or its file is missing.

    This may wait some seconds for a storage elsewhere: not for inside a transaction.
    """
    media = named(name)
    return None if media is None or is_missing(media) else media


def known(name: str) -> Media | None:
    """Do the same as `whole` without asking a storage elsewhere: of its files, each counts as there."""
    return named(name) if stored_files.is_elsewhere() else whole(name)


def is_missing(media: Media) -> bool:
    """Return whether the file is not there, not whole, or can't be reached."""
    try:
        return bool(default_storage.size(media.file_name) != media.size)
    except OSError:
        return True


def seems_missing(media: Media) -> bool:
    """Do the same as `is_missing` without asking a storage elsewhere: as `missed` tells."""
    return media.name in missed().missing if stored_files.is_elsewhere() else is_missing(media)


@dataclass(frozen=True, slots=True)
class Shelf:
    """How many rows there are, the names of those whose file is missing, and why that can't be told, or "".

    `is_known`: somebody looked for the files.
    """

    count: int
    missing: tuple[str, ...] = ()
    fault: str = ""
    is_known: bool = True


# The index asks all the time.
shelf: TimedCache[Shelf] = TimedCache(5.0)
# What a worker found in a storage elsewhere. Pages don't ask it: they would wait while it does not answer.
FOUND = "media.shelf"
KEEP_FOUND = 120


def missed() -> Shelf:
    """Return what is missing, as of the last five seconds; elsewhere, as `look_elsewhere` found it last."""
    return shelf.get(_found if stored_files.is_elsewhere() else _look)


def look_elsewhere() -> None:
    """Look for missing files in a storage elsewhere, and keep for all processes what was found."""
    if not stored_files.is_elsewhere():
        return
    found = _look()
    if found.fault:
        log.warning("media can't be looked at: %s", found.fault)
    cache.set(FOUND, (found.count, found.missing, found.fault), KEEP_FOUND)


def _found() -> Shelf:
    found: tuple[int, tuple[str, ...], str] | None = cache.get(FOUND)
    return Shelf(*found) if found else Shelf(Media.objects.count(), is_known=False)


def _look() -> Shelf:
    rows = list(Media.objects.all())
    try:
        sizes = stored_files.sizes("shown") if rows or stored_files.is_elsewhere() else {}
    except OSError as error:
        return Shelf(len(rows), fault=str(error))
    return Shelf(len(rows), tuple(media.name for media in rows if sizes.get(media.file_name) != media.size))


def address(media: Media) -> str:
    """Return its address below an overlay's address."""
    return f"media/{media.sha256}"
