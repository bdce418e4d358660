"""The presets of webhook targets, each at a local server that takes nothing but what the program's documentation says."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from economy.models import Viewer
from effects.library.webhook import Webhook
from effects.models import QueueItem, State, WebhookTarget
from effects.outside.presets import PRESETS
from effects.queue import items, worker
from effects.registry import Effect

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

ID = "4af4bdef-f396-521f-a1a5-02983ae638cb"
# Names that Mix It Up fills in itself. It looks for `$` and a name, the longest of those that were sent first.
MIX_IT_UP_HAS = ("user", "username", "userdisplayname", "arg1text", "allargs", "amount", "streamerusername", "date")


def discord(path: str, body: Mapping[str, Any]) -> int:
    """Execute Webhook: 1 to 2,000 characters, of which none may mention anybody here; 204 without `wait`."""
    fits = body.keys() <= {"content", "username", "avatar_url", "tts", "embeds", "allowed_mentions", "flags"}
    fits = fits and isinstance(body["content"], str) and 1 <= len(body["content"]) <= 2000
    fits = fits and body["allowed_mentions"] == {"parse": []}
    return 204 if fits and re.fullmatch(r"/api/webhooks/[^/]+/[^/]+", path) else 400


def streamerbot(path: str, body: Mapping[str, Any]) -> int:
    """DoAction: an action by its id or its name, and arguments of any kind by theirs; 204."""
    fits = body.keys() <= {"action", "args"} and isinstance(body["args"], dict)
    fits = (
        fits
        and body["action"].keys() <= {"id", "name"}
        and all(isinstance(one, str) for one in body["action"].values())
    )
    return 204 if fits and body["action"] and path == "/DoAction" else 400


def mixitup(path: str, body: Mapping[str, Any]) -> int:
    """RunCommand of version 2: texts, and special identifiers that are texts by names of letters; 200, 404 for no command."""
    kinds = {"Platform": str, "Arguments": str, "SpecialIdentifiers": dict, "IgnoreRequirements": bool}
    fits = body.keys() <= kinds.keys() and all(isinstance(value, kinds[name]) for name, value in body.items())
    fits = fits and body["Platform"] in ("Twitch", "YouTube", "Trovo", "All")
    for name, value in body["SpecialIdentifiers"].items():
        hides = [own for own in MIX_IT_UP_HAS if own.startswith(name)]
        fits = fits and re.fullmatch("[a-z0-9]+", name) is not None and isinstance(value, str) and not hides
    if not re.fullmatch(rf"/api/v2/commands/{ID}", path):
        return 404
    return 200 if fits else 400


def homeassistant(path: str, body: Mapping[str, Any]) -> int:
    """A webhook's trigger: any JSON; 200, whether there is such a trigger or not."""
    return 200 if re.fullmatch(r"/api/webhook/[\w-]+", path) else 404


PROGRAMS: dict[str, Callable[[str, Mapping[str, Any]], int]] = {
    "discord": discord, "streamerbot": streamerbot, "mixitup": mixitup, "homeassistant": homeassistant,
}  # fmt: skip


class Program(BaseHTTPRequestHandler):
    """Answers as the program whose preset is tried, and POST alone."""

    takes: Callable[[str, Mapping[str, Any]], int]
    told: list[tuple[int, Any]]
    busy: list[str]  # what Retry-After says to the next requests

    def do_POST(self) -> None:
        """Check the request, and answer."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_json = self.headers["Content-Type"] == "application/json"
        pause = self.busy.pop(0) if self.busy else None
        try:
            status = 429 if pause is not None else type(self).takes(self.path, body) if is_json else 415
        except (KeyError, TypeError, AttributeError):  # something is missing, or is no text or object
            status = 400
        self.told.append((status, body))
        self.send_response(status)
        if pause is not None:
            self.send_header("Retry-After", pause)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def program(request: pytest.FixtureRequest, settings: Any) -> Iterator[type[Program]]:
    """The program of that name, and a target that is filled in by its preset."""
    preset = PRESETS[request.param]
    members = {"takes": staticmethod(PROGRAMS[request.param]), "told": [], "busy": []}
    handler = type("Handler", (Program,), members)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        root = f"http://127.0.0.1:{running.server_port}"
        settings.WEBHOOK_ADDRESSES, settings.WEBHOOK_SECRET = [f"{root}/"], "sixteen characters"
        path = re.sub(r"\b(ID|TOKEN)\b", ID, urlsplit(preset.url).path)
        WebhookTarget.objects.create(name="There", url=root + path, body=preset.body)
        yield handler
        running.shutdown()


def call(viewer: Viewer | None, **payload: str) -> QueueItem:
    item = items.enqueue(Effect("webhook", {"target": "There", **payload}), viewer=viewer)
    worker.drain("effect")
    item.refresh_from_db()
    return item


@pytest.mark.parametrize("program", list(PRESETS), indirect=True)
def test_the_program_takes_what_its_preset_sends(program: type[Program], viewer: Callable[..., Viewer]) -> None:
    longest = {
        name: field.metadata[0].max_length for name, field in Webhook.model_fields.items() if name in ("text", "amount")
    }
    for person, payload in (
        (viewer("Bob"), {"text": '@everyone "hi" \u2764', "amount": "5", "action": "Blink"}),
        (viewer("B" * 100), {name: "x" * length for name, length in longest.items()} | {"action": "Blink"}),
        (None, {"text": "", "amount": "", "action": "Blink"}),
    ):
        item = call(person, **payload)
        assert (item.state, item.error, program.told[-1][0] // 100) == (State.DONE, "", 2), program.told[-1]
    assert len(program.told) == 3


@pytest.mark.parametrize("program", ["discord"], indirect=True)
def test_who_is_asked_too_often_is_asked_once_more_where_that_is_soon(program: type[Program]) -> None:
    for pauses, statuses, error in (
        (["0.2"], [429, 204], ""),
        (["0.1", "0.1"], [429, 429], "the address answered 429"),
        (["65"], [429], "the address answered 429"),
        (["Fri, 31 Dec 1999 23:59:59 GMT"], [429], "the address answered 429"),
        (["-1"], [429], "the address answered 429"),
        (["nan"], [429], "the address answered 429"),
    ):
        program.told.clear()
        program.busy[:] = pauses
        assert call(None, text="hi").error == error
        assert [status for status, _ in program.told] == statuses
