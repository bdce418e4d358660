"""Sounds: inspected when they are uploaded, found by name, levelled where they come before speech."""

from __future__ import annotations

import hashlib
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.db.models.signals import post_delete
from django.dispatch import receiver

from effects import voice
from effects.models import Sound
from effects.settings_table import QueueSettings, VoiceSettings
from effects.voice import scratch
from effects.voice.speech import require_words
from effects.voice.studio import TARGET_LUFS
from pixelbot_site.kit import naming, stored_files
from pixelbot_site.kit.errors import Failed, Refused

SHIPPED = Path(__file__).resolve().parent.parent / "static" / "effects" / "sounds"
MAX_FILE_BYTES = 10 * 2**20
MAX_NAME = 40
# The formats that are accepted (libsndfile's names), with the type that the overlay's server sends.
TYPES = {"WAV": "audio/wav", "WAVEX": "audio/wav", "MP3": "audio/mpeg", "OGG": "audio/ogg"}
# The subtypes that Chromium plays: each was tried.
SUBTYPES = {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "ULAW", "MPEG_LAYER_III", "VORBIS", "OPUS"}
SUFFIXES = {"audio/wav": ".wav", "audio/mpeg": ".mp3", "audio/ogg": ".ogg"}
# Where the files lie of sounds that are tried before they are saved, and their address below an overlay's.
TRIED = "tried"
TRIED_ADDRESS = rf"{TRIED}/[0-9a-f]{{24}}\.(?:wav|mp3|ogg)"


def store(sound: Sound, file: File[bytes]) -> File[bytes]:
    """Inspect an uploaded file, set `sound`'s type, length and loudness, and return the file under a new name.

    Saves nothing. Raise Failed for a file that is too large, too long, or no wav, mp3, ogg or opus.
    """
    if (file.size or 0) > MAX_FILE_BYTES:
        raise Failed(f"a sound has at most {MAX_FILE_BYTES // 2**20} MB")
    file.seek(0)
    data = file.read()
    longest = QueueSettings.current().longest_sound
    with scratch.folder() as folder:
        copy = Path(folder) / "upload"
        copy.write_bytes(data)
        facts = voice.studio().inspect(copy, max_seconds=longest)
    content_type = TYPES.get(facts.format)
    if content_type is None:
        raise Failed(f"this is {facts.format}; it must be wav, mp3, ogg or opus")
    if facts.subtype not in SUBTYPES:
        raise Failed(f"this is {facts.format} as {facts.subtype}, which browsers can't play")
    if not 0 < facts.seconds <= longest:
        raise Failed(f"this lasts {facts.seconds:.1f} s; at most {longest} s are allowed")
    return _described(sound, data, content_type, facts.seconds, facts.loudness)


def _described(sound: Sound, data: bytes, content_type: str, seconds: float, loudness: float) -> File[bytes]:
    sound.content_type, sound.seconds, sound.loudness = content_type, seconds, loudness
    # A name made of the content: the uploaded name may hold anything, and browsers keep what they heard by its address.
    return ContentFile(data, hashlib.sha256(data).hexdigest()[:24] + SUFFIXES[content_type])


def keep(sound: Sound) -> None:
    """Store the file of a sound whose row is about to be saved. Raise Failed where that can't be done.

    Saving the row would do it as well, inside the row's transaction.
    """
    if sound.file._committed:  # type: ignore[attr-defined]  # it is stored already
        return
    try:
        sound.file.save(str(sound.file.name), sound.file.file, save=False)
    except OSError as error:
        raise Failed(f"it could not be stored: {error}") from error


def unsaved(sound: Sound) -> dict[str, Any]:
    """Return how a test plays `sound` as it is, saved or not: its address below an overlay's, its volume and length.

    A file that is not saved is stored for an hour, under the name that `store` made of its content.
    """
    where = address(sound)
    if not Sound.objects.filter(pk=sound.pk, file=sound.file.name).exists():
        where = f"{TRIED}/{Path(str(sound.file.name)).name}"
        stored_files.delete(where)  # written anew, it counts as new
        sound.file.seek(0)
        try:
            stored_files.write(where, sound.file.read())
        except OSError as error:
            raise Failed(f"it could not be stored: {error}") from error
    return {"address": where, "volume": volume(sound), "seconds": sound.seconds}


@receiver(post_delete, sender=Sound)
def drop_file(instance: Sound, **_: Any) -> None:
    """Delete a sound's file once its row is gone for good."""
    if instance.file:
        stored_files.delete_after_commit(str(instance.file.name))


def playable() -> QuerySet[Sound]:
    """Return the sounds that viewers may play."""
    return Sound.objects.filter(enabled=True)


def named(name: str, among: QuerySet[Sound] | None = None) -> Sound | None:
    """Return the sound with that name or alias, in any case, of the sounds `among`; None where there is none."""
    wanted = name.strip().casefold()
    sounds = Sound.objects.all() if among is None else among
    if not wanted or len(wanted) > MAX_NAME:
        return None
    by_name = naming.named(sounds, wanted)
    if by_name is not None:
        return by_name
    aliases = sounds.exclude(aliases="").values_list("pk", "aliases")
    found = next((pk for pk, words in aliases if wanted in words.casefold().split()), None)
    return None if found is None else sounds.get(pk=found)


