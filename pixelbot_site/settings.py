"""Django's settings, read from the environment and `.env`.

A variable of the process wins over `.env` beside manage.py (`ENV_FILE` names another file). Each app declares its
settings in its `settings_table`; `.env.example` is written from these declarations.
"""

from __future__ import annotations

import os
import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from celery.schedules import crontab
from kombu import Queue

from pixelbot_site import media_storage, private_files
from pixelbot_site.kit import logs
from pixelbot_site.kit.env import Reader
from pixelbot_site.settings_table import SECTIONS, SiteSettings, database, local_time_zone

BASE_DIR = Path(__file__).resolve().parent.parent
# Pydantic would look for plugins of itself in all packages that are installed.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# What pages send over websockets is short. The compiled reader of long messages would bring a parser of C with it.
os.environ.setdefault("AUTOBAHN_USE_NVX", "0")

# --- what the apps declare -------------------------------------------------------------------------------------------

ENV_FILE = Path(os.environ.get("ENV_FILE") or BASE_DIR / ".env")
env = Reader(ENV_FILE)
for section in SECTIONS:
    env.read(section)
env.finish()
SETTING_NAMES = frozenset(env.values)
UNKNOWN_SETTINGS = env.unknown

# Every declared setting becomes one of Django's under its own name, so that tests can override it and
# `Section.current` finds it. Below, some get the value that is in effect.
globals().update(env.values)
site = SiteSettings.of(env.values)

# --- where things are kept -------------------------------------------------------------------------------------------

DEMO = site.pixelbot_demo
DATA_DIR = (BASE_DIR / site.data_dir).resolve()
if DEMO:
    DATA_DIR = DATA_DIR / "demo"
private_files.close_to_others()
private_files.make_folder(DATA_DIR)
FILE_UPLOAD_PERMISSIONS = 0o600  # Django's own would be readable by everybody, whatever the umask
MEDIA_ROOT = DATA_DIR / "media"
SOUNDS_DIR = DATA_DIR / "sounds"
STORAGES = {
    "default": media_storage.default_storage(
        "" if DEMO else site.media_storage, site.media_storage_key, site.media_storage_secret
    ),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

SECRET_KEY = site.secret_key or private_files.stored_secret_key(DATA_DIR / "secret_key")

# The demo is always one process on its own SQLite file, whatever the environment names.
DATABASE_URL = "" if DEMO else site.database_url
REDIS_URL = "" if DEMO else site.redis_url
EMBEDDED = not REDIS_URL

# --- who may watch --------------------------------------------------------------------------------------------------

# Read for each request, also where the database must not be asked, as `Section.current` may do.
METRICS_TOKEN = site.metrics_token
HEALTH_HOST = site.health_host
HEALTH_PORT = site.health_port

# --- Django ----------------------------------------------------------------------------------------------------------

# Not one of the apps: it would be imported at the start, with django.test, and the API is needed at its first request.
# The page of the API's documentation takes templates and scripts from there.
NINJA = Path(str(getattr(find_spec("ninja"), "origin", ""))).parent
INSTALLED_APPS = [
    "pixelbot_site.apps.DashboardConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "import_export",
    "pixelbot_site",
    "economy",
    "effects",
    "redeems",
    "joystick",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "pixelbot_site.kit.sqlite.pages.DatabaseFileMiddleware",
    "pixelbot_site.content_security.ContentSecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
DEBUG = False
ALLOWED_HOSTS = [*site.allowed_hosts, "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = list(site.csrf_trusted_origins)
ROOT_URLCONF = "pixelbot_site.urls"
ASGI_APPLICATION = "pixelbot_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates", NINJA / "templates"],
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
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = site.dashboard_language
FORMAT_MODULE_PATH = ["pixelbot_site.formats"]
USE_TZ = True
TIME_ZONE = site.time_zone or local_time_zone()
STATIC_URL = "static/"
STATICFILES_DIRS = [NINJA / "static"]
WHITENOISE_USE_FINDERS = True  # served straight from the apps: no collectstatic step
WHITENOISE_ALLOW_ALL_ORIGINS = False  # nobody else's pages have business with our files
SESSION_COOKIE_NAME = "pixelbot_session"
CSRF_COOKIE_NAME = "pixelbot_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = site.secure_cookies
SESSION_COOKIE_AGE = site.session_seconds
LOGIN_URL = "admin:login"
LOGGING = logs.config(level=site.log_level, style=site.log_format)

if DATABASE_URL:
    DATABASES = {"default": database(DATABASE_URL)}
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "pixelbot.sqlite3")}}
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # A connection that PostgreSQL closed, as at its restart, is found when it is taken from the pool.
    DATABASES["default"] |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
    # `reconnect_timeout`: by default, the pool waits twice as long after each attempt to connect, up to two minutes.
    # So, the next who needs a connection begins anew.
    pool = {"min_size": 1, "max_size": 20, "timeout": 20, "reconnect_timeout": 5}
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = pool
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a transaction takes the write lock when it begins, so that two writers wait for each other instead of
    # failing half-way. WAL: readers don't wait for writers. The cache is sized for millions of rows. Checkpoints
    # (`upkeep.database_file`) are made beside the writers; whoever commits makes one for a log of 100 MB.
    DATABASES["default"]["ENGINE"] = "pixelbot_site.kit.sqlite"  # Django's, and an eye on the file
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;"
        "PRAGMA recursive_triggers=ON;PRAGMA cache_size=-65536;PRAGMA wal_autocheckpoint=25000;",
    }

