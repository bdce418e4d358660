"""Sounds: looked into when they are uploaded, found by name, levelled where they come before speech."""

from __future__ import annotations

import hashlib
import tempfile
import wave
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet
from django.db.models.signals import post_delete
from django.dispatch import receiver

from effects import voice
from effects.models import Sound
from effects.settings_table import QueueSettings, VoiceSettings
from effects.voice.studio import TARGET
from pixelbot_site.kit.errors import Failed

SHIPPED = Path(__file__).resolve().parent / "static" / "effects" / "sounds"
MAX_FILE_BYTES = 10 * 2**20
"""Bytes of a file."""
TYPES = {"WAV": "audio/wav", "WAVEX": "audio/wav", "MP3": "audio/mpeg", "OGG": "audio/ogg"}
SUBTYPES = {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "ULAW", "MPEG_LAYER_III", "VORBIS", "OPUS"}
"""What Chromium plays of them (tried)."""
SUFFIXES = {"audio/wav": ".wav", "audio/mpeg": ".mp3", "audio/ogg": ".ogg"}


def store(sound: Sound, file: File[bytes]) -> File[bytes]:
    """Look into an uploaded file and tell `sound` what it is; returns it under a name of our own. Nothing is saved yet.

    Raises Failed, with a sentence, for what is too large, too long, or no wav, mp3, ogg or opus.
    """
    if (file.size or 0) > MAX_FILE_BYTES:
        raise Failed(f"A sound has at most {MAX_FILE_BYTES // 2**20} MB.")
    file.seek(0)
    data = file.read()
    longest = QueueSettings.current().longest_sound
    with tempfile.TemporaryDirectory(prefix="pixelbot-upload-") as folder:
        copy = Path(folder) / "upload"
        copy.write_bytes(data)
        facts = voice.studio().inspect(copy, most=longest)
    content_type = TYPES.get(facts.format)
    if content_type is None:
        raise Failed(f"This is {facts.format}; it must be wav, mp3, ogg or opus.")
    if facts.subtype not in SUBTYPES:
        raise Failed(f"This is {facts.format} as {facts.subtype}, which browsers can't play.")
    if not 0 < facts.seconds <= longest:
        raise Failed(f"This lasts {facts.seconds:.1f} s; {longest} s are the most.")
    return _described(sound, data, content_type, facts.seconds, facts.loudness)


def _described(sound: Sound, data: bytes, content_type: str, seconds: float, loudness: float) -> File[bytes]:
    sound.content_type, sound.seconds, sound.loudness = content_type, seconds, loudness
    return ContentFile(data, hashlib.sha256(data).hexdigest()[:24] + SUFFIXES[content_type])


@receiver(post_delete, sender=Sound)
def drop_file(instance: Sound, **_: Any) -> None:
    """The file goes with its row."""
    if instance.file:
        default_storage.delete(str(instance.file.name))


def playable() -> QuerySet[Sound]:
    """The sounds that viewers may play."""
    return Sound.objects.filter(enabled=True)


def named(name: str, among: QuerySet[Sound] | None = None) -> Sound | None:
    """The sound of that name or alias, in any case; None where there is none."""
    wanted = name.strip().casefold()
    rows = Sound.objects.all() if among is None else among
    if not wanted or len(wanted) > 40:
        return None
    found = rows.filter(name__iexact=wanted).first()
    if found is not None:
        return found
    by_alias = rows.filter(Q(aliases__icontains=wanted))
    return next((row for row in by_alias if wanted in row.aliases.casefold().split()), None)


def volume(sound: Sound) -> float:
    """How loud it is played, 0 to 1: what the streamer set, and less for what is louder than speech."""
    return round(sound.volume * min(1.0, 10 ** ((TARGET - sound.loudness) / 20)), 4)


def address(sound: Sound) -> str:
    """Below an overlay's address. It changes with the file, since browsers keep what they have heard for a while."""
    return f"sound/{sound.pk}?v={Path(str(sound.file.name)).stem[:12]}"


def seed() -> None:
    """Make the rows of the shipped sounds at a first start. What the streamer changed, or deleted, stays so."""
    if Sound.objects.exists():
        return
    for path in sorted(SHIPPED.glob("*.wav")):
        sound = Sound(name=path.stem, enabled=not path.stem.startswith(("wheel-", "announcement")))
        with wave.open(str(path)) as file:
            seconds = file.getnframes() / file.getframerate()
        # They were made as loud as speech.
        sound.file = _described(sound, path.read_bytes(), "audio/wav", seconds, TARGET)
        sound.save()


def pre_sound(chosen: Sound | None = None) -> Path | None:
    """The file of the sound that was `chosen` for before speech; else the one that TTS_PRE_SOUND names: the streamer's
    in DATA_DIR/sounds, or a shipped one; None where there is none.

    A plain name: no folder is ever left.
    """
    if chosen is not None:
        return Path(chosen.file.path)
    name = VoiceSettings.current().tts_pre_sound
    if not name or Path(name).name != name:
        return None
    return next((folder / name for folder in (settings.SOUNDS_DIR, SHIPPED) if (folder / name).is_file()), None)


def levelled(path: Path) -> str:
    """The name in media storage of the file at `path`, as a WAV as loud as speech; made at the first call."""
    stat = path.stat()
    key = hashlib.sha256(f"{path}:{stat.st_mtime_ns}:{stat.st_size}".encode()).hexdigest()[:24]
    name = levelled_name(key)
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(voice.studio().level(path)))
    return name


def levelled_name(key: str) -> str:
    """Where in media storage what was levelled under `key` (hexadecimal) is kept."""
    return f"levelled/{key}.wav"


def length(name: str) -> float:
    """Seconds of a WAV in media storage."""
    with default_storage.open(name) as file, wave.open(file) as sound:
        return float(sound.getnframes() / sound.getframerate())
