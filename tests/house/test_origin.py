"""What is done for an event knows which: its lines in the log have its uid, and its replies the moment at which it came."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from economy.ledger import xp
from economy.models import LevelReward, Viewer
from effects.chat import MAILBOX
from joystick.models import Reaction
from joystick.simulator.happenings import chat, tip
from pixelbot_site.kit import logs, origin
from pixelbot_site.kit.origin import Origin
from pixelbot_site.kit.transactions import after_commit


def shown(message: str) -> tuple[str, dict[str, Any]]:
    """Return a line as people and as programs get it."""
    record = logging.LogRecord("points", logging.INFO, "x.py", 1, message, (), None)
    return logs.PlainFormatter().format(record), json.loads(logs.JsonFormatter().format(record))


def test_a_line_has_the_uid_of_the_event_that_it_is_of() -> None:
    with origin.of("4f0c-2a"):
        plain, program = shown("granted 1")
        with origin.of(None):
            assert "event" not in shown("granted 1")[1]
        assert shown("granted 1")[1]["event"] == "4f0c-2a"
    assert plain.endswith(" [points] [4f0c-2a] granted 1")
    assert (program["event"], program["message"]) == ("4f0c-2a", "granted 1")
    plain, program = shown("granted 1")
    assert plain.endswith(" [points] granted 1") and "event" not in program


@pytest.mark.parametrize(
    "uid",
    [
        "x\n12:00:00 [points] granted 1000 to bob",
        "x] [points] granted",
        "\x1b]52;c;x\x07",
        "\u202ex",
        "é\u2028",
        "x" * 500,
    ],
)
def test_a_uid_of_the_platforms_choice_forges_nothing(uid: str) -> None:
    with origin.of(uid):
        plain, program = shown("granted 1")
    own = plain.partition(" [points] [")[2]
    assert own.endswith("] granted 1") and len(own) <= 64 + len("] granted 1")
    assert not set(own.removesuffix("] granted 1")) & set("[] \n\r\x1b\x07\u202e\u2028é")
    assert program["event"] == own.removesuffix("] granted 1")


@pytest.mark.django_db(transaction=True)
def test_what_follows_the_commit_is_of_the_event_that_asked_for_it() -> None:
    heard: list[Origin | None] = []
    with transaction.atomic(), origin.batch({"a": 1.0, "b": 2.0}):
        for uid in ("a", "b", ""):
            with origin.of(uid):
                after_commit(lambda: heard.append(origin.current()))
    assert heard == [Origin("a", 1.0), Origin("b", 2.0), None]
    assert origin.current() is None


@pytest.mark.django_db(transaction=True)
def test_each_reply_of_a_batch_knows_its_own_event_and_when_that_came(
    monkeypatch: pytest.MonkeyPatch,
    viewer: Callable[..., Viewer],
    deliver: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Levels are paid for, and announced, while a command of somebody else's is handled."""
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "effects.chat.group_send", lambda group, message: sent.append(message) if group == MAILBOX else None
    )
    LevelReward.objects.create(level=2, line="{user}: level {level}!")
    Reaction.objects.create(occasion="tip", lines="Thanks, {user}!")
    viewer("Ann", points=5)
    began = time.time()
    big, asked, other = tip("Bob", 10 * xp.current_curve().begins(2)), chat("Ann", "!points"), chat("Cid", "!level")
    deliver(big, asked, other)
    of = {message["words"]["text"].split()[0]: message for message in sent}
    assert {said: message["event"] for said, message in of.items()} == {
        "@Ann": asked.uid,
        "@Cid": other.uid,
        "Bob:": big.uid,
        "Thanks,": big.uid,
    }
    logs.STDERR.flush()
    granted = [line for line in capsys.readouterr().err.splitlines() if "to bob" in line]
    assert granted and all(f"[{big.uid}] granted" in line for line in granted)  # paid for together, each of its own
    assert all(began <= message["event_at"] <= time.time() for message in sent)
