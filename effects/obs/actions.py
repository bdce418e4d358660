"""What the bot does in OBS, with the quirks of its timing (measured on OBS 29 and 30) handled here."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotInTime
from typing import Any

from django.core.cache import cache

from effects.obs.client import obs
from effects.obs.reverts import ask_by_name, revert_after
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed

NOT_SWITCHED = phrases.refusal("obs.not_switched", "OBS did not switch to {scene}")
NO_REPLAY_BUFFER = phrases.refusal(
    "obs.no_replay_buffer", "the replay buffer did not start: is it switched on in OBS (Settings, Output)?"
)
NOT_SAVED = phrases.refusal("obs.not_saved", "OBS did not save the clip")
NOT_RECORDING = phrases.refusal("obs.not_recording", "OBS did not start recording: can it write to its folder?")
STILL_RECORDING = phrases.refusal("obs.still_recording", "OBS did not stop recording")
NOT_STREAMING = phrases.refusal("obs.not_streaming", "OBS did not start the stream: are its service and key set?")
STILL_STREAMING = phrases.refusal("obs.still_streaming", "OBS did not stop the stream")

# "Already running", "not running", "not paused": also for some 200 ms after a start or a stop.
BUSY = (500, 501, 503)
SAVED_WITHIN = 10.0
# Seconds. OBS names replays by whole seconds, and a second one within the same second overwrites the first.
SAME_CLIP_SECONDS = 1
STREAM_WITHIN = 10.0
# While a replay buffer runs, a recording waits for the next key frame before it begins or ends.
RECORD_WITHIN = 10.0


def _current_scene() -> str:
    return str(obs().ask("GetCurrentProgramScene")["currentProgramSceneName"])


def switch_scene(name: str, *, seconds: float = 0) -> None:
    """Put the scene `name` on air, and the one before it back after `seconds` (0: it stays)."""
    before = _current_scene()
    ours = {"ask": "GetCurrentProgramScene", "name": "currentProgramSceneName", "value": name}
    with revert_after("scene", "SetCurrentProgramScene", {"sceneName": before}, ours=ours, seconds=seconds):
        if before == name:
            return
        obs().ask("SetCurrentProgramScene", {"sceneName": name})
        # Asked, because the event comes only when the transition ends, or not at all.
        if _current_scene() != name:
            raise Failed(NOT_SWITCHED(scene=name))


def show_source(scene: str, source: str, *, visible: bool = True, seconds: float = 0) -> None:
    """Show or hide a source in a scene, and undo it after `seconds` (0: it stays)."""
    target = {"sceneName": scene, "sourceName": source}
    key = f"source:{scene}/{source}"
    _switch(key, "GetSceneItemEnabled", "SetSceneItemEnabled", target, "sceneItemEnabled", visible, seconds)


def set_text(source: str, text: str) -> None:
    """Change the text of a text source."""
    # `overlay`: keep the source's other settings, such as its font.
    obs().ask("SetInputSettings", {"inputName": source, "inputSettings": {"text": text}, "overlay": True})


def set_filter(source: str, name: str, *, enabled: bool = True, seconds: float = 0) -> None:
    """Switch a filter of a source or scene on or off, and undo it after `seconds` (0: it stays)."""
    target = {"sourceName": source, "filterName": name}
    key = f"filter:{source}/{name}"
    _switch(key, "GetSourceFilter", "SetSourceFilterEnabled", target, "filterEnabled", enabled, seconds)


def mute(name: str, *, muted: bool = True, seconds: float = 0) -> None:
    """Mute or unmute an input, and undo it after `seconds` (0: it stays)."""
    _switch(f"mute:{name}", "GetInputMute", "SetInputMute", {"inputName": name}, "inputMuted", muted, seconds)


def _switch(key: str, get: str, set_: str, target: Mapping[str, Any], field: str, value: bool, seconds: float) -> None:
    """Set the flag `field` of `target` with the request `set_`, and undo it after `seconds`; `get` reads it."""
    before = ask_by_name(get, target)[field]
    ours = {"ask": get, "data": target, "name": field, "value": value}
    with revert_after(key, set_, {**target, field: before}, ours=ours, seconds=seconds):
        ask_by_name(set_, {**target, field: value})


def set_volume(name: str, decibels: float) -> None:
    """Set an input's volume in dB, from -100 to 26."""
    obs().ask("SetInputVolume", {"inputName": name, "inputVolumeDb": decibels})


def clip() -> str:
    """Save the replay buffer, which is started if necessary, and return the file's path.

    Two calls within SAME_CLIP_SECONDS share one clip.
    """
    last: str | None = cache.get("obs.clip")
    if last:
        return last
    if not obs().ask("GetReplayBufferStatus")["outputActive"]:
        obs().ask_when_free("StartReplayBuffer", busy_codes=BUSY)
        if not obs().poll_until("GetReplayBufferStatus", "outputActive", True):
            raise Failed(NO_REPLAY_BUFFER())
    # The path comes from the event: GetLastReplayBufferReplay still answers with the clip before.
    with obs().expecting("ReplayBufferSaved") as saved:
        obs().ask_when_free("SaveReplayBuffer", busy_codes=BUSY)
        try:
            path = str(saved.result(SAVED_WITHIN)["savedReplayPath"])
        except (NotInTime, CancelledError, OSError, KeyError):
            raise Failed(NOT_SAVED()) from None
    cache.set("obs.clip", path, SAME_CLIP_SECONDS)
    return path


def record(*, start: bool) -> str:
    """Start or stop recording; return the file's path after a stop, else ""."""
    if obs().ask("GetRecordStatus")["outputActive"] == start:
        return ""
    answer = obs().ask_when_free("StartRecord" if start else "StopRecord", busy_codes=BUSY)
    # OBS accepts a start that then fails, in a folder that it can't write to for instance, so look whether it runs.
    if not obs().poll_until("GetRecordStatus", "outputActive", start, within=RECORD_WITHIN):
        raise Failed(NOT_RECORDING() if start else STILL_RECORDING())
    return str(answer.get("outputPath", ""))


def stream(*, start: bool) -> None:
    """Start or stop streaming, and wait until OBS has."""
    if obs().ask("GetStreamStatus")["outputActive"] == start:
        return
    obs().ask_when_free("StartStream" if start else "StopStream", busy_codes=BUSY)
    # As with recording, a start that OBS accepted may fail a moment later.
    if not obs().poll_until("GetStreamStatus", "outputActive", start, within=STREAM_WITHIN):
        raise Failed(NOT_STREAMING() if start else STILL_STREAMING())
