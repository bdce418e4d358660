"""The registry of widgets: the parts of which an overlay is made.

A widget is three files of one name: a module in `effects/overlays/widgets/`, which registers it, and a script and a
style in `effects/static/effects/overlay/widgets/`. `docs/overlay-protocol.md` says how to add one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from effects.models import Format
from effects.overlays.onscreen import OnScreen
from pixelbot_site.kit.registry import Registry

STATIC = "effects/overlay/widgets"
# Places for widgets of one kind in an overlay; one more lies on the first.
MAX_PLACES = 4


class Options(BaseModel):
    """What the streamer sets for a widget of this kind, besides its place. Each field needs a default."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, defer_build=True)


O = TypeVar("O", bound=Options)  # noqa: E741 (the options' type)
# Returns what the widget shows now, as JSON values. Names and texts of viewers go through the OnScreen.
Snapshot = Callable[[O, OnScreen], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Box:
    """A place on the overlay: percent of its width and height, from the left and the top."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Widget(Generic[O]):
    """A kind of widget. See `widget` for what each means."""

    name: str
    title: str
    box: Box
    vertical: Box
    snapshot: Snapshot[O]
    options: type[O]
    order: int
    plays: frozenset[str]
    sounds: bool
    events: frozenset[str]
    stamp: Callable[[O], Hashable] | None
    every: float
    at_first: bool
    pictures_from: Callable[[O], str] | None

    @property
    def script(self) -> str:
        """Return the path of its script below the static files."""
        return f"{STATIC}/{self.name}.js"

    @property
    def style(self) -> str:
        """Return the path of its style below the static files."""
        return f"{STATIC}/{self.name}.css"

    def places(self, shape: str) -> list[Box]:
        """Return where in an overlay of that format the first widget of this kind is put, the second, and so on."""
        box = self.vertical if shape == Format.VERTICAL else self.box
        below = [box.y + box.height * step for step in range(MAX_PLACES)]
        above = [box.y - box.height * step for step in range(1, MAX_PLACES)]
        inside = [y for y in below + above if 0 <= y <= 100 - box.height]
        return [replace(box, y=y) for y in inside[:MAX_PLACES]]


widgets: Registry[Widget[Any]] = Registry("widget")


def widget(
    name: str,
    *,
    title: str,
    box: Box,
    vertical: Box | None = None,
    options: type[O] = Options,  # type: ignore[assignment]
    order: int = 0,
    plays: Collection[str] = (),
    sounds: bool = False,
    events: Collection[str] = (),
    stamp: Callable[[O], Hashable] | None = None,
    every: float = 0.0,
    at_first: bool = False,
    pictures_from: Callable[[O], str] | None = None,
) -> Callable[[Snapshot[O]], Snapshot[O]]:
    """Register the decorated function as the snapshot of the widget `name`.

    `title`: its name in the dashboard. `box`, `order`: where a new one is put, and where the preset for 1080p puts it.
    `vertical`: the same in an overlay that is higher than wide; without one, `box`. `plays`: the messages of the queue
    that it plays (`show` in a `play`). `sounds`: playing makes sounds, so that a page without it plays them unseen, in
    case it is the one that is heard. `events`: the kinds of events that its script is told of. `stamp`: a cheap query,
    asked some times a second while a page shows the widget; the snapshot is made anew when its answer has changed.
    Without one the snapshot is made once for each page that connects. `every`: the seconds between two snapshots at
    least, for those that take long. `at_first`: a new overlay has one. `pictures_from`: the other host that its
    pictures may come from, as its options have it, or "": the page's policy lets pictures of no other be loaded.
    """

    def add(snapshot: Snapshot[O]) -> Snapshot[O]:
        made = Widget(
            name=name,
            title=title,
            box=box,
            vertical=vertical or box,
            snapshot=snapshot,
            options=options,
            order=order,
            plays=frozenset(plays),
            sounds=sounds,
            events=frozenset(events),
            stamp=stamp,
            every=every,
            at_first=at_first,
            pictures_from=pictures_from,
        )
        widgets.add(name, made, snapshot.__module__)
        return snapshot

    return add


def playing(show: str) -> list[str]:
    """Return the names of the widgets that play the message `show`."""
    return [name for name, made in widgets.items() if show in made.plays]
