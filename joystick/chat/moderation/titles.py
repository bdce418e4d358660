"""The stream's title, changed from chat. Joystick is asked by a worker, since that waits for the network."""

from __future__ import annotations

from effects import chat
from effects.chat import Priority
from joystick.account import rest, scopes, tokens
from joystick.channel import streams
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.phrases import Said
from pixelbot_site.kit.sending import send
from pixelbot_site.kit.transactions import after_commit

TASK = "joystick.set_title"
SCOPE = "stream:manage"

DONE = phrases.result("title.done", "the title is now “{title}”.")
FAILED = phrases.refusal("title.failed", "the title stays as it is: {reason}")
NOT_CONNECTED = phrases.refusal("title.not_connected", "the channel is not connected by the dashboard's button")


def ask(title: str, *, channel_id: str, username: str) -> str:
    """Have a worker set the title after the commit, and tell `username` what came of it; return what is said now.

    Raise Failed where the scope stream:manage is missing.
    """
    scopes.require_for_channel(SCOPE, channel_id=channel_id)
    installs = tokens.usable()
    # No other channel's title, where this one is not connected.
    install = (installs.filter(channel_id=channel_id) if channel_id else installs).first()
    if install is None:
        raise Failed(NOT_CONNECTED())
    after_commit(send, TASK, install.pk, title, username)
    return ""


def set_title(install_id: int, title: str, username: str) -> None:
    """Set the title, and say in chat what came of it."""
    install = tokens.usable().filter(pk=install_id).first()
    if install is None:
        return
    said: Said
    try:
        now = rest.update_stream(install, title=title).title or title
        streams.keep_title(install.channel_id, now)
        said = DONE(title=now)
    except Failed as error:
        said = FAILED(reason=str(error))
        said = Said(phrases.stopped(said), said.kind, is_off=said.is_off)
    if not said.is_off:
        chat.say(f"@{username} {said}", Priority.ANSWER, channel_id=install.channel_id, kind=said.kind)
