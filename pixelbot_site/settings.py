"""Django's settings, and the only place that reads the environment.

`.env` beside manage.py is read first (`ENV_FILE` names another one); a variable of the process wins over it.
`.env.example` documents every name.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import environ
from celery.schedules import crontab

from joystick.protocol.names import SCOPES
from pixelbot_site.kit import logs
from pixelbot_site.kit.env import Reader

BASE_DIR = Path(__file__).resolve().parent.parent

env = Reader(Path(os.environ.get("ENV_FILE") or BASE_DIR / ".env"))

# --- where things are kept -------------------------------------------------------------------------------------------

DEMO = env.yes("PIXELBOT_DEMO", False)
DATA_DIR = (BASE_DIR / env.text("DATA_DIR", "data")).resolve()
if DEMO:
    DATA_DIR = DATA_DIR / "demo"
DATA_DIR.mkdir(parents=True, exist_ok=True)
MEDIA_ROOT = DATA_DIR / "media"
SOUNDS_DIR = DATA_DIR / "sounds"


def kept_secret_key(path: Path) -> str:
    """The key kept in `path`; made at the first call, readable by its owner only."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()


SECRET_KEY = env.text("SECRET_KEY") or kept_secret_key(DATA_DIR / "secret_key")

# The demo is always one process on its own SQLite file, whatever the environment names.
DATABASE_URL = "" if DEMO else env.text("DATABASE_URL")
REDIS_URL = "" if DEMO else env.text("REDIS_URL")
EMBEDDED = not REDIS_URL

# --- the streamer's login and pages ----------------------------------------------------------------------------------

ADMIN_USERNAME = env.text("ADMIN_USERNAME", "admin")
ADMIN_PASSWORD = env.text("ADMIN_PASSWORD")
ALLOWED_HOSTS = [*env.words("ALLOWED_HOSTS", []), "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", [])
TIME_ZONE = env.text("TIME_ZONE", "UTC")
if TIME_ZONE not in available_timezones():
    env.problem("TIME_ZONE", TIME_ZONE, "a place's name like Europe/Berlin")
    TIME_ZONE = "UTC"
DEBUG = False
API_RATE_LIMIT = env.text("API_RATE_LIMIT", "600/m")
if not re.fullmatch(r"\d{1,9}/[smhd]", API_RATE_LIMIT):
    env.problem("API_RATE_LIMIT", API_RATE_LIMIT, "requests for each s, m, h or d, like 600/m")

# --- Joystick.tv -----------------------------------------------------------------------------------------------------

JOYSTICK_CLIENT_ID = env.text("JOYSTICK_CLIENT_ID")
JOYSTICK_CLIENT_SECRET = env.text("JOYSTICK_CLIENT_SECRET")
JOYSTICK_GATEWAY_TOKEN = env.text("JOYSTICK_GATEWAY_TOKEN")
JOYSTICK_GATEWAY_URL = env.text("JOYSTICK_GATEWAY_URL", "wss://api.joystick.tv/cable")
_gateway = urlsplit(JOYSTICK_GATEWAY_URL)
if _gateway.scheme not in {"ws", "wss"} or not _gateway.hostname or _gateway.fragment:
    env.problem("JOYSTICK_GATEWAY_URL", JOYSTICK_GATEWAY_URL, "an address like wss://api.joystick.tv/cable")
JOYSTICK_TOKEN_KIND = env.text("JOYSTICK_TOKEN_KIND", "auto", choices=("auto", "jwt", "basic"))
JOYSTICK_SCOPES = env.words("JOYSTICK_SCOPES", ["identity:read", "stream:read", "chat:read", "chat:write"])
_unknown_scopes = sorted(set(JOYSTICK_SCOPES) - SCOPES)
if _unknown_scopes or not {"identity:read", "chat:read", "chat:write"} <= set(JOYSTICK_SCOPES):
    env.problem(
        "JOYSTICK_SCOPES",
        ",".join(_unknown_scopes or JOYSTICK_SCOPES),
        f"identity:read, chat:read, chat:write, and any of {', '.join(sorted(SCOPES))}",
    )
