"""What an overlay consists of, and what a page of it is told at first."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver
from django.templatetags.static import static
from pydantic import ValidationError

from effects.models import Overlay, OverlayWidget
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Options, Widget, widgets
from pixelbot_site.kit import present_channel

log = logging.getLogger("overlay")

# The protocol between bot and page, `docs/overlay-protocol.md`. It grows with what an older page would not understand.
VERSION = 1


@receiver(post_save, sender=Overlay)
def furnish(instance: Overlay, created: bool, raw: bool = False, **_: Any) -> None:
    """Give a new overlay the widgets that each has at first."""
    if created and not raw:
        first = [made for made in widgets.values() if made.at_first]
        OverlayWidget.objects.bulk_create(new_row(instance, made) for made in first)


def new_row(overlay: Overlay, made: Widget[Any], name: str = "") -> OverlayWidget:
    """Return an unsaved widget of this kind, where new ones are put."""
    box = made.places(overlay.format)[0]
    return OverlayWidget(
        overlay=overlay, kind=made.name, name=name or made.name, order=made.order,
        x=box.x, y=box.y, width=box.width, height=box.height,
    )  # fmt: skip


def shown_rows(overlay: Overlay, alone: str = "") -> list[OverlayWidget]:
    """Return the widgets that a page shows: all that are shown at all, or the one that is named, whatever it is."""
    rows = overlay.widgets.filter(name=alone) if alone else overlay.widgets.filter(enabled=True)
    return [row for row in rows if widgets.get(row.kind) is not None]


def hello(overlay: Overlay, alone: str, *, leads: bool, playing: Iterable[int]) -> dict[str, Any]:
    """Return the first message to a page. `leads`: it is the one that is heard. `playing`: the items that play now."""
    screen = OnScreen.now()
    rows = shown_rows(overlay, alone)
    with present_channel.within(overlay.channel_id):
        told = [_told(row, screen) for row in rows]
    return {
        "type": "hello",
        "version": VERSION,
        "theme": overlay.theme,
        "leader": leads,
        "alone": bool(alone),
        "pictures_from": picture_hosts(rows),
        "widgets": [*told, *_unseen(rows)],
        "playing": list(playing),
    }


def _told(row: OverlayWidget, screen: OnScreen) -> dict[str, Any]:
    made = widgets.get(row.kind)
    assert made is not None
    place = {name: getattr(row, name) for name in ("x", "y", "width", "height", "order", "scale")}
    return {**_files(made), "name": row.name, **place, "snapshot": snapshot(made, row.options, screen)}


def drafts(widgets_of_form: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what a page is told of widgets that are not stored like this: `name`, `kind`, `options`, without a place.

    One of an unknown kind, or whose options do not fit, is left out.
    """
    screen = OnScreen.now()
    found = []
    for row in widgets_of_form:
        made, stored = widgets.get(str(row["kind"])), row["options"]
        if made is not None and _fit(made, stored):
            found.append({**_files(made), "name": str(row["name"]), "snapshot": snapshot(made, stored, screen)})
    return found


def _fit(made: Widget[Any], stored: Any) -> bool:
    try:
        made.options.model_validate(stored)
    except ValidationError:
        return False
    return True


def _unseen(rows: Iterable[OverlayWidget]) -> list[dict[str, Any]]:
    """Return the widgets that the page plays unseen, because of their sounds."""
    there = {row.kind for row in rows}
    return [
        {**_files(made), "name": f"unseen-{made.name}", "unseen": True, "snapshot": {}}
        for made in widgets.values()
        if made.sounds and made.name not in there
    ]


def _files(made: Widget[Any]) -> dict[str, Any]:
    return {
        "kind": made.name,
        "plays": sorted(made.plays),
        "script": static(made.script),
        "style": static(made.style),
    }


def snapshot(made: Widget[Any], stored: Mapping[str, Any], screen: OnScreen) -> dict[str, Any]:
    """Return what a widget with the `stored` options shows now; {} where it fails, which is logged."""
    try:
        return made.snapshot(options_of(made, stored), screen)
    except Exception:  # the edge of a widget: one that is broken must not keep the page from showing the others
        log.exception("the widget %s could not be filled", made.name)
        return {}


def options_of(made: Widget[Any], stored: Mapping[str, Any]) -> Options:
    """Return the options as the widget's model; where they no longer fit it, its defaults."""
    options: Options
    try:
        options = made.options.model_validate(stored)
    except ValidationError as error:
        log.warning("the options of a widget %s do not fit: %s", made.name, error)
        options = made.options()
    return options


def picture_hosts(rows: Iterable[OverlayWidget]) -> list[str]:
    """Return the other hosts from which pictures of these widgets may come."""
    hosts = set()
    for row in rows:
        made = widgets.get(row.kind)
        if made is not None and made.pictures_from is not None:
            hosts.add(made.pictures_from(options_of(made, row.options)))
    return sorted(hosts - {""})


def wanted_events(rows: Iterable[OverlayWidget]) -> frozenset[str]:
    """Return the kinds of events that these widgets are told of."""
    return frozenset(kind for row in rows if (made := widgets.get(row.kind)) for kind in made.events)
