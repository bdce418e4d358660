"""Counts the arrows between rooms: `.venv/bin/python -m tests.house.arrows`.

A room is a direct child of an app, be it a module or a package; Django's own (`apps`, `migrations`, `management`) are
rooms as well. An arrow is a pair of two rooms of one app of which the first imports the second, however many of its
lines do, and wherever they stand: at the top of a module, inside a function, or under `TYPE_CHECKING`. A circle is a
package whose children import each other in a ring.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import grimp

PACKAGES = ("pixelbot_site", "joystick", "redeems", "effects", "economy")


@dataclass(frozen=True)
class Rooms:
    """The rooms of one app and what they import of each other."""

    app: str
    names: frozenset[str]
    arrows: frozenset[tuple[str, str]]
    circles: frozenset[str]  # the packages in which there is one


def graph_of(folder: Path) -> grimp.ImportGraph:
    """Return the imports of the code in `folder`, read from its files as they are now."""
    sys.path.insert(0, str(folder))
    try:
        return grimp.build_graph(*PACKAGES, cache_dir=None)
    finally:
        sys.path.remove(str(folder))


def rooms_of(graph: grimp.ImportGraph, app: str) -> Rooms:
    """Return the rooms of `app`."""
    # Migrations are no room: nobody works in those that are written.
    modules = {module for module in graph.find_descendants(app) if ".migrations" not in module}
    arrows = {
        (room_of(importer), room_of(imported))
        for importer in modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if imported in modules and room_of(importer) != room_of(imported)
    }
    circles = {module for module in modules | {app} if graph.nominate_cycle_breakers(module)}
    return Rooms(app, frozenset(graph.find_children(app)), frozenset(arrows), frozenset(circles))


def room_of(module: str) -> str:
    """Return the room in which a module lies: of `economy.ledger.points` that is `economy.ledger`."""
    return ".".join(module.split(".")[:2])


def main() -> None:
    """Print the figures of the code in the folder that is named, or of this one."""
    graph = graph_of(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    for app in PACKAGES:
        rooms = rooms_of(graph, app)
        print(f"{app:14} {len(rooms.names):3} rooms {len(rooms.arrows):4} arrows {len(rooms.circles):3} circles")


if __name__ == "__main__":
    main()
