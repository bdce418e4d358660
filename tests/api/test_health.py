"""`/health` says what the dashboard says: the same sentences, for each thing that may go wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from economy import tasks
from economy.earning.pay import Award, pay
from economy.models import Points, Viewer
from effects.models import Prize
from effects.obs import health, names
from effects.obs.client import OBS
from effects.overlays import pages
from joystick.channel import health as connection
from joystick.channel import streams
from joystick.models import Install
from joystick.settings_table import Rules
from tests.real_obs import running_obs

Check = Callable[[str], None]


@pytest.fixture
def check(call: Callable[..., Any], owner: Any) -> Iterator[Check]:
    """`check(sentence)`: both the dashboard and `/health` say `sentence`, and nothing else. Before, neither does."""
    cache.clear()  # what OBS lacks is kept there
    dashboard = Client()
    dashboard.force_login(owner)

    def troubles() -> list[str]:
        health = call("get", "/health").json()
        lines = re.findall(r'<li class="error">(.*?)</li>', dashboard.get("/admin/").text)
        assert [unescape(line) for line in lines] == health["troubles"]
        assert health["ok"] is (not health["troubles"])
        return list(health["troubles"])

    def check_now(sentence: str) -> None:
        (trouble,) = troubles()
        assert trouble.startswith(sentence)

    assert troubles() == []
    yield check_now
    cache.clear()


def test_an_install_that_needs_reconnecting(check: Check) -> None:
    Install.objects.create(channel_id="c", username="Fox", trouble="the <b>access</b> was revoked.")
    check("Fox needs reconnecting: the <b>access</b> was revoked.")


def test_a_bot_that_hears_itself_under_another_name(check: Check) -> None:
    connection.note_own_name("PixelBot")
    check("The bot hears its own lines from PixelBot. If that is its account, set BOT_USERNAME=PixelBot in .env")


def test_a_line_that_is_refused(check: Check) -> None:
    connection.take_lease("a listener")
    connection.set_state("a listener", "refused", "unauthorized")
    check("Joystick.tv refuses the bot: unauthorized")


def test_an_audit_that_failed(check: Check, viewer: Callable[..., Viewer]) -> None:
    Points.objects.filter(viewer=viewer("Ann", points=5)).update(balance=1)
    tasks.audit_ledger()
    check("The ledger does not agree with itself (Ann has 1 points")


def test_levels_of_another_curve(check: Check, settings: Any, rules: Rules, now: Any) -> None:
    pay([Award("Ann", "tip", "1", xp=950)], rules=rules, now=now)
    settings.XP_BASE = 10
    check("The levels were computed with another curve")


def test_a_stream_that_no_overlay_shows(check: Check, stage: None, now: Any) -> None:
    streams.begin("c", now)
    assert pages.is_open()
    pages.forget_all()
    check("No overlay is open, so that viewers see and hear nothing")


def test_names_that_obs_does_not_have(
    check: Check, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OBS_ENABLED = True
    Prize.objects.create(name="A change", effects=[{"kind": "obs_scene", "scene": "Attic"}])
    with running_obs(tmp_path) as real:
        line = OBS(lambda: real.options)
        for module in (names, health):
            monkeypatch.setattr(module, "obs", lambda: line)
        names.check()
        line.stop()
    check("prize “A change”: OBS has no scene called “Attic”.")
