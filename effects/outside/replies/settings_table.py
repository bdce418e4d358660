"""The settings of the AI's replies, by the names that the original Pixel gave them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pixelbot_site.kit.settings_table import Section, setting


@dataclass(frozen=True)
class AISettings(Section):
    """What *AI replies* takes where the dashboard leaves it blank."""

    title: ClassVar[str] = "AI replies"
    is_live: ClassVar[bool] = False  # the dashboard has a page of their own

    pplx_api_key: str = setting(
        "",
        "A key for Perplexity, and sent there alone. The dashboard's page “AI replies” has all of these, the address "
        "of any other AI, and the switch.",
        is_secret=True,
    )
    pplx_model: str = setting("sonar", "The model of Perplexity's that is asked.")
    pplx_random_reply_prob: float = setting(
        0.0, "The share of viewers' lines that the AI answers by itself: 0.02 is every fiftieth.", maximum=1.0
    )
    pplx_max_tokens: int = setting(200, "The most tokens of an answer.", minimum=16, maximum=4000, unit="tokens")
    pplx_timeout: int = setting(20, "How long the AI may take.", minimum=2, maximum=60, unit="seconds")
