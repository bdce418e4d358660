"""How long an effect will last, where that is known before it happens: for prices by the second."""

from __future__ import annotations

from effects import sounds
from effects.registry import Effect, kinds
from effects.settings_table import QueueSettings, VoiceSettings
from effects.voice.engines import estimated_seconds
from pixelbot_site.kit.steps import Step, leaves


def of(effect: Effect) -> float:
    """Return seconds; of several effects, their sum; 0 for what takes no time. A text's are estimated by its words."""
    return sum(_of_step(step) for step in leaves([effect.step]))


def _of_step(step: Step) -> float:
    name = str(step.get("kind"))
    if name == "speak":
        return estimated_seconds(str(step["text"]), step.get("rate") or VoiceSettings.current().tts_rate)
    if name == "play_sound":
        sound = sounds.named(str(step["sound"]))
        return sound.seconds if sound else 0.0
    if name == "spin_wheel":
        return float(QueueSettings.current().wheel_spin_seconds + QueueSettings.current().wheel_hold_seconds)
    kind = kinds.get(name)
    declared = kind.payload.model_fields.get("seconds") if kind is not None else None
    return float(step.get("seconds", declared.default if declared is not None else 0))