def volume(sound: Sound, share: float = 1.0) -> float:
    """Return the volume to play a sound at, 0 to 1: the streamer's, lowered for a sound that is louder than speech.

    `share`: of that, how much an effect asks for.
    """
    return round(sound.volume * min(1.0, 10 ** ((TARGET_LUFS - sound.loudness) / 20)) * share, 4)


def address(sound: Sound) -> str:
    """Return the sound's address below an overlay's address."""
    # The version changes with the file: browsers keep for a while what they have heard.
    return f"sound/{sound.pk}?v={Path(str(sound.file.name)).stem[:12]}"


def seed() -> None:
    """Create the shipped sounds at a first start. What the streamer changed or deleted later stays that way.

    Raise Failed where a file can't be stored.
    """
    if Sound.objects.exists():
        return
    made = []
    for path in sorted(SHIPPED.glob("*.wav")):
        sound = Sound(name=path.stem, enabled=not path.stem.startswith(("wheel-", "announcement")))
        with wave.open(str(path)) as file:
            seconds = file.getnframes() / file.getframerate()
        # The shipped files are as loud as speech, so they need no inspection: the first start stays quick.
        sound.file = _described(sound, path.read_bytes(), "audio/wav", seconds, TARGET_LUFS)
        keep(sound)
        made.append(sound)
    Sound.objects.bulk_create(made, ignore_conflicts=True)  # all or none, once all files are stored


def pre_sound(chosen: Sound | None = None) -> Sound | Path | None:
    """Return what to play before speech; None for none.

    That is the `chosen` sound, else the file that TTS_PRE_SOUND names in DATA_DIR/sounds or among the shipped.
    """
    if chosen is not None:
        return chosen
    name = VoiceSettings.current().tts_pre_sound
    if not name or Path(name).name != name:
        return None  # a path could lead out of the two folders
    return next((folder / name for folder in (settings.SOUNDS_DIR, SHIPPED) if (folder / name).is_file()), None)


def speech(text: str, voice_name: str) -> str:
    """Store `text` as a WAV that staff hear in the dashboard, and return its key. It is deleted after an hour.

    It is spoken as on the stream, by the engine's voice of that name, "" for the one that the settings name. Raise
    Refused or Failed, with the reason, where that can't be spoken or is no file.
    """
    rules = VoiceSettings.current()
    words = require_words(text, max_chars=rules.tts_max_chars)
    style = voice.Style(voice_name or rules.tts_voice, rules.tts_rate, rules.tts_volume)
    try:
        spoken = voice.engine().speak(words, style, max_seconds=rules.tts_max_seconds)
    except voice.TooLong as long:
        raise Refused(f"it takes {long.seconds:.0f} s, and the limit is {rules.tts_max_seconds} s") from None
    if spoken.wav is None:
        raise Refused(f"the engine “{rules.tts_engine}” speaks on the overlay alone, if at all; try it there")
    key = uuid4().hex
    # No row names the file, so that `effects.queue.upkeep.cleanup` deletes it as one that was left over.
    try:
        stored_files.write(speech_name(key), spoken.wav)
    except OSError as error:
        raise Failed(f"it could not be stored: {error}") from error
    return key


def speech_name(key: str) -> str:
    """Return the name in media storage of what `speech` stored under `key` (hexadecimal)."""
    return f"speech/{key}.wav"


def levelled(sound: Sound | Path) -> str:
    """Return the name in media storage of a copy that is as loud as speech, made at the first call.

    Raise Failed where `sound` is none, or can't be read or stored.
    """
    try:
        name = levelled_name(hashlib.sha256(_version(sound).encode()).hexdigest()[:24])
        if not default_storage.exists(name):
            with _file_of(sound) as path:
                stored_files.write(name, voice.studio().level(path))
    except OSError as error:
        raise Failed(f"the sound can't be read or stored: {error}") from error
    return name


def _version(sound: Sound | Path) -> str:
    if isinstance(sound, Sound):
        return str(sound.file.name)  # of its content
    stat = sound.stat()  # a file that was replaced under its old name gets another key
    return f"{sound}:{stat.st_mtime_ns}:{stat.st_size}"


@contextmanager
def _file_of(sound: Sound | Path) -> Iterator[Path]:
    """Yield a file of this machine with the sound, for the studio."""
    if isinstance(sound, Path):
        yield sound
        return
    with scratch.folder() as folder:
        copy = Path(folder) / "sound"
        copy.write_bytes(stored_files.read_all(str(sound.file.name)))
        yield copy


def levelled_name(key: str) -> str:
    """Return the name in media storage of the levelled copy with that `key` (hexadecimal)."""
    return f"levelled/{key}.wav"


def length(name: str) -> float:
    """Return the seconds of a WAV in media storage. Raise Failed where it can't be read."""
    try:
        with wave.open(BytesIO(stored_files.read_all(name))) as sound:
            return float(sound.getnframes() / sound.getframerate())
    except OSError as error:
        raise Failed(f"the sound can't be read: {error}") from error
