"""The address of OBS: the dashboard's row first, then the settings."""

from __future__ import annotations

from dataclasses import dataclass, field

from effects.models import OBSConnection
from effects.settings_table import OutsideSettings
from pixelbot_site.kit import secrets_at_rest


@dataclass(frozen=True, slots=True)
class Options:
    """The address of OBS, and whether to connect. `repr` leaves the password out."""

    enabled: bool
    host: str
    port: int
    password: str = field(repr=False)


def options(*, always: bool = False) -> Options:
    """Return the options of the dashboard's row, with the settings for what it leaves blank.

    `always`: report it as switched on, for a test of the connection. Raise Failed if the password can't be decrypted.
    """
    row = OBSConnection.objects.first() or OBSConnection()
    rules = OutsideSettings.current()
    return Options(
        always or (rules.obs_enabled if row.enabled is None else bool(row.enabled)),
        row.host or rules.obs_host,
        row.port or rules.obs_port,
        secrets_at_rest.unseal(row.password) or rules.obs_password,
    )
