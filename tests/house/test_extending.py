"""A thing is a file: dropped into its folder it works, and each one that is there has a test and a line in the docs."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from effects.registry import kinds
from joystick.reactions.kinds import occasions
from joystick.registry import commands, handled_types, handlers
from joystick.simulator.scenarios import SCENARIOS
from pixelbot_site.kit.words import words
from redeems.registry import catalog
from tests.processes import ROOT

DROPPED = {
    "joystick/handlers/farewell.py": """
from __future__ import annotations
from joystick.protocol.events import Left
from joystick.registry import Outcome, on
from joystick.settings_table import Rules

@on(Left)
def on_farewell(left: Left, rules: Rules) -> Outcome:
    return Outcome(lines=(f"bye {left.username}",))
""",
    "joystick/reactions/occasions/parting.py": """
from __future__ import annotations
from joystick.protocol.events import Left
from joystick.reactions.kinds import Occasion, occasion

@occasion("parting", Left, title="somebody leaves")
def parting(left: Left) -> Occasion:
    return Occasion(left.username)
""",
    "joystick/chat/commands/hug.py": """
from __future__ import annotations
from joystick.registry import Call, command

@command("hug", "cuddle", help="a hug")
def hug(call: Call) -> str:
    return f"hugs {call.words}"
""",
    "redeems/catalog/glitter.py": """
from __future__ import annotations
from effects.registry import Effect
from redeems.registry import Order, redeem

@redeem("glitter", title="Glitter", effect="glitter", cost=3)
def plan(order: Order) -> Effect:
    return Effect("glitter", {"colour": order.words})
""",
    "effects/library/glitter.py": """
from __future__ import annotations
from effects.models import QueueItem
from effects.registry import Card, Group, Payload, effect

class Glitter(Payload):
    colour: str

@effect(
    "glitter", lane="paper", repeatable=True, payload=Glitter,
    card=Card(Group.SCREEN, "Glitter", "Lets glitter fall."),
)
def glitter(item: QueueItem, payload: Glitter) -> None:
    print("GLITTER", payload.colour)
""",
}

EVENING = """
import django; django.setup()
from django.core.management import call_command
from django.test.utils import override_settings
import effects.chat
call_command("migrate", verbosity=0)
from redeems import purchase; purchase.seed()
from joystick.models import Reaction
Reaction.objects.create(occasion="parting", lines="come back, {user}")
from tests.conftest import frame_text
from effects.queue import worker
from joystick.inbox.receive import receive
from joystick.protocol.frames import read_frame
from joystick.simulator.happenings import chat, leave, tip
effects.chat.group_send = lambda group, message: print("SAID", message["words"]["text"])
for happening in (tip("Bob", 10), chat("Bob", "!cuddle Ann"), chat("Bob", "!glitter gold"), leave("Bob")):
    receive([read_frame(frame_text(happening))])
worker.drain("paper")
from pixelbot_site.kit.steps_field import editor
print("IN THE EDITOR", *(group["label"] for group in editor()["groups"] if "glitter" in group["kinds"]))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's own files, in another place."""
    for name in ("pixelbot_site", "economy", "effects", "redeems", "joystick", "templates", "tests", "manage.py"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)  # compiled files too, which save each process seconds
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(folder / "data"),
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
        "LOG_LEVEL": "ERROR",
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.journey
def test_one_of_each_dropped_as_a_file_works(copy: Path) -> None:
    for name, code in DROPPED.items():
        (copy / name).write_text(code, encoding="utf-8")
    done = run(copy, "-c", EVENING)
    assert done.stdout.splitlines() == [
        "SAID @Bob hugs Ann",
        "SAID @Bob done, it is in the queue. 7 points left.",
        "SAID bye Bob",
        "SAID come back, Bob",
        "GLITTER gold",
        "IN THE EDITOR Screen",
    ], done.stderr


def test_two_files_that_claim_one_name_stop_the_start(copy: Path) -> None:
    (copy / "joystick/chat/commands/copy_of_points.py").write_text(another_points("points"), encoding="utf-8")
    done = run(copy, "manage.py", "check")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "Pixel Bot can't start. The command “points” is claimed twice: by joystick.chat.commands.copy_of_points "
        "and by joystick.chat.commands.points. Rename one of them."
    )


