"""The settings of the connection to Joystick.tv and of tips, and the snapshot that an event's handling uses."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from urllib.parse import urlsplit

from economy.settings_table import EconomySettings
from effects.settings_table import EffectsSettings
from pixelbot_site.kit.settings_table import Mistake, Section, setting

GATEWAY_URL = "wss://api.joystick.tv/cable"
API_URL = "https://api.joystick.tv"
SITE_URL = "https://joystick.tv"

# OAuth scopes (Joystick's developer page, July 2026).
SCOPES = frozenset(
    {
        "identity:read",
        "stream:read",
        "stream:manage",
        "chat:read",
        "chat:write",
        "chat:whisper:write",
        "chat:moderate",
        "followers:read",
        "subscribers:read",
        "moderators:read",
        "moderators:manage",
    }
)

# Without these the bot can neither read nor answer.
NEEDED_SCOPES = frozenset({"identity:read", "chat:read", "chat:write"})


def gateway_address(address: str) -> str:
    """Return a WebSocket address unchanged. Raises ValueError for anything else."""
    parts = urlsplit(address)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname or parts.fragment:
        raise ValueError(f"an address like {GATEWAY_URL}")
    return address


def web_address(like: str) -> Callable[[str], str]:
    """Return a check of http(s) addresses, which removes a final slash. It raises ValueError for anything else."""

    def check(address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"an address like {like}")
        return address.rstrip("/")

    return check


def application_id(text: str) -> str:
    """Return the id. Raise ValueError for what looks like something else that Joystick's page of bots shows."""
    if text.startswith(("http:", "https:", "ws:", "wss:")):
        raise ValueError("the application's id; this looks like an address")
    if text.startswith("eyJ") and text.count(".") == 2:
        raise ValueError("the application's id; this looks like an access token")
    if ":" in text or ":" in _decoded(text):
        raise ValueError("the application's id; this looks like the id and the secret together")
    if any(char.isspace() for char in text):
        raise ValueError("the application's id, which has no spaces")
    return text


def _decoded(text: str) -> str:
    """Return what a text in base64 stands for, where that can be read; else ""."""
    try:
        return b64decode(text, validate=True).decode("ascii")
    except (ValueError, UnicodeDecodeError):
        return ""


def known_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scopes unchanged. Raises ValueError for an unknown one, or when a needed one is missing."""
    if not NEEDED_SCOPES <= set(scopes) <= SCOPES:
        raise ValueError(f"identity:read, chat:read, chat:write, and any of {', '.join(sorted(SCOPES))}")
    return scopes


@dataclass(frozen=True)
class JoystickSettings(Section):
    """The application's credentials, what the bot asks for, and the platform's addresses."""

    title: ClassVar[str] = "Joystick.tv: your bot application's credentials (joystick.tv, Settings, Bots)"

    joystick_client_id: str = setting(
        "",
        "The application's id. With it, the dashboard has a button that connects your channel.",
        is_secret=True,
        clean=application_id,
        label="Application id",
    )
    joystick_client_secret: str = setting(
        "",
        "Only for a confidential client; without a secret the application must be a public client.",
        is_secret=True,
        label="Application secret",
    )
    joystick_scopes: tuple[str, ...] = setting(
        ("identity:read", "stream:read", "chat:read", "chat:write"),
        "The permissions that the bot asks for: identity:read, chat:read and chat:write at least. Whispers need "
        "chat:whisper:write, moderation chat:moderate, changing title and tags stream:manage.",
        clean=known_scopes,
        label="Permissions to ask for",
    )
    joystick_token_kind: str = setting(
        "auto",
        "What the bot shows the gateway: jwt (the connected channel's token), basic (made of id and secret), or auto: "
        "the first of these that it has.",
        choices=("auto", "jwt", "basic"),
        is_live=False,
    )
    joystick_gateway_token: str = setting(
        "",
        "Instead of all that: a token for the gateway, sent as it stands (percent-encoded).",
        is_secret=True,
        is_live=False,
    )
    joystick_event_version: str = setting(
        "v2", "The envelope of events: v2, or v1 as until July 2026.", choices=("v1", "v2"), is_live=False
    )
    joystick_gateway_url: str = setting(
        GATEWAY_URL, "The address of the gateway.", clean=gateway_address, is_live=False
    )
    joystick_api_url: str = setting(API_URL, "The address of the REST API.", clean=web_address(API_URL), is_live=False)
    joystick_site_url: str = setting(
        SITE_URL, "The address of the consent page.", clean=web_address(SITE_URL), is_live=False
    )

    def mistakes(self) -> Iterator[Mistake]:
        """Yield a mistake if the application's id and its secret are the same."""
        if self.joystick_client_secret and self.joystick_client_id == self.joystick_client_secret:
            allowed = "different from JOYSTICK_CLIENT_SECRET: one of the two was pasted twice"
            yield Mistake("JOYSTICK_CLIENT_ID", self.joystick_client_id, allowed)


