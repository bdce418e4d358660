"""The settings of the site itself, and the list of all sections.

`python -m pixelbot_site.settings_table > .env.example` writes the example.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

import environ
import tzlocal

from economy.settings_table import PointsSettings, XPSettings
from effects.outside.replies.settings_table import AISettings
from effects.settings_table import MediaSettings, OutsideSettings, QueueSettings, VoiceSettings
from joystick.settings_table import ChatSettings, FeedSettings, JoystickSettings
from pixelbot_site import media_storage
from pixelbot_site.kit import env_example
from pixelbot_site.kit.settings_table import Mistake, Section, setting

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
# Seconds that a login lasts: long on the streamer's own PC, an evening where others can reach the pages.
SESSION_AT_HOME = 30 * 86_400
SESSION_ELSEWHERE = 12 * 3600
MIN_TOKEN_CHARS = 20
DATABASE_ENGINES = frozenset({"django.db.backends.postgresql", "django.db.backends.sqlite3"})


def known_time_zone(name: str) -> str:
    """Return `name`. Raise ValueError where this machine has no time zone of that name."""
    if name not in available_timezones():
        raise ValueError("a place's name like Europe/Berlin")
    return name


def local_time_zone() -> str:
    """Return the name of this machine's own time zone; UTC where it has none, or one without a place's name."""
    try:
        name: str = tzlocal.get_localzone_name()
        ZoneInfo(name)
    except (OSError, LookupError, ValueError, TypeError):  # it is unknown, or there is none
        return "UTC"
    return name


def request_rate(rate: str) -> str:
    """Return `rate`. Raise ValueError where it is not in django-ninja's notation."""
    if not re.fullmatch(r"\d{1,9}/[smhd]", rate):
        raise ValueError("requests for each s, m, h or d, like 600/m")
    return rate


def database(url: str) -> dict[str, Any]:
    """Return Django's configuration of the database at `url`; an empty dict where the URL can't be read."""
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except (ValueError, environ.ImproperlyConfigured):
        return {}
    return config


@dataclass(frozen=True)
class LoginSettings(Section):
    """The streamer's login, and access to the pages."""

    title: ClassVar[str] = "Your login and the pages"
    is_live: ClassVar[bool] = False

    admin_username: str = setting("admin", "The name of your login; used at the first start.")
    admin_password: str = setting(
        "",
        "The password of your login; used at the first start. Empty: a random one is shown once.",
        is_secret=True,
    )
    allowed_hosts: tuple[str, ...] = setting(
        (), "Other host names of the pages. Needed where the bot listens on more than 127.0.0.1."
    )
    csrf_trusted_origins: tuple[str, ...] = setting(
        (), "Addresses of the pages behind a proxy with HTTPS, like https://bot.example.org"
    )
    secure_cookies: bool = setting(
        False,
        "Whether the login's cookies are sent over HTTPS alone. Switch it on where all pages come over HTTPS, as from "
        "a proxy; without HTTPS, nobody could log in then.",
    )
    api_rate_limit: str = setting(
        "600/m", "Requests that one caller may send to the REST API for each s, m, h or d.", clean=request_rate
    )
    time_zone: str = setting(
        "",
        "The time zone of the dashboard and of a day's caps, like Europe/Berlin. Empty: this machine's own.",
        clean=known_time_zone,
    )
    dashboard_language: str = setting(
        "en",
        "The language of what Django's admin brings, its buttons, dates and errors: en, de or es. The bot's own pages "
        "are in English.",
        choices=("en", "de", "es"),
    )

    @property
    def session_seconds(self) -> int:
        """Return how long a login lasts, where the pages are served on this machine's own address."""
        # Under any other host name the pages answer only if it is set here.
        has_others = not {*self.allowed_hosts} <= LOOPBACK or self.csrf_trusted_origins or self.secure_cookies
        return SESSION_ELSEWHERE if has_others else SESSION_AT_HOME


