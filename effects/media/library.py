"""The library of pictures and videos: files taken in, found by name, and missed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
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
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.timed_cache import TimedCache
from pixelbot_site.kit.transactions import after_commit

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
    default_storage.delete(media.file_name)  # a part, written when the bot was killed
    stored = default_storage.save(media.file_name, ContentFile(data))
    if stored != media.file_name:  # somebody else wrote the same at the same moment
        default_storage.delete(stored)


@receiver(post_delete, sender=Media)
def drop_file(instance: Media, **_: Any) -> None:
    """Delete a file once its row is gone for good."""
    after_commit(_delete_if_unused, instance.file_name, instance.sha256)


def _delete_if_unused(file_name: str, sha256: str) -> None:
    if not Media.objects.filter(sha256=sha256).exists():
        default_storage.delete(file_name)


def named(name: str) -> Media | None:
    """Return the picture or video of that name, in any case; None where there is none."""
    return Media.objects.filter(name__iexact=name.strip()).first()


def whole(name: str) -> Media | None:
    """Return the picture or video of that name, in any case; None where there is none, or its file is missing."""
    media = named(name)
    return None if media is None or is_missing(media) else media


def is_missing(media: Media) -> bool:
    """Return whether the file is not there, or not whole."""
    try:
        return bool(default_storage.size(media.file_name) != media.size)
    except OSError:
        return True


# How many there are, and the names of those whose file is missing. The index asks all the time.
shelf: TimedCache[tuple[int, list[str]]] = TimedCache(5.0)


def missed() -> tuple[int, list[str]]:
    """Return how many rows there are, and the names of those whose file is missing, as of the last five seconds."""
    return shelf.get(_look)


def _look() -> tuple[int, list[str]]:
    rows = list(Media.objects.all())
    return len(rows), [media.name for media in rows if is_missing(media)]


def address(media: Media) -> str:
    """Return its address below an overlay's address."""
    return f"media/{media.sha256}"