if EMBEDDED:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 20_000},  # 300 by default: wrong passwords for many names would evict counts
        },
    }
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {
            "BACKEND": "pixelbot_site.kit.channel_layer.ThreadHopLayer",
            # A channel drops messages beyond its capacity (100 by default), and a member gets none after its expiry (a
            # day by default).
            "CONFIG": {"capacity": 5000, "group_expiry": 10 * 365 * 86_400},
        },
    }
    CELERY_BROKER_URL = "bell://localhost/"
else:
    CACHES = {
        "default": {
            "BACKEND": "pixelbot_site.kit.redis_cache.RedisCache",
            "LOCATION": REDIS_URL,
            # By default a Redis that hangs is waited for without end, also by the thread that handles chat.
            "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 5},
        },
    }
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}},
    }
    CELERY_BROKER_URL = REDIS_URL
    # As for the cache: a Redis that hangs would hold up the thread that stores events without end.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "queue_order_strategy": "priority",
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
    }
    # The cache and the layer look at the server's certificate. Celery takes any, unless it is told.
    if REDIS_URL.startswith("rediss://") and "ssl_cert_reqs" not in REDIS_URL:
        CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": ssl.CERT_REQUIRED}

# By default Celery closes the database after every task, and PostgreSQL's whole pool with it. What is needed instead is
# done by `pixelbot_site.celery`.
CELERY_DB_REUSE_MAX = 2**62
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# What must not wait behind other tasks has a queue of its own, for a small worker of its own (docs/deploy/). A worker
# that is told of no queue takes from both, and on Redis first what is urgent.
URGENT = "urgent"
CELERY_TASK_QUEUES = (Queue(URGENT), Queue("celery"))
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {
    task: {"queue": URGENT} for task in ("effects.rescue", "joystick.watch", "joystick.renew_tokens", "site.heartbeat")
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {"task": "site.heartbeat", "schedule": 10.0, "options": {"expires": 10}},
    "merge-log": {"task": "site.merge_log", "schedule": 2.0, "options": {"expires": 2}},
    "shorten-log": {"task": "site.shorten_log", "schedule": 60.0, "options": {"expires": 60}},
    "sweep": {"task": "site.sweep", "schedule": 3600.0, "options": {"expires": 600}},
    "back-up": {"task": "site.make_daily_backup", "schedule": 600.0, "options": {"expires": 600}},
    "rescue": {"task": "effects.rescue", "schedule": 2.0, "options": {"expires": 10}},
    "watch": {"task": "joystick.watch", "schedule": 5.0, "options": {"expires": 10}},
    "renew-tokens": {"task": "joystick.renew_tokens", "schedule": 60.0, "options": {"expires": 60}},
    "fetch-rosters": {"task": "joystick.fetch_rosters", "schedule": 600.0, "options": {"expires": 600}},
    "run-timers": {"task": "joystick.run_timers", "schedule": 10.0, "options": {"expires": 10}},
    "sweep-presence": {"task": "joystick.sweep_presence", "schedule": 60.0, "options": {"expires": 60}},
    "check-obs": {"task": "effects.check_obs", "schedule": 30.0, "options": {"expires": 30}},
    "check-media": {"task": "site.check_media", "schedule": 30.0, "options": {"expires": 30}},
    "audit": {"task": "economy.audit", "schedule": crontab(hour=5, minute=0), "options": {"expires": 3600}},
    "audit-if-due": {"task": "economy.audit_if_due", "schedule": 60.0, "options": {"expires": 60}},
    "go-on-with-batches": {"task": "economy.go_on_with_batches", "schedule": 10.0, "options": {"expires": 10}},
    "change-names": {"task": "joystick.change_names", "schedule": 60.0, "options": {"expires": 60}},
    "prune": {"task": "joystick.prune", "schedule": 3600.0, "options": {"expires": 600}},
    "tidy": {"task": "effects.tidy", "schedule": 3600.0, "options": {"expires": 600}},
}