JOYSTICK_API_URL = env.address("JOYSTICK_API_URL", "https://api.joystick.tv")
JOYSTICK_SITE_URL = env.address("JOYSTICK_SITE_URL", "https://joystick.tv")
JOYSTICK_EVENT_VERSION = env.text("JOYSTICK_EVENT_VERSION", "v2", choices=("v1", "v2"))
BOT_USERNAME = env.text("BOT_USERNAME")
MESSAGE_RATE_LIMIT = env.number("MESSAGE_RATE_LIMIT", 1.0, most=3600)
MESSAGE_MAX_CHARS = env.whole("MESSAGE_MAX_CHARS", 500, least=50, most=4000)
COMMAND_COOLDOWN_SECONDS = env.whole("COMMAND_COOLDOWN_SECONDS", 3)
PRESENCE_SECONDS = env.whole("PRESENCE_SECONDS", 7200, least=60)

# --- points and XP ---------------------------------------------------------------------------------------------------

POINTS_ENABLED = env.yes("POINTS_ENABLED", True)
POINTS_PER_CHAT = env.whole("POINTS_PER_CHAT", 1)
POINTS_PER_TIP_TOKEN = env.number("POINTS_PER_TIP_TOKEN", 1.0, most=1e6)
POINTS_PER_FOLLOW = env.whole("POINTS_PER_FOLLOW", 50)
POINTS_PER_SUB = env.whole("POINTS_PER_SUB", 200)
POINTS_PER_DROPIN = env.whole("POINTS_PER_DROPIN", 25)
POINTS_PER_RESUB = env.whole("POINTS_PER_RESUB", 200)
POINTS_PER_GIFTED_SUB = env.whole("POINTS_PER_GIFTED_SUB", 200)
POINTS_PER_RAID = env.whole("POINTS_PER_RAID", 100)
POINTS_PER_WHEEL_TOKEN = env.number("POINTS_PER_WHEEL_TOKEN", 1.0, most=1e6)
POINTS_START_AMOUNT = env.whole("POINTS_START_AMOUNT", 0)
POINTS_DAILY_CAPS = env.amounts("POINTS_DAILY_CAPS", {})
CHAT_COOLDOWN_SECONDS = env.whole("CHAT_COOLDOWN_SECONDS", 60)
DROPIN_COOLDOWN_SECONDS = env.whole("DROPIN_COOLDOWN_SECONDS", 3600)
DROPIN_ONCE_PER_STREAM = env.yes("DROPIN_ONCE_PER_STREAM", False)
EXCLUDED_USERNAMES = frozenset(map(str.casefold, env.words("EXCLUDED_USERNAMES", [])))

XP_ENABLED = env.yes("XP_ENABLED", True)
XP_PER_CHAT = env.whole("XP_PER_CHAT", 1)
XP_PER_TIP_TOKEN = env.number("XP_PER_TIP_TOKEN", 0.1, most=1e6)
XP_PER_FOLLOW = env.whole("XP_PER_FOLLOW", 10)
XP_PER_SUB = env.whole("XP_PER_SUB", 50)
XP_PER_DROPIN = env.whole("XP_PER_DROPIN", 5)
XP_PER_RESUB = env.whole("XP_PER_RESUB", 50)
XP_PER_GIFTED_SUB = env.whole("XP_PER_GIFTED_SUB", 50)
XP_PER_RAID = env.whole("XP_PER_RAID", 25)
XP_PER_WHEEL_TOKEN = env.number("XP_PER_WHEEL_TOKEN", 0.1, most=1e6)
XP_DAILY_CAPS = env.amounts("XP_DAILY_CAPS", {})
XP_CHAT_COOLDOWN_SECONDS = env.whole("XP_CHAT_COOLDOWN_SECONDS", 30)
XP_BASE = env.whole("XP_BASE", 100, least=1, most=10**6)
XP_EXPONENT = env.number("XP_EXPONENT", 1.8, least=0.25, most=5.0)
XP_MAX_LEVEL = env.whole("XP_MAX_LEVEL", 9999, least=2, most=9999)

