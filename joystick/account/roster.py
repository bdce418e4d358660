"""Who follows, subscribes and moderates by the platform's lists: so that who did before the bot came counts as one.

Viewers whom the bot knows are flagged; the names are kept for those who are first seen later. Nobody is paid for it.
The lists come page by page, each page as a task of its own, so that no worker waits between two.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

from django.utils import timezone

from economy.viewers import lists, people
from joystick.account import rest, tokens
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.sending import send

log = logging.getLogger("joystick")

TASK = "joystick.fetch_roster"
FLAGS = {"followers": "is_follower", "subscribers": "is_subscriber", "moderators": "is_moderator"}
# Seconds between two pages: a million followers take three hours, and the platform is asked once a second.
PAUSE = 1.0
# Ends it where the platform always names a next page.
MAX_PAGES = 10_000


def start() -> None:
    """Begin to fetch every list that a connected channel granted, and delete the names that none brings any more."""
    lists.prune(now=timezone.now())
    for install in tokens.usable():
        for name, scope in rest.PEOPLE.items():
            if scope in install.scopes.split():
                send(TASK, install.pk, name)


def fetch(install_id: int, name: str, page: object = 1, done: int = 0, began: float = 0) -> None:
    """Fetch a page of a list, keep its names, flag those who are viewers, and send the task for the next.

    `began`: the time at which the first page was asked for. With the last page, the names of earlier fetches that this
    one did not find are deleted.
    """
    began = began or time.time()
    install = tokens.usable().filter(pk=install_id).first()
    if install is None:
        return
    try:
        names, following = rest.usernames(install, name, page)
    except Failed as error:
        log.warning("the list of %s could not be fetched: %s", name, error)
        return
    at = datetime.fromtimestamp(began, UTC)
    people.listed(names, FLAGS[name], channel=install.channel_id, at=at)
    if following is None:
        lists.complete(FLAGS[name], channel=install.channel_id, at=at)
    elif done < MAX_PAGES:
        send(TASK, install_id, name, following, done + 1, began, countdown=PAUSE)
