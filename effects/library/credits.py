"""Roll the stream's credits over the overlay."""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import Field

from effects.models import QueueItem
from effects.overlays import facts, pages
from effects.overlays.onscreen import OnScreen
from effects.overlays.stream_figures import GIFTS, RAIDS, SUBSCRIPTIONS, TIPS
from effects.registry import Card, Group, OverlayTask, Payload, effect

# Names in a section.
MOST = 60
SECTIONS = (
    ("Tips", TIPS),
    ("Followers", ("followed",)),
    ("Subscribers", SUBSCRIPTIONS),
    ("Gifts", GIFTS),
    ("Raids", RAIDS),
)


class Credits(Payload):
    """Their title, their last line, and how many seconds they roll."""

    title: str = Field("Thank you!", min_length=1, max_length=80, description="The first line, in large letters.")
    last: str = Field("See you next time.", max_length=120, description="The last line.")
    seconds: float = Field(30, ge=5, le=300, description="How long they roll.", json_schema_extra={"unit": "seconds"})


@effect(
    "credits",
    lane="effect",
    repeatable=True,
    payload=Credits,
    card=Card(Group.SCREEN, "Credits", "Rolls who tipped, followed, subscribed and raided in this stream."),
    requires=partial(pages.require_open, "credits"),
)
def credits(item: QueueItem, payload: Credits) -> OverlayTask:
    """Have the overlays roll who tipped, followed, subscribed, gave, raided and redeemed in this stream."""
    screen = OnScreen.now()
    message = {
        "type": "credits",
        "title": screen.text(payload.title),
        "last": screen.text(payload.last),
        "sections": _sections(screen),
        "seconds": payload.seconds,
    }
    return OverlayTask(message, seconds=payload.seconds)


def _sections(screen: OnScreen) -> list[dict[str, Any]]:
    since = facts.stream_began()
    found = [("Most tokens", [tipper.username for tipper in facts.tippers(since, 3)])]
    for title, kinds in SECTIONS:
        found.append((title, [fact.username for fact in facts.latest(kinds, MOST, since)]))
    bought = QueueItem.objects.filter(purchase__isnull=False, viewer__isnull=False)
    bought = bought.filter(created_at__gte=since) if since else bought
    found.append(("Redeems", list(bought.order_by("-id").values_list("viewer__username", flat=True)[:MOST])))
    # Each name once in a section. Who is not on screen has no place in credits.
    named = [
        (title, dict.fromkeys(screen.name(name) for name in names if not screen.hides(name))) for title, names in found
    ]
    return [{"title": title, "names": list(names)} for title, names in named if names]