# --- tips by size ----------------------------------------------------------------------------------------------------

TIP_LOW_MAX = env.whole("TIP_LOW_MAX", 14)
TIP_MEDIUM_MAX = env.whole("TIP_MEDIUM_MAX", 100)
TIP_HIGH_MAX = env.whole("TIP_HIGH_MAX", 500)
TIP_EXTREME_MAX = env.whole("TIP_EXTREME_MAX", 1000)
if not TIP_LOW_MAX < TIP_MEDIUM_MAX < TIP_HIGH_MAX < TIP_EXTREME_MAX:
    tiers = f"{TIP_LOW_MAX}, {TIP_MEDIUM_MAX}, {TIP_HIGH_MAX}, {TIP_EXTREME_MAX}"
    env.problem("TIP_LOW_MAX, TIP_MEDIUM_MAX, TIP_HIGH_MAX, TIP_EXTREME_MAX", tiers, "each larger than the one before")

# --- the voice -------------------------------------------------------------------------------------------------------

TTS_ENGINE = env.text("TTS_ENGINE", "pyttsx3", choices=("pyttsx3", "browser", "piper", "none"))
TTS_PIPER_MODEL = env.text("TTS_PIPER_MODEL")
if TTS_ENGINE == "piper" and not Path(TTS_PIPER_MODEL).is_file():
    env.problem("TTS_PIPER_MODEL", TTS_PIPER_MODEL, "the path of a Piper voice (.onnx), where TTS_ENGINE is piper")
TTS_VIEWER_VOICES = env.words("TTS_VIEWER_VOICES", [])
TTS_PRE_SOUND = env.text("TTS_PRE_SOUND", "announcement.wav", may_be_empty=True)
TTS_PRE_DELAY_MS = env.whole("TTS_PRE_DELAY_MS", 1200, most=60_000)
TTS_PREFIX_USERNAME = env.yes("TTS_PREFIX_USERNAME", True)
TTS_QUEUE_MAX = env.whole("TTS_QUEUE_MAX", 5, least=1, most=1000)
TTS_COOLDOWN_SECONDS = env.whole("TTS_COOLDOWN_SECONDS", 10)
TTS_MAX_CHARS = env.whole("TTS_MAX_CHARS", 300, least=1, most=1000)
TTS_VOICE = env.text("TTS_VOICE")
TTS_RATE = env.whole("TTS_RATE", 170, least=50, most=500)
TTS_VOLUME = env.number("TTS_VOLUME", 1.0, most=1.0)

# --- the queue, the wheel, sounds ------------------------------------------------------------------------------------

WHEEL_QUEUE_MAX = env.whole("WHEEL_QUEUE_MAX", 10, least=1, most=1000)
EFFECT_QUEUE_MAX = env.whole("EFFECT_QUEUE_MAX", 20, least=1, most=1000)
QUEUE_ITEM_TTL = env.whole("QUEUE_ITEM_TTL", 600, least=10, most=86_400)
QUEUE_ITEM_MAX_SECONDS = env.whole("QUEUE_ITEM_MAX_SECONDS", 120, least=5, most=3600)
QUEUE_HISTORY_DAYS = env.whole("QUEUE_HISTORY_DAYS", 90, least=1, most=10_000)
WHEEL_SPIN_SECONDS = env.number("WHEEL_SPIN_SECONDS", 6.0, least=2.0, most=10.0)
WHEEL_HOLD_SECONDS = env.number("WHEEL_HOLD_SECONDS", 3.0, most=20.0)
SOUND_MAX_SECONDS = min(env.whole("SOUND_MAX_SECONDS", 30, least=1, most=600), QUEUE_ITEM_MAX_SECONDS)

# --- OBS and webhooks ------------------------------------------------------------------------------------------------

