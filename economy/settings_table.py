"""The settings of points and XP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from pixelbot_site.kit import phrases
from pixelbot_site.kit.settings_table import Section, setting

MAX_RATE = 1_000_000
MAX_NAME = 30
POINT = phrases.answer("word.point", "point")
POINTS = phrases.answer("word.points", "points")

SOURCES = ("chat", "tip", "wheel", "follow", "sub", "resub", "gift", "raid", "dropin")
# An effect that gives XP, and that nobody bought or won.
XP_SOURCES = (*SOURCES, "effect")
CAPS = (
    "The most that a source gives one viewer in a day (TIME_ZONE). Sources: {}. A source without a number has no cap."
)


def of_sources(sources: tuple[str, ...], caps: dict[str, int]) -> dict[str, int]:
    """Return the caps. Raise ValueError for one of a source that there is not."""
    unknown = ", ".join(name for name in caps if name not in sources)
    if unknown:
        raise ValueError(f"of the sources {', '.join(sources)}: there is no {unknown}")
    return caps


def casefolded(names: frozenset[str]) -> frozenset[str]:
    """Return the names as viewers are keyed: in lower case."""
    return frozenset(name.removeprefix("@").casefold() for name in names)


def currency_name(name: str) -> str:
    """Return a name for points. Raise ValueError for what does not fit into a sentence in chat."""
    if not 1 <= len(name) <= MAX_NAME or not all(char.isalnum() or char in " -'" for char in name):
        raise ValueError(f"a name of at most {MAX_NAME} letters and digits")
    return name


@dataclass(frozen=True)
class PointsSettings(Section):
    """How points are earned."""

    title: ClassVar[str] = "Points"

    points_enabled: bool = setting(True, "Whether viewers earn points.", label="Viewers earn points")
    points_name: str = setting("point", "What you call one point.", clean=currency_name, label="Name of one point")
    points_name_plural: str = setting(
        "points",
        "What you call several; it is a command as well, as in !kisses.",
        clean=currency_name,
        label="Name of several points",
    )
    points_per_chat: int = setting(
        1,
        "For a line in chat, at most once in CHAT_COOLDOWN_SECONDS for each viewer.",
        unit="points",
        label="A line in chat",
    )
    commands_earn: bool = setting(
        False,
        "Whether lines that begin with ! earn points and XP as other lines do; !points itself could be farmed then.",
        label="Commands earn, too",
    )
    chat_cooldown_seconds: int = setting(
        60,
        "The time between two lines of a viewer that earn points.",
        unit="seconds",
        label="Time between two lines that earn",
    )
    points_per_tip_token: float = setting(
        1.0,
        "For each token tipped; the sum is rounded down.",
        maximum=MAX_RATE,
        unit="points",
        label="Each token tipped",
    )
    points_per_follow: int = setting(50, "For following, once for each viewer.", unit="points", label="A follow")
    points_per_sub: int = setting(
        200,
        "For subscribing: for each month where Joystick tells how many, else for one.",
        unit="points",
        label="A subscription",
    )
    points_per_dropin: int = setting(
        25,
        "For coming into the stream, at most once in DROPIN_COOLDOWN_SECONDS for each viewer.",
        unit="points",
        label="Coming in",
    )
    dropin_cooldown_seconds: int = setting(
        3600,
        "The time between two entries of a viewer that earn points or XP.",
        unit="seconds",
        label="Time between two entries that earn",
    )
    dropin_once_per_stream: bool = setting(
        False,
        "Pay for coming in once for each viewer and stream, instead of by the cooldown.",
        label="Coming in pays once a stream",
    )
    points_per_resub: int = setting(200, "For renewing a subscription.", unit="points", label="A renewed subscription")
    points_per_gifted_sub: int = setting(
        200, "To the giver, for each subscription given away.", unit="points", label="A gifted subscription"
    )
    points_per_raid: int = setting(
        100, "To another streamer who drops in with viewers (a raid).", unit="points", label="A raid"
    )
    points_per_wheel_token: float = setting(
        1.0,
        "For each token that a spin of Joystick's own wheel cost. Tokens count from tips and from this, nowhere else.",
        maximum=MAX_RATE,
        unit="points",
        label="Each token for Joystick's wheel",
    )
    points_start_amount: int = setting(
        0, "What every new viewer begins with, given once.", unit="points", label="A new viewer begins with"
    )
    points_daily_caps: Mapping[str, int] = setting(
        {}, CAPS.format(", ".join(SOURCES)), clean=partial(of_sources, SOURCES), label="Most in a day"
    )
    excluded_usernames: frozenset[str] = setting(
        frozenset(),
        "These viewers earn nothing and stand on no leaderboard. Bots and you yourself need not be named where the "
        "platform's badges tell; the dashboard's page of a viewer can exclude somebody, or include you.",
        clean=casefolded,
        label="Viewers who earn nothing",
    )

    def amount(self, points: int) -> str:
        """Return an amount with the points' name: `1 point`, `2 points`, or `2 kisses`."""
        return f"{points} {self.one_point if abs(points) == 1 else self.several_points}"

    @property
    def one_point(self) -> str:
        """Return the name of one point: where the streamer gave none, that of the language."""
        return self.points_name if self.points_name != POINT.text else POINT()

    @property
    def several_points(self) -> str:
        """Return the name of several points."""
        return self.points_name_plural if self.points_name_plural != POINTS.text else POINTS()


