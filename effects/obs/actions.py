"""What the bot does in OBS, each with the traps of its timing (measured on OBS 29 and 30) handled here."""

from __future__ import annotations

import logging
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotInTime

from django.core.cache import cache

from effects.obs.client import obs
from effects.obs.reverts import way_back
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("obs")

BUSY = (500, 501, 503)
"""Running already, not running, not paused: for some 200 ms after a start or a stop."""
SAVED_WITHIN = 10.0
SAME_CLIP = 1
"""Seconds: OBS names replays by whole seconds, and a second one overwrites the first."""
STREAM_WITHIN = 10.0
RECORD_WITHIN = 10.0
"""Beside a running replay buffer a recording waits for the next key frame before it begins, or ends."""


def switch_scene(name: str, *, seconds: float = 0) -> None:
    """Put the scene `name` on air; after so many seconds back to the one before, where that is not 0."""
    before = obs().ask("GetCurrentProgramScene")["currentProgramSceneName"]
    ours = {"ask": "GetCurrentProgramScene", "name": "currentProgramSceneName", "value": name}
    with way_back("scene", "SetCurrentProgramScene", {"sceneName": before}, ours=ours, seconds=seconds):
        if before != name:
            obs().ask("SetCurrentProgramScene", {"sceneName": name})
            # Its event comes when the transition ends, or not at all; asked, OBS tells at once.
            if obs().ask("GetCurrentProgramScene")["currentProgramSceneName"] != name:
                raise Failed(f"OBS did not switch to {name}")


def show_source(scene: str, source: str, *, visible: bool = True, seconds: float = 0) -> None:
    """Show or hide a source in a scene; after so many seconds the other way round, where that is not 0."""
    found = obs().ask("GetSceneItemId", {"sceneName": scene, "sourceName": source})
    which = {"sceneName": scene, "sceneItemId": found["sceneItemId"]}
    before = obs().ask("GetSceneItemEnabled", which)["sceneItemEnabled"]
    back = {**which, "sceneItemEnabled": before}
    ours = {"ask": "GetSceneItemEnabled", "data": which, "name": "sceneItemEnabled", "value": visible}
    with way_back(f"source:{scene}/{source}", "SetSceneItemEnabled", back, ours=ours, seconds=seconds):
        obs().ask("SetSceneItemEnabled", {**which, "sceneItemEnabled": visible})


def set_text(source: str, text: str) -> None:
    """Change what a text source says."""
    obs().ask("SetInputSettings", {"inputName": source, "inputSettings": {"text": text}, "overlay": True})


def set_filter(source: str, name: str, *, enabled: bool = True, seconds: float = 0) -> None:
    """Switch a filter of a source or scene on or off, and back after so many seconds, where that is not 0."""
    which = {"sourceName": source, "filterName": name}
    before = obs().ask("GetSourceFilter", which)["filterEnabled"]
    back = {**which, "filterEnabled": before}
    ours = {"ask": "GetSourceFilter", "data": which, "name": "filterEnabled", "value": enabled}
    with way_back(f"filter:{source}/{name}", "SetSourceFilterEnabled", back, ours=ours, seconds=seconds):
        obs().ask("SetSourceFilterEnabled", {**which, "filterEnabled": enabled})


def mute(name: str, *, muted: bool = True, seconds: float = 0) -> None:
    """Mute an input, or the contrary, and back after so many seconds, where that is not 0."""
    before = obs().ask("GetInputMute", {"inputName": name})["inputMuted"]
    back = {"inputName": name, "inputMuted": before}
    ours = {"ask": "GetInputMute", "data": {"inputName": name}, "name": "inputMuted", "value": muted}
    with way_back(f"mute:{name}", "SetInputMute", back, ours=ours, seconds=seconds):
        obs().ask("SetInputMute", {"inputName": name, "inputMuted": muted})


def set_volume(name: str, decibels: float) -> None:
    """Set an input's volume in dB, from −100 to 26."""
    obs().ask("SetInputVolume", {"inputName": name, "inputVolumeDb": decibels})


def clip() -> str:
    """Save the replay buffer, which is started where it does not run; returns the file's path.

    The event that carries the path is waited for: asked, OBS still tells the one before. Two within a second are one.
    """
    last: str | None = cache.get("obs.clip")
    if last:
        return last
    if not obs().ask("GetReplayBufferStatus")["outputActive"]:
        obs().ask_soon("StartReplayBuffer", unless=BUSY)
        if not obs().becomes("GetReplayBufferStatus", "outputActive", True):
            raise Failed("the replay buffer did not start: is it switched on in OBS (Settings, Output)?")
    with obs().expecting("ReplayBufferSaved") as saved:
        obs().ask_soon("SaveReplayBuffer", unless=BUSY)
        try:
            path = str(saved.result(SAVED_WITHIN)["savedReplayPath"])
        except (NotInTime, CancelledError, OSError, KeyError):
            raise Failed("OBS did not save the clip") from None
    cache.set("obs.clip", path, SAME_CLIP)
    return path


def record(*, start: bool) -> str:
    """Start or stop recording; returns the file's path when it stops. OBS says yes to a start that comes to nothing,
    as with a folder that can't be written: so it is looked whether it runs.
    """
    if obs().ask("GetRecordStatus")["outputActive"] == start:
        return ""
    answer = obs().ask_soon("StartRecord" if start else "StopRecord", unless=BUSY)
    if not obs().becomes("GetRecordStatus", "outputActive", start, within=RECORD_WITHIN):
        raise Failed(f"OBS did not {'start' if start else 'stop'} recording: can it write to its folder?")
    return str(answer.get("outputPath", ""))


def stream(*, start: bool) -> None:
    """Start or stop streaming, and look whether it came to pass."""
    if obs().ask("GetStreamStatus")["outputActive"] == start:
        return
    obs().ask_soon("StartStream" if start else "StopStream", unless=BUSY)
    if not obs().becomes("GetStreamStatus", "outputActive", start, within=STREAM_WITHIN):
        raise Failed(f"OBS did not {'start' if start else 'stop'} the stream: are its service and key set?")
