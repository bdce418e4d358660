"""The parts of the index and the dock that change while a page is open, as HTML: for the page, and for its updates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser, User
from django.template.loader import render_to_string

from pixelbot_site.charts import charts
from pixelbot_site.index import tonight
from pixelbot_site.index.lamp import Color, Lamp
from pixelbot_site.index.lamps import Moment

# What decides which parts somebody sees, and which buttons.
PERMISSIONS = (
    "economy.view_audit",
    "economy.view_transaction",
    "economy.view_viewer",
    "economy.view_xptransaction",
    "effects.add_queueitem",
    "effects.change_queueitem",
    "effects.view_obsconnection",
    "effects.view_overlay",
    "effects.view_queueitem",
    "joystick.change_install",
    "joystick.view_inboundevent",
    "joystick.view_install",
    "joystick.view_stream",
    "pixelbot_site.use_backups",
    "pixelbot_site.view_settingoverride",
)


class View(NamedTuple):
    """A page, what whoever looks at it may see, and the channel that they chose. Those with the same view are shown the
    same.
    """

    page: str
    may: frozenset[str]
    channel_id: str = ""


def may(user: User | AnonymousUser) -> frozenset[str]:
    """Return which of PERMISSIONS a user has."""
    return frozenset(name for name in PERMISSIONS if user.has_perm(name))


def render(names: Iterable[str], may: frozenset[str], moment: Moment | None = None) -> dict[str, str]:
    """Return the HTML of those parts that may be seen, by their names."""
    moment = moment or Moment()
    parts: dict[str, str] = {}
    for name in names:
        permission, contents = PARTS[name]
        if not permission or permission in may:
            context = {**contents(moment), "may": may, "may_steer": "effects.change_queueitem" in may}
            parts[name] = render_to_string(f"admin/index/{name}.html", context)
    return parts


def _lamps(moment: Moment) -> dict[str, Any]:
    return {"lamps": moment.lamps}


def _dock_lamps(moment: Moment) -> dict[str, Any]:
    return {
        "wrong": sorted((lamp for lamp in moment.lamps if lamp.color != Color.GREEN), key=_urgency),
        "right": [lamp for lamp in moment.lamps if lamp.color == Color.GREEN],
    }


def _urgency(lamp: Lamp) -> int:
    return (Color.RED, Color.AMBER, Color.GREY).index(lamp.color)


def _figures(moment: Moment) -> dict[str, Any]:
    found = tonight.figures(moment)
    return {"figures": found, "rows": tonight.summary(found), "top": found.of_stream.get("top_viewers", [])}


def _queue(moment: Moment) -> dict[str, Any]:
    return {"queue": tonight.queue(moment)}


def _feed(moment: Moment) -> dict[str, Any]:
    return {"feed": tonight.feed()}


def _failures(moment: Moment) -> dict[str, Any]:
    return {"failures": tonight.failures(moment)}


def _charts(moment: Moment) -> dict[str, Any]:
    return {"found": charts.of("tonight")}


# The permission that each part needs, and what its template shows.
PARTS: dict[str, tuple[str, Callable[[Moment], dict[str, Any]]]] = {
    "lamps": ("", _lamps),
    "dock_lamps": ("", _dock_lamps),
    "figures": ("joystick.view_stream", _figures),
    "queue": ("effects.view_queueitem", _queue),
    "feed": ("joystick.view_inboundevent", _feed),
    "failures": ("effects.view_queueitem", _failures),
    "charts": ("joystick.view_stream", _charts),
}

# The parts of each page.
PAGES: dict[str, tuple[str, ...]] = {
    "index": ("lamps", "figures", "queue", "feed", "failures"),
    "dock": ("queue", "dock_lamps", "failures"),
    "charts": ("charts",),
}
