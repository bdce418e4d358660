"""Preparation at each start: tables, default rows, the streamer's login and an overlay, created where missing."""

from __future__ import annotations

import logging
import pkgutil
import secrets
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.text import capfirst

from economy.models import LevelReward
from effects import wheel
from effects.media import sounds
from effects.models import Overlay
from effects.voice import scratch, speech
from joystick.chat import built_in, seeds
from joystick.chat.moderation import rules as filters
from joystick.reactions import defaults
from pixelbot_site import private_files
from pixelbot_site.backups import shelf
from pixelbot_site.kit import interpreter, stored_files
from pixelbot_site.kit.errors import Failed
from pixelbot_site.languages import texts
from pixelbot_site.settings_table import LoginSettings
from pixelbot_site.upkeep import database_file, heartbeat
from redeems import purchase

log = logging.getLogger("runbot")

# Points by level, for a site that has no rewards yet.
LEVEL_REWARDS = {2: 100, 5: 500, 10: 1000, 25: 2500, 50: 5000, 100: 10_000}


def prepare() -> str | None:
    """Migrate and create missing rows. Return the password of a new login without ADMIN_PASSWORD, to be shown once."""
    database = str(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else None
    private_files.tighten(settings.DATA_DIR, database)
    database_file.require_whole()
    scratch.sweep()
    applied = set(MigrationRecorder(connection).applied_migrations())
    # `migrate` would also look at every content type and permission, so it is called only where tables change.
    if not migrations_on_disk() <= applied:
        if database is not None and applied and not settings.DEMO:
            _back_up()
        with interpreter.collected():  # each migration makes all models anew
            call_command("migrate", interactive=False, verbosity=0)
    _store_sounds()
    with transaction.atomic():
        heartbeat.begin()
        purchase.seed()
        defaults.seed()
        built_in.seed()
        seeds.seed()
        filters.seed()
        texts.seed()
        wheel.seed()
        speech.seed()
        if not LevelReward.objects.exists():
            LevelReward.objects.bulk_create(
                LevelReward(level=level, points=points) for level, points in LEVEL_REWARDS.items()
            )
        if not Overlay.objects.exists():
            Overlay.objects.create()
        return _create_login()


def migrations_on_disk() -> set[tuple[str, str]]:
    """Return app and name of each migration. Django's loader would import them all, a twentieth of a start."""
    found = set()
    for app in apps.get_app_configs():
        package, _ = MigrationLoader.migrations_module(app.label)
        if package is not None and find_spec(package) is not None:
            modules = pkgutil.iter_modules(import_module(package).__path__)
            found |= {(app.label, module.name) for module in modules if not module.ispkg and module.name[0] not in "_~"}
    return found


def _store_sounds() -> None:
    try:
        stored_files.require_usable()
        sounds.seed()
    except stored_files.StorageDown as error:
        if error.is_mistake:
            raise ImproperlyConfigured(f"{capfirst(str(error))}.") from None
        # It may be back in a minute; the sounds are stored at the next start.
        log.error("%s", error)
    except Failed as error:
        # Of the folder: what is wrong with it is told by `data_folder.explained`.
        raise (error.__cause__ or error) from None


def _back_up() -> None:
    try:
        shelf.make(reason="before-update")
    except Failed as error:  # there is one, though its ledger has a fault: that must not hold up an update for ever
        log.error("%s", error)
    except shelf.ERRORS as error:
        raise ImproperlyConfigured(f"No backup could be made before the tables are updated: {error}.") from error


def _create_login() -> str | None:
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    login = LoginSettings.current()
    password = login.admin_password or secrets.token_urlsafe(9)
    if login.admin_password:
        _check(login)
    users.create_superuser(login.admin_username, password=password)
    return None if login.admin_password else password


def _check(login: LoginSettings) -> None:
    try:
        validate_password(login.admin_password, user=User(username=login.admin_username))
    except ValidationError as error:
        raise ImproperlyConfigured(f"ADMIN_PASSWORD can't be used. {' '.join(error.messages)}") from None
