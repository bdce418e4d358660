"""The Content-Security-Policy of the dashboard and of every other page that brings none of its own."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

from joystick.settings_table import JoystickSettings

# Pages that play the file that is chosen in their form, before it is sent.
SHOWING_CHOSEN_FILES = frozenset({"admin:effects_media_add", "admin:effects_sound_add", "admin:effects_sound_change"})
# Pages that show an overlay in a frame.
FRAMING = frozenset({"admin:effects_overlay_change"})
# The export page's only inline handler, onSelectToggleChange(event), by its SHA-256.
EXPORT_HANDLER = "'unsafe-hashes' 'sha256-wid4zL8fR53ZYy1ljOepzR77Dn6vWUUxuNnnWWBP3I8='"


class ContentSecurityMiddleware:
    """Adds the policy to a response that has none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response with a policy."""
        response = self._get_response(request)
        match = request.resolver_match
        view = "" if match is None else match.view_name
        response.headers.setdefault(
            "Content-Security-Policy", policy(blobs=view in SHOWING_CHOSEN_FILES, frames=view in FRAMING)
        )
        return response


def policy(*, blobs: bool = False, frames: bool = False) -> str:
    """Return the policy: scripts from files of ours alone. Django's own pages need inline styles.

    `blobs`: pictures, videos and sounds that a script of ours made an address for are shown, too. `frames`: pages of
    ours are shown in frames.
    """
    ours = "'self' blob:" if blobs else "'self'"
    site = urlsplit(JoystickSettings.current().joystick_site_url)
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {EXPORT_HANDLER}",
            "style-src 'self' 'unsafe-inline'",
            f"img-src {ours} data:",
            "font-src 'self'",
            f"media-src {ours}",
            "connect-src 'self'",
            *(["frame-src 'self'"] if frames else []),
            "base-uri 'none'",
            # Browsers hold a redirect after a form to this as well: the one to the consent page.
            f"form-action 'self' {site.scheme}://{site.netloc}",
            "frame-ancestors 'none'",
        ]
    )
