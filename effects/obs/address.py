"""Where OBS is: what the dashboard's row says, and below it the settings."""

from __future__ import annotations

from dataclasses import dataclass, field

from effects.models import OBSConnection
from effects.settings_table import OutsideSettings
from pixelbot_site.kit import secrets_at_rest


@dataclass(frozen=True, slots=True)
class Options:
    """Where OBS is. The password is never shown."""

    enabled: bool
    host: str
    port: int
    password: str = field(repr=False)


def options(*, always: bool = False) -> Options:
    """What the dashboard's row says, and the settings where it says nothing; `always`: switched on in any case. Raises
    Failed for a password that can't be read any more.
    """
    row = OBSConnection.objects.first() or OBSConnection()
    rules = OutsideSettings.current()
    return Options(
        always or (rules.obs_enabled if row.enabled is None else bool(row.enabled)),
        row.host or rules.obs_host,
        row.port or rules.obs_port,
        secrets_at_rest.unseal(row.password) or rules.obs_password,
    )
