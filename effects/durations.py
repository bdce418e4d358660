"""How long an effect will last, where that is known before it happens: for prices by the second."""

from __future__ import annotations

from effects import sounds
from effects.registry import Effect, kinds
from effects.settings_table import QueueSettings, VoiceSettings
from effects.voice.engines import estimated_seconds


def of(effect: Effect) -> float:
    """Seconds; of several effects, their sum; 0 for what takes no time. A text's are an estimate, by its words."""
    payload = effect.payload
    if effect.kind == "run_effects":
        return sum(of(Effect(str(step.get("kind")), step)) for step in payload["effects"])
    if effect.kind == "speak":
        return estimated_seconds(str(payload["text"]), payload.get("rate") or VoiceSettings.current().tts_rate)
    if effect.kind == "play_sound":
        sound = sounds.named(str(payload["sound"]))
        return sound.seconds if sound else 0.0
    if effect.kind == "spin_wheel":
        wheel = QueueSettings.current()
        return wheel.wheel_spin_seconds + wheel.wheel_hold_seconds
    kind = kinds.get(effect.kind)
    declared = kind.payload.model_fields.get("seconds") if kind is not None and kind.payload is not None else None
    return float(payload.get("seconds", declared.default if declared is not None else 0))