@dataclass(frozen=True)
class XPSettings(Section):
    """How XP is earned, and what a level takes."""

    title: ClassVar[str] = "XP and levels"

    xp_enabled: bool = setting(True, "Whether viewers earn XP.", label="Viewers earn XP")
    xp_per_chat: int = setting(
        1,
        "For a line in chat, at most once in XP_CHAT_COOLDOWN_SECONDS for each viewer.",
        unit="XP",
        label="A line in chat",
    )
    xp_chat_cooldown_seconds: int = setting(
        30,
        "The time between two lines of a viewer that earn XP.",
        unit="seconds",
        label="Time between two lines that earn",
    )
    xp_per_tip_token: float = setting(
        0.1, "For each token tipped; the sum is rounded down.", maximum=MAX_RATE, unit="XP", label="Each token tipped"
    )
    xp_per_follow: int = setting(10, "For following, once for each viewer.", unit="XP", label="A follow")
    xp_per_sub: int = setting(
        50,
        "For subscribing: for each month where Joystick tells how many, else for one.",
        unit="XP",
        label="A subscription",
    )
    xp_per_dropin: int = setting(
        5, "For coming into the stream, as often as points are given for it.", unit="XP", label="Coming in"
    )
    xp_per_resub: int = setting(50, "For renewing a subscription.", unit="XP", label="A renewed subscription")
    xp_per_gifted_sub: int = setting(
        50, "To the giver, for each subscription given away.", unit="XP", label="A gifted subscription"
    )
    xp_per_raid: int = setting(25, "To another streamer who drops in with viewers (a raid).", unit="XP", label="A raid")
    xp_per_wheel_token: float = setting(
        0.1,
        "For each token that a spin of Joystick's own wheel cost.",
        maximum=MAX_RATE,
        unit="XP",
        label="Each token for Joystick's wheel",
    )
    xp_daily_caps: Mapping[str, int] = setting(
        {}, CAPS.format(", ".join(XP_SOURCES)), clean=partial(of_sources, XP_SOURCES), label="Most in a day"
    )
    xp_base: int = setting(
        100,
        "From level L to L+1 it takes floor(XP_BASE × L^XP_EXPONENT) XP. After a change of the curve, recompute the "
        "levels: the page Settings has a button.",
        minimum=1,
        maximum=10**6,
        unit="XP",
        label="First level takes",
    )
    xp_exponent: float = setting(
        1.8,
        "How steeply the levels get harder: the exponent of the curve above.",
        minimum=0.25,
        maximum=5.0,
        label="How steep",
    )
    xp_max_level: int = setting(9999, "The highest level.", minimum=2, maximum=9999, label="Highest level")


@dataclass(frozen=True)
class EconomySettings(PointsSettings, XPSettings):
    """Points and XP in one snapshot."""
