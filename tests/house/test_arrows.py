"""Rooms import few of their neighbours, in no circle; and each contract about that breaks when it is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.house import arrows
from tests.processes import ROOT

MAX_ARROWS = {"joystick": 50, "effects": 55, "economy": 30}

SOCKET = "The gateway's socket knows no database"
BREAKS = [
    ("effects/queue/wakeups.py", "from effects import tasks", "No circles between siblings"),
    ("effects/queue/refunds.py", "from effects.queue import items", "No circles between siblings"),
    (
        "economy/ledger/levels.py",
        "def late() -> None:\n    from economy.ledger import xp",
        "No circles between siblings",
    ),
    ("economy/ledger/levels.py", "import django.db", "Pure modules know no framework"),
    (
        "joystick/reactions/occasions/tip.py",
        "from joystick.reactions.occasions import wheel",
        "Occasions do not know each other",
    ),
    ("joystick/protocol/names.py", "import websockets", "Pure modules know no framework"),
    ("joystick/gateway/client.py", "from django.utils import timezone", SOCKET),
    ("joystick/gateway/session.py", "from joystick.inbox import receive", SOCKET),
    ("joystick/gateway/outgoing/waiting.py", "from effects import chat", SOCKET),  # the client imports it: indirect
    ("economy/cooldowns.py", "import effects.registry.values", "Floors: imports go down"),
    ("effects/chat.py", "import obsws_python", "Nobody but effects.obs.login uses OBS's library"),
    ("effects/library/osc.py", "import pythonosc", "Nobody but effects.outside.osc uses OSC's library"),
]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """The imports of our own code."""
    return arrows.graph_of(ROOT)


@pytest.mark.parametrize("app", MAX_ARROWS)
def test_rooms_import_few_of_their_neighbours(graph: grimp.ImportGraph, app: str) -> None:
    assert len(arrows.rooms_of(graph, app).arrows) <= MAX_ARROWS[app]


@pytest.mark.parametrize("app", arrows.PACKAGES)
def test_no_rooms_import_each_other_in_a_circle(graph: grimp.ImportGraph, app: str) -> None:
    assert arrows.rooms_of(graph, app).circles == set()


def test_arrows_and_circles_are_counted_as_defined() -> None:
    graph = grimp.ImportGraph()
    for module in ("a", "a.b", "a.b.one", "a.b.two", "a.c", "a.d", "e"):
        graph.add_module(module)
    for importer, imported in [
        ("a.b.one", "a.c"),
        ("a.b.two", "a.c"),  # the same two rooms: one arrow
        ("a.b.one", "a.b.two"),  # inside one room: none
        ("a.d", "e"),  # out of the app: none
        ("a.c", "a.d"),
        ("a.d", "a.b.one"),
    ]:
        graph.add_import(importer=importer, imported=imported)
    rooms = arrows.rooms_of(graph, "a")
    assert rooms.names == {"a.b", "a.c", "a.d"}
    assert rooms.arrows == {("a.b", "a.c"), ("a.c", "a.d"), ("a.d", "a.b")}
    assert rooms.circles == {"a"}


@pytest.mark.parametrize(("file", "line", "contract"), BREAKS, ids=lambda value: str(value).partition("\n")[0])
def test_a_contract_breaks_when_one_import_is_added(tmp_path: Path, file: str, line: str, contract: str) -> None:
    for package in arrows.PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(f"\n\n{line}\n")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{contract} BROKEN" in done.stdout
