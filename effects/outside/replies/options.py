"""How the AI is asked: the dashboard's row first, then the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from effects.models import AIReplies
from effects.outside.replies.settings_table import AISettings
from pixelbot_site.kit import secrets_at_rest
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.stored import Stored

PERPLEXITY = "https://api.perplexity.ai"

DAY, STREAM = "day", "stream"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many requests, and tokens, may be used in a span of time."""

    requests: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Options:
    """Whom to ask, how, and how much. `repr` leaves the sealed key out."""

    enabled: bool
    address: str
    model: str
    persona: str
    spoken: bool
    max_tokens: int
    seconds: float
    limits: dict[str, Limit]
    sealed_key: str = field(default="", repr=False)

    def key(self) -> str:
        """Return the key, "" for none. Raise Failed if the stored one can't be decrypted."""
        # The key of `.env` is Perplexity's, and no other host's.
        fallback = AISettings.current().pplx_api_key if is_perplexity(self.address) else ""
        return secrets_at_rest.unseal(self.sealed_key) or fallback


def is_perplexity(address: str) -> bool:
    """Return whether the address is Perplexity's."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" == PERPLEXITY


def of_row(row: AIReplies) -> Options:
    """Return what a row says, with the settings for what it leaves blank."""
    rules = AISettings.current()
    address = row.address or PERPLEXITY
    return Options(
        enabled=row.enabled,
        address=address,
        model=row.model or (rules.pplx_model if is_perplexity(address) else ""),
        persona=row.persona,
        spoken=row.spoken,
        max_tokens=row.max_tokens or rules.pplx_max_tokens,
        seconds=row.seconds or rules.pplx_timeout,
        limits={
            DAY: Limit(row.requests_per_day, row.tokens_per_day),
            STREAM: Limit(row.requests_per_stream, row.tokens_per_stream),
        },
        sealed_key=row.key,
    )


def current() -> Options:
    """Return the options in force."""
    return of_row(AIReplies.objects.first() or AIReplies())


@dataclass(frozen=True, slots=True)
class Share:
    """How many percent of viewers' lines are answered by chance, and the seconds between two of them at least."""

    percent: float = 0.0
    pause: int = 0


def read_share() -> Share:
    """Return the share that the row says; none while the AI is off."""
    row = AIReplies.objects.first()
    if row is None or not row.enabled:
        return Share()
    percent = row.random_percent
    if percent is None:
        percent = AISettings.current().pplx_random_reply_prob * 100
    return Share(percent, row.random_pause)


# Read once a second, so that a line costs no query.
share: Live[Share] = Live(Share())


def follow_rows() -> None:
    """Take the share from the row, in this process."""
    share.use(Stored(AIReplies, read_share, Share()))
