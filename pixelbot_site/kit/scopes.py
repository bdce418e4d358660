"""The scopes of the API's tokens, apart from the API: its framework is imported with the first request."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """What a token allows. A token may have several scopes; none includes another.

    `pixelbot_site.models` maps each scope but READ to a permission of Django's; for READ, each endpoint names its own.
    """

    READ = "read"
    POINTS = "points"
    QUEUE = "queue"
    ADMIN = "admin"
