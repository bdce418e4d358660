"""Constructors of effects, for the kinds that code enqueues. Kinds that only the dashboard's rows name need none."""

from __future__ import annotations

from typing import Any

from pixelbot_site.kit.steps import MAX_TEXT, MAX_TITLE, Effect


def alert(text: str, seconds: float = 5.0, **more: Any) -> Effect:
    """Return the effect that shows `text` in large letters; `more` are its other fields, such as `design`."""
    return Effect("alert", {"text": text, "seconds": seconds, **more}, title=text[:MAX_TITLE])


def obs_clip() -> Effect:
    """Return the effect that saves OBS's replay buffer as a clip."""
    return Effect("obs_clip", {}, title="a clip")


def obs_scene(scene: str, seconds: float = 0) -> Effect:
    """Return the effect that switches OBS to `scene`, and back after `seconds` (0: it stays)."""
    return Effect("obs_scene", {"scene": scene, "seconds": seconds}, title=scene)


def obs_source(scene: str, source: str, *, visible: bool = True, seconds: float = 0) -> Effect:
    """Return the effect that shows or hides a source in OBS, and undoes it after `seconds` (0: it stays)."""
    payload = {"scene": scene, "source": source, "visible": visible, "seconds": seconds}
    return Effect("obs_source", payload, title=source)


def play_sound(name: str) -> Effect:
    """Return the effect that plays the sound `name`."""
    return Effect("play_sound", {"sound": name}, title=name)


def reply(text: str) -> Effect:
    """Return the effect that asks the AI about `text`, and says its answer in chat."""
    return Effect("reply", {"text": text[:MAX_TEXT]}, title=text[:MAX_TITLE])


def show_media(name: str, **more: Any) -> Effect:
    """Return the effect that shows the picture or video `name`; `more` are its other fields, such as `seconds`."""
    return Effect("show_media", {"media": name, **more}, title=name)


def speak(
    text: str, *, source: str = "system", voice: str = "", rate: int | None = None, volume: float | None = None
) -> Effect:
    """Return the effect that says `text` aloud.

    `source` (redeem, level, tip, wheel, system) chooses prefix and pre-sound. What is left out of voice, rate (words
    per minute) and volume (0 to 1) comes from the settings when it is spoken.
    """
    payload: dict[str, Any] = {"text": text[:MAX_TEXT], "source": source}
    if voice:
        payload["voice"] = voice
    if rate is not None:
        payload["rate"] = rate
    if volume is not None:
        payload["volume"] = volume
    return Effect("speak", payload, title=text[:MAX_TITLE])


def spin_wheel() -> Effect:
    """Return the effect that spins the prize wheel."""
    return Effect("spin_wheel", {}, title="the wheel")