OBS_ENABLED = env.yes("OBS_ENABLED", False)
OBS_HOST = env.text("OBS_HOST", "127.0.0.1")
OBS_PORT = env.whole("OBS_PORT", 4455, least=1, most=65_535)
OBS_PASSWORD = env.text("OBS_PASSWORD")
WEBHOOK_ADDRESSES = env.words("WEBHOOK_ADDRESSES", [])
WEBHOOK_SECRET = env.text("WEBHOOK_SECRET")
if WEBHOOK_ADDRESSES and len(WEBHOOK_SECRET) < 16:
    env.problem("WEBHOOK_SECRET", WEBHOOK_SECRET, "at least 16 characters, where WEBHOOK_ADDRESSES are set")

# --- logs ------------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.text("LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = logs.config(level=LOG_LEVEL, style=env.text("LOG_FORMAT", "plain", choices=("plain", "json")))

# --- Django ----------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "import_export",
    "ninja",
    "pixelbot_site",
    "economy",
    "effects",
    "redeems",
    "joystick",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "pixelbot_site.urls"
ASGI_APPLICATION = "pixelbot_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
DEFAULT_AUTO_FIELD, USE_TZ, LANGUAGE_CODE = "django.db.models.BigAutoField", True, "en-us"
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # served straight from the apps: no collectstatic step
SESSION_COOKIE_NAME = "pixelbot_session"
CSRF_COOKIE_NAME = "pixelbot_csrf"
LOGIN_URL = "admin:login"

if DATABASE_URL:
    try:
        DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
    except (ValueError, environ.ImproperlyConfigured):
        DATABASES = {"default": {}}
    if DATABASES["default"].get("ENGINE") not in {"django.db.backends.postgresql", "django.db.backends.sqlite3"}:
        env.problem("DATABASE_URL", DATABASE_URL, "postgresql://user:password@host:5432/name or sqlite:///path/to/file")
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "pixelbot.sqlite3")}}
if DATABASES["default"].get("ENGINE") == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction takes the write lock when it begins, so that two of them wait for each other instead of
    # failing half-way. WAL: readers never wait. Cache and checkpoints are for millions of rows; small ones need little.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;"
        "PRAGMA recursive_triggers=ON;PRAGMA cache_size=-65536;PRAGMA wal_autocheckpoint=16000;",
    }

if EMBEDDED:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {
            "BACKEND": "pixelbot_site.kit.channel_layer.ThreadHopLayer",
            # Beyond its capacity a channel drops messages, and after its expiry (a day by default) a member is deaf.
            "CONFIG": {"capacity": 5000, "group_expiry": 10 * 365 * 86_400},
        },
    }
    CELERY_BROKER_URL = "bell://localhost/"
else:
    if not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
        env.problem("REDIS_URL", REDIS_URL, "redis://host:6379/0")
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}},
    }
    CELERY_BROKER_URL = REDIS_URL

CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "rescue": {"task": "effects.rescue", "schedule": 2.0, "options": {"expires": 10}},
    "watch": {"task": "joystick.watch", "schedule": 5.0, "options": {"expires": 10}},
    "renew-tokens": {"task": "joystick.renew_tokens", "schedule": 60.0, "options": {"expires": 60}},
    "sweep-presence": {"task": "joystick.sweep_presence", "schedule": 60.0, "options": {"expires": 60}},
    "check-obs": {"task": "effects.check_obs", "schedule": 30.0, "options": {"expires": 30}},
    "audit": {"task": "economy.audit", "schedule": crontab(hour=5, minute=0), "options": {"expires": 3600}},
    "go-on-with-batches": {"task": "economy.go_on_with_batches", "schedule": 10.0, "options": {"expires": 10}},
    "tidy": {"task": "effects.tidy", "schedule": 3600.0, "options": {"expires": 600}},
}

env.finish()
SETTING_NAMES = frozenset(env.names)
UNKNOWN_SETTINGS = env.unknown
