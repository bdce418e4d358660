"""The settings of the voice, the queue, OBS and webhooks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pixelbot_site.kit.settings_table import Mistake, Section, setting

# Characters: a shorter secret could be found by trying.
MIN_WEBHOOK_SECRET = 16
# No speech may be set to last longer.
MAX_SPEECH_SECONDS = 600
# No lane may be set to hold more items than this.
MAX_WAITING = 1000


@dataclass(frozen=True)
class VoiceSettings(Section):
    """The settings of the voice: the engine, its style, and the sound before the speech."""

    title: ClassVar[str] = "The voice"

    tts_engine: str = setting(
        "pyttsx3",
        "pyttsx3 (this machine's own voices), browser (the overlay's: speechSynthesis), piper (a local model; pip "
        "install piper-tts), or none: the overlay shows the text without a sound.",
        choices=("pyttsx3", "browser", "piper", "none"),
        label="Voice engine",
    )
    tts_piper_model: str = setting(
        "", "For piper: the path of a voice, a file that ends in .onnx.", label="Piper voice file"
    )
    tts_viewer_voices: tuple[str, ...] = setting(
        (),
        "Every viewer's lines get one of these voices, and each viewer keeps theirs. Empty: all lines are spoken with "
        "TTS_VOICE.",
        label="Voices of viewers",
        is_voice=True,
    )
    tts_pre_sound: str = setting(
        "announcement.wav",
        "A sound before the speech: a file in DATA_DIR/sounds, or the shipped announcement.wav. Empty: none. It is "
        "made as loud as the voice.",
        may_be_empty=True,
        label="Sound before the speech",
    )
    tts_pre_delay_ms: int = setting(
        1200,
        "The speech begins this long after the sound began, and not before the sound has ended.",
        maximum=60_000,
        unit="milliseconds",
        label="Speech begins after",
    )
    tts_prefix_username: bool = setting(
        True, 'Whether the viewer is named before the text: "Bob said: …".', label="Say the name of the viewer first"
    )
    tts_queue_max: int = setting(
        5,
        "The most lines of viewers that may wait; beyond that, !tts is refused and costs nothing.",
        minimum=1,
        maximum=MAX_WAITING,
        unit="lines",
        label="Most lines that wait",
    )
    tts_cooldown_seconds: int = setting(
        10,
        "The time between two spoken lines of a viewer. A cooldown that the dashboard sets for the redeem replaces it.",
        unit="seconds",
        label="Time between two lines of a viewer",
    )
    tts_max_chars: int = setting(
        300,
        "The longest text that is spoken. !tts refuses a longer one; what a reaction or a level says is cut off.",
        minimum=1,
        maximum=1000,
        unit="characters",
        label="Longest text",
    )
    tts_max_seconds: int = setting(
        30,
        "The longest speech. A line of a viewer that takes longer is refunded; what a reaction or a level says is cut "
        "off. How long the overlay's own voices take is guessed: where one goes on beyond that, it is cut off, too.",
        minimum=1,
        maximum=MAX_SPEECH_SECONDS,
        unit="seconds",
        label="Longest speech",
    )
    tts_voice: str = setting("", "A voice of the engine. Empty: the engine's default.", label="Voice", is_voice=True)
    tts_rate: int = setting(
        170, "How fast the voice speaks.", minimum=50, maximum=500, unit="words a minute", label="Speed"
    )
    tts_volume: float = setting(1.0, "How loud the voice is.", maximum=1.0, label="Volume")

    def mistakes(self) -> Iterator[Mistake]:
        """Yield a mistake if Piper is chosen and its voice is not a file."""
        if self.tts_engine == "piper" and not Path(self.tts_piper_model).is_file():
            allowed = "the path of a Piper voice (.onnx), where TTS_ENGINE is piper"
            yield Mistake("TTS_PIPER_MODEL", self.tts_piper_model, allowed)


@dataclass(frozen=True)
class QueueSettings(Section):
    """The settings of the queue: how much may wait, how long effects may last, how long the history is kept."""

    title: ClassVar[str] = "The queue, the wheel, sounds, overlays"

    streamer_redeems_free: bool = setting(
        True,
        "Whether the streamer's own redeems cost no points and have no cooldowns. Stock, limits and approval hold.",
        label="The streamer's own redeems cost nothing",
    )
    wheel_queue_max: int = setting(
        10,
        "The most spins that may wait; beyond that, they are refused and cost nothing.",
        minimum=1,
        maximum=MAX_WAITING,
        unit="spins",
        label="Most spins that wait",
    )
    effect_queue_max: int = setting(
        20,
        "The most sounds and other effects that may wait, and the most alerts; beyond that, they are refused and cost "
        "nothing.",
        minimum=1,
        maximum=MAX_WAITING,
        unit="effects",
        label="Most sounds and effects that wait",
    )
    queue_own_max: int = setting(
        5,
        "The most of the bot's own lines (levels, tips, the wheel) that may wait for the voice, and of its own alerts. "
        "A newer one takes the place of the oldest of its kind.",
        minimum=1,
        maximum=MAX_WAITING,
        unit="lines",
        label="Most lines and alerts of the bot that wait",
    )
    queue_item_ttl: int = setting(
        600,
        "An item that has not begun, or was not approved, in this time is dropped, and the points are paid back.",
        minimum=10,
        maximum=86_400,
        unit="seconds",
        label="Longest wait in the queue",
    )
    queue_item_max_seconds: int = setting(
        120,
        "The longest time that one effect may last on the stream.",
        minimum=5,
        maximum=3600,
        unit="seconds",
        label="Longest effect",
    )
    queue_history_days: int = setting(
        90,
        "How long the dashboard shows what happened. The ledger is kept forever.",
        minimum=1,
        maximum=10_000,
        unit="days",
        label="History of the queue",
    )
    wheel_spin_seconds: float = setting(
        6.0, "How long the wheel turns.", minimum=2.0, maximum=10.0, unit="seconds", label="Wheel turns for"
    )
    wheel_hold_seconds: float = setting(
        3.0, "How long the wheel shows the prize.", maximum=20.0, unit="seconds", label="Wheel shows the prize for"
    )
    wheel_without_overlay: bool = setting(
        False,
        "Whether the wheel is sold while no overlay is open. The prize is then drawn and given unseen.",
        label="Sell the wheel without an overlay",
    )
    sound_max_seconds: int = setting(
        30,
        "The longest sound that can be uploaded; never longer than QUEUE_ITEM_MAX_SECONDS.",
        minimum=1,
        maximum=600,
        unit="seconds",
        label="Longest sound",
    )

    overlay_sockets_max: int = setting(
        256,
        "The most overlay pages that may be connected to one process; a further one is refused.",
        minimum=1,
        maximum=10_000,
        unit="pages",
        label="Most overlay pages",
    )

    @property
    def longest_sound(self) -> int:
        """Return the seconds that an uploaded sound may last."""
        return min(self.sound_max_seconds, self.queue_item_max_seconds)


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(value)) for value in values)
    except ValueError:
        raise ValueError("a list of addresses and networks, such as 203.0.113.7,100.64.0.0/10") from None


@dataclass(frozen=True)
class MediaSettings(Section):
    """The settings of pictures and videos: what may be uploaded."""

    title: ClassVar[str] = "Pictures and videos"

    media_max_mb: int = setting(
        50, "The largest file that can be uploaded.", minimum=1, maximum=200, unit="MB", label="Largest file"
    )
    media_max_side: int = setting(
        4096,
        "The largest width or height of a picture or video.",
        minimum=64,
        maximum=8192,
        unit="pixels",
        label="Largest width or height",
    )
    media_max_frames: int = setting(
        500, "The most frames of an animated picture.", minimum=2, maximum=5000, unit="frames", label="Most frames"
    )
    media_max_seconds: int = setting(
        60,
        "The longest video that can be uploaded. What is shown lasts never longer than QUEUE_ITEM_MAX_SECONDS.",
        minimum=1,
        maximum=600,
        unit="seconds",
        label="Longest video",
    )


@dataclass(frozen=True)
class OutsideSettings(Section):
    """The settings of OBS, of webhooks and of OSC."""

    title: ClassVar[str] = "OBS (Tools, WebSocket Server Settings), webhooks and OSC"

    obs_enabled: bool = setting(
        False,
        "Whether the bot uses OBS. The dashboard can set this and the next three too, and has a button to try them.",
        is_live=False,
    )
    obs_host: str = setting("127.0.0.1", "The machine that runs OBS.", is_live=False)
    obs_port: int = setting(4455, "The port of OBS's WebSocket server.", minimum=1, maximum=65_535, is_live=False)
    obs_password: str = setting("", "The password of OBS's WebSocket server.", is_secret=True, is_live=False)
    obs_undo_within: int = setting(
        3600,
        "What an effect changed in OBS for a while stays as it is if it could not be undone in this time after its "
        "moment, because the bot or OBS was off. The dashboard tells of it.",
        minimum=60,
        maximum=86_400,
        unit="seconds",
        label="Undo changes in OBS within",
    )
    webhook_addresses: tuple[str, ...] = setting(
        (),
        "The addresses that the webhook effect may call; one that ends in a slash allows all below it.",
        is_live=False,
    )
    webhook_secret: str = setting(
        "",
        f"Signs every request of a webhook. At least {MIN_WEBHOOK_SECRET} characters, where WEBHOOK_ADDRESSES are set.",
        is_secret=True,
        is_live=False,
    )

    osc_networks: tuple[str, ...] = setting(
        (),
        "Addresses and networks to which OSC may be sent besides this PC and private networks: 100.64.0.0/10, say.",
        is_live=False,
        clean=_networks,
    )

    def mistakes(self) -> Iterator[Mistake]:
        """Yield a mistake if webhooks are allowed and their secret is too short."""
        if self.webhook_addresses and len(self.webhook_secret) < MIN_WEBHOOK_SECRET:
            allowed = f"at least {MIN_WEBHOOK_SECRET} characters, where WEBHOOK_ADDRESSES are set"
            yield Mistake("WEBHOOK_SECRET", self.webhook_secret, allowed)


@dataclass(frozen=True)
class EffectsSettings(VoiceSettings, QueueSettings, MediaSettings, OutsideSettings):
    """All settings of the effects in one snapshot."""

    def queue_max(self, lane: str) -> int:
        """Return how many items may wait in a lane."""
        return {"tts": self.tts_queue_max, "wheel": self.wheel_queue_max}.get(lane, self.effect_queue_max)
