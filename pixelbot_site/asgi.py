"""The ASGI application: Django's pages, and the websockets of the overlays and of the dashboard's open pages."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelbot_site.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

# Loads the apps; models and consumers can be imported only after it.
pages = get_asgi_application()

from channels.auth import AuthMiddlewareStack

from effects.consumers import NoSuchSocket, OverlayConsumer
from pixelbot_site import daphne_end, prompt_sockets
from pixelbot_site.index.live import DashboardConsumer
from pixelbot_site.metrics import port
from pixelbot_site.origins import OwnPages

application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": OwnPages(
            # Django's `path` is typed for views; Channels documents it for consumers.
            URLRouter(
                [
                    path("overlay/<str:secret>/socket/", OverlayConsumer.as_asgi()),  # type: ignore[arg-type,list-item]
                    path("admin/live/<str:page>/", AuthMiddlewareStack(DashboardConsumer.as_asgi())),  # type: ignore[arg-type,list-item]
                    # Without a route of its own, Channels raises, and the traceback names the address with its secret.
                    re_path("", NoSuchSocket.as_asgi()),  # type: ignore[arg-type,list-item]
                ]
            )
        ),
    }
)

prompt_sockets.install()
daphne_end.install()
port.serve_web()