@dataclass(frozen=True)
class StorageSettings(Section):
    """Where the bot keeps its data. Other modules read Django's settings, which hold the paths and URLs in effect."""

    title: ClassVar[str] = "Where things are kept"
    is_live: ClassVar[bool] = False

    pixelbot_demo: bool = setting(False, "Set by `runbot --demo`.", in_example=False)
    data_dir: str = setting(
        "data", "The folder of database, secret key, speech and sounds. A relative path begins at the project's folder."
    )
    secret_key: str = setting(
        "",
        "Empty: created at the first start and kept in DATA_DIR. Set it where several machines run one bot.",
        is_secret=True,
    )
    database_url: str = setting(
        "", "postgresql://user:password@host:5432/name. Empty: SQLite in DATA_DIR.", is_secret=True
    )
    redis_url: str = setting(
        "",
        "redis://host:6379/0. Set, the bot runs as several processes (see the README). Empty: one process.",
        is_secret=True,
    )
    media_storage: str = setting(
        "",
        "s3://bucket/prefix?endpoint=https://s3.example.org&region=eu-central-1 keeps uploads and speech on a server "
        "that speaks S3, for several machines (see the README). Empty: in DATA_DIR/media.",
        is_secret=True,
    )
    media_storage_key: str = setting(
        "",
        "The id of the key to MEDIA_STORAGE. Empty: the one of this machine, as Amazon's tools find it.",
        is_secret=True,
    )
    media_storage_secret: str = setting("", "The secret of that key.", is_secret=True)

    def mistakes(self) -> Iterator[Mistake]:
        """Yield URLs that can't be used. The demo ignores them."""
        if self.pixelbot_demo:
            return
        if self.database_url and database(self.database_url).get("ENGINE") not in DATABASE_ENGINES:
            allowed = "postgresql://user:password@host:5432/name or sqlite:///path/to/file"
            yield Mistake("DATABASE_URL", self.database_url, allowed)
        if self.redis_url and not self.redis_url.startswith(("redis://", "rediss://")):
            yield Mistake("REDIS_URL", self.redis_url, "redis://host:6379/0")
        yield from self._media_mistakes()

    def _media_mistakes(self) -> Iterator[Mistake]:
        if not self.media_storage:
            return
        try:
            media_storage.bucket(self.media_storage)
        except ValueError as error:
            yield Mistake("MEDIA_STORAGE", self.media_storage, str(error))
        if bool(self.media_storage_key) != bool(self.media_storage_secret):
            lacking = "MEDIA_STORAGE_SECRET" if self.media_storage_key else "MEDIA_STORAGE_KEY"
            yield Mistake(lacking, "", "set: the key to MEDIA_STORAGE has an id and a secret")


@dataclass(frozen=True)
class LogSettings(Section):
    """The level and format of the logs."""

    title: ClassVar[str] = "Logs"
    is_live: ClassVar[bool] = False

    log_level: str = setting(
        "INFO", "Messages below this level are not logged.", choices=("DEBUG", "INFO", "WARNING", "ERROR")
    )
    log_format: str = setting(
        "plain", "plain: text for people; json: an object per line for programs.", choices=("plain", "json")
    )


def metrics_token(token: str) -> str:
    """Return `token`. Raise ValueError where it is so short that it could be guessed, or can't stand in a header."""
    if token and not re.fullmatch(rf"[!-~]{{{MIN_TOKEN_CHARS},200}}", token):
        raise ValueError(f"{MIN_TOKEN_CHARS} to 200 letters, digits and signs without spaces")
    return token


@dataclass(frozen=True)
class WatchSettings(Section):
    """Access for programs that watch the bot's processes."""

    title: ClassVar[str] = "Metrics and health"
    is_live: ClassVar[bool] = False

    metrics_token: str = setting(
        "",
        "The token with which Prometheus may read /metrics (docs/metrics.md). Empty: there are no metrics.",
        is_secret=True,
        clean=metrics_token,
    )
    health_port: int = setting(
        0,
        "The port on which this process says whether it does its work (/health), and what it counted (/metrics). Each "
        "process needs one of its own: set it where the process is started. 0: none.",
        maximum=65_535,
    )
    health_host: str = setting("127.0.0.1", "The address of that port. /health asks for no token.")


@dataclass(frozen=True)
class SiteSettings(LoginSettings, StorageSettings, LogSettings, WatchSettings):
    """The settings that settings.py itself reads."""


# In the order of `.env.example`.
SECTIONS: tuple[type[Section], ...] = (
    JoystickSettings,
    ChatSettings,
    PointsSettings,
    XPSettings,
    FeedSettings,
    VoiceSettings,
    QueueSettings,
    MediaSettings,
    OutsideSettings,
    AISettings,
    LoginSettings,
    StorageSettings,
    LogSettings,
    WatchSettings,
)

if __name__ == "__main__":
    sys.stdout.buffer.write(env_example.example(SECTIONS).encode())  # UTF-8 on Windows too