@dataclass(frozen=True)
class ChatSettings(Section):
    """How the bot talks in chat."""

    title: ClassVar[str] = "Chat"

    bot_username: str = setting(
        "", "Your bot's own name in chat, so that it never answers itself.", label="The bot's name in chat"
    )
    message_amount: str = setting(
        "everything",
        "How much the bot says in chat: everything; thanks (what came of commands and purchases, and thanks for tips, "
        "but no level-ups and other lines of its own); results (no thanks either); refusals (what it is asked, and "
        "what did not happen and why); or asked (what it is asked alone).",
        choices=("everything", "thanks", "results", "refusals", "asked"),
        label="How much the bot says",
    )
    chat_language: str = setting(
        "en",
        "The language of what the bot says: en (English), de (German) or es (Spanish). What you wrote yourself stays.",
        choices=("en", "de", "es"),
        label="Language in chat",
    )
    message_rate_limit: float = setting(
        1.0,
        "The time between two lines that the bot says. 0: as fast as Joystick.tv keeps their order, 25 a second.",
        maximum=3600,
        unit="seconds",
        label="Time between two lines",
    )
    message_max_chars: int = setting(
        500,
        "Longer answers are said in several lines, split at words.",
        minimum=50,
        maximum=4000,
        unit="characters",
        label="Longest line",
    )
    command_cooldown_seconds: int = setting(
        3,
        "The time between two commands of the same name by one viewer; sooner, there is no answer.",
        unit="seconds",
        label="Time between two commands of a viewer",
    )
    quotes_from_viewers: bool = setting(
        False,
        "Whether viewers may add quotes with !quote add and !quote last. Theirs wait until you approve them.",
        label="Viewers add quotes",
    )
    presence_seconds: int = setting(
        7200,
        "How long a viewer counts as present after the last sign: coming in, or a line in chat.",
        minimum=60,
        unit="seconds",
        label="Here for",
    )


@dataclass(frozen=True)
class FeedSettings(Section):
    """How long the feed is kept."""

    title: ClassVar[str] = "How long events are kept (points, XP and streams' figures: for ever)"

    feed_raw_days: int = setting(
        14,
        "How long each event's frame is kept as it came. It takes most of the space, and is needed only to look into "
        "what was misunderstood. The frames of events that failed are kept as long as these.",
        minimum=1,
        maximum=10_000,
        unit="days",
        label="Keep raw frames for",
    )
    feed_history_days: int = setting(
        400,
        "How long events, gaps in the feed and results of audits are kept.",
        minimum=7,
        maximum=10_000,
        unit="days",
        label="Keep the feed for",
    )


@dataclass(frozen=True)
class Rules(EconomySettings, EffectsSettings, JoystickSettings, ChatSettings):
    """All settings that handling an event needs, as one snapshot that is taken once per batch."""

    @staticmethod
    def worth(tokens: int, rate: float) -> int:
        """Return tokens × rate, rounded down."""
        # In floats 100 × 0.29 is 28.999…
        return int(tokens * Decimal(repr(rate)))
