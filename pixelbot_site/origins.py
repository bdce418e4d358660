"""Which pages may open a websocket to the bot: its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[Any, Any, Any], Awaitable[None]]


class OwnPages:
    """Refuses websockets of other pages: browsers tell by the header Origin where a page came from.

    Channels' own AllowedHostsOriginValidator looks at the host alone, so that each program on the streamer's PC could
    serve a page that is let in.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the websocket on, or refuse it."""
        headers = {name: value.decode("latin1") for name, value in scope["headers"] if name in (b"host", b"origin")}
        if is_ours(headers.get(b"origin", ""), host=headers.get(b"host", "")):
            await self._application(scope, receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)


def is_ours(origin: str, *, host: str) -> bool:
    """Return whether a page from `origin` is the bot's, where the request is for `host`."""
    # A foreign name may lead to this machine, too.
    if not host or not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    # The setting names what a proxy is called from outside, as the login's forms need it.
    return origin in (f"http://{host}".lower(), f"https://{host}".lower(), *settings.CSRF_TRUSTED_ORIGINS)