def test_two_occasions_of_one_name_stop_the_start(copy: Path) -> None:
    shutil.copy(copy / "joystick/reactions/occasions/tip.py", copy / "joystick/reactions/occasions/tip_again.py")
    assert run(copy, "manage.py", "check").stderr.strip() == (
        "Pixel Bot can't start. The occasion “tip” is claimed twice: by joystick.reactions.occasions.tip "
        "and by joystick.reactions.occasions.tip_again. Rename one of them."
    )


def another_points(word: str) -> str:
    """Return the code of a command that differs from `!points` by its word and by what it says."""
    code = (ROOT / "joystick/chat/commands/points.py").read_text(encoding="utf-8")
    return code.replace('"points", "balance"', f'"{word}"').replace('("points.', '("another.')


def test_two_phrases_of_one_key_stop_the_start(copy: Path) -> None:
    code = another_points("tokens").replace('("another.', '("points.')
    (copy / "joystick/chat/commands/tokens.py").write_text(code, encoding="utf-8")
    assert run(copy, "manage.py", "check").stderr.strip() == (
        "Pixel Bot can't start. The phrase “points.own” is claimed twice: by joystick.chat.commands.points "
        "and by joystick.chat.commands.tokens. Rename one of them."
    )


def test_a_command_and_a_redeem_of_one_name_stop_the_start(copy: Path) -> None:
    (copy / "joystick/chat/commands/tts.py").write_text(another_points("tts"), encoding="utf-8")
    assert "!tts is both a command and a redeem" in run(copy, "manage.py", "check").stderr


def test_a_name_that_the_platform_answers_itself_stops_the_start(copy: Path) -> None:
    (copy / "joystick/chat/commands/tokens.py").write_text(another_points("tokens"), encoding="utf-8")
    assert "Joystick.tv itself answers !tokens" in run(copy, "manage.py", "check").stderr


DOCS = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("name", list(commands))
def test_every_command_has_a_test_and_a_line_in_the_docs(name: str) -> None:
    assert f"`!{name}`" in DOCS
    assert re.search(rf'"!{name}\b', TESTS)


@pytest.mark.parametrize("name", list(catalog))
def test_every_redeem_has_a_test_and_a_line_in_the_docs(name: str) -> None:
    assert f"| `{name}` |" in DOCS
    assert f'"!{name} ' in TESTS


@pytest.mark.parametrize("name", list(kinds))
def test_every_effect_has_a_test_and_a_line_in_the_docs(name: str) -> None:
    assert f"| `{name}` |" in DOCS
    assert re.search(rf"import .*\b{name}\b", TESTS)


@pytest.mark.parametrize("event", handled_types(), ids=lambda event: event.__name__)
def test_every_handler_has_a_test_and_a_line_in_the_docs(event: type) -> None:
    for handler in handlers(object.__new__(event)):
        assert f"| `{handler.__name__}` |" in DOCS
        assert re.search(rf"import .*\b{handler.__name__}\b", TESTS)
        assert inspect.getdoc(handler)


@pytest.mark.parametrize("name", list(occasions))
def test_every_occasion_has_a_test_and_a_line_in_the_docs(name: str) -> None:
    kind = occasions.get(name)
    assert kind is not None
    (line,) = [line for line in DOCS.splitlines() if line.startswith(f"| `{name}` | {kind.title}")]
    assert set(re.findall(r"`\{(\w+)\}`", line)) == set(kind.words)
    assert f'    "{name}": (' in TESTS


def test_every_word_has_a_test_and_a_line_in_the_docs() -> None:
    told = DOCS.replace("\\|", "|").replace("`", "")
    for name, word in words.items():
        if name in "23456789":  # told and tested with {1}
            continue
        assert f"| {{{name}}} | {word.does}" in told
        assert re.search(rf"\{{{re.escape(name)}[:}}|]", TESTS)


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_every_scenario_has_a_line_in_the_docs(name: str) -> None:
    assert f"`{name}`" in DOCS
