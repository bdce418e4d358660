"""The site's own app: API tokens, roles of staff, `runbot`, and the check of `.env`."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.core.checks import CheckMessage, Warning, register
from django.db.models.signals import post_migrate

from pixelbot_site.logins import roles

# The checks that `runbot` makes at each start: those of `.env`. Django's own are of the code, and among the tests.
AT_START = "env"


class DashboardConfig(admin_apps.AdminConfig):
    """Django's admin with our site."""

    default = False  # this module's own is the other one
    default_site = "pixelbot_site.sections.Dashboard"


class SiteConfig(AppConfig):
    """Registers the check of `.env`, the settings that the dashboard stores, and what gives roles their permissions."""

    name = "pixelbot_site"
    verbose_name = "Pixel Bot"

    def ready(self) -> None:
        """Register the check, let what the dashboard stores win over `.env` and code, and connect the roles' receiver.

        Django's own receiver, which makes permissions, comes before it.
        """
        from effects.outside.replies import options
        from effects.overlays import screens
        from joystick.chat import answering, built_in
        from joystick.chat.moderation import rules as filters
        from joystick.reactions import rules
        from pixelbot_site.languages import texts
        from pixelbot_site.live_settings import store  # its models can't be imported before the apps are ready

        register(unknown_settings, AT_START)
        store.install()
        texts.follow_rows()
        built_in.follow_rows()
        answering.follow_rows()
        filters.follow_rows()
        rules.follow_rows()
        options.follow_rows()
        screens.follow_rows()
        post_migrate.connect(roles.hand_out)


def unknown_settings(**_: Any) -> list[CheckMessage]:
    """Warn about names in `.env` that nothing reads: most are typos."""
    return [
        Warning(
            f"Nothing reads {name}, which is set in your .env file.",
            hint="Is it misspelt? .env.example lists every name.",
            id="pixelbot.W001",
        )
        for name in settings.UNKNOWN_SETTINGS
    ]
