"""The database's file is deleted, replaced or cut short while the bot runs."""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from joystick.simulator.happenings import tip
from tests.journeys.way import POINTS
from tests.processes import BotProcess, SimulatorThread, wait_until


def deleted(file: Path) -> None:
    file.unlink()


def replaced(file: Path) -> None:
    shutil.copy(file, file.with_name("other"))
    file.with_name("other").replace(file)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def cut_short(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


SAYS: dict[Callable[[Path], None], str] = {
    deleted: "is gone: it was deleted or renamed.",
    replaced: "is another file than the one the bot was started with.",
    emptied: "is damaged (",
    cut_short: "is damaged (",
}


@pytest.mark.parametrize("take_away", SAYS, ids=lambda step: getattr(step, "__name__", ""))
def test_it_is_noticed_said_on_every_page_and_no_event_is_taken(
    bot: BotProcess, simulator: SimulatorThread, take_away: Callable[[Path], None]
) -> None:
    simulator.happen(tip("Bob", 50))
    wait_until(lambda: bot.one(POINTS) == 50, "the tip is paid")
    file = bot.folder / "pixelbot.sqlite3"
    take_away(file)
    wait_until(lambda: bot.says(SAYS[take_away]), "the log says so", within=10)
    simulator.happen(tip("Bob", 7))
    for path in ("admin/login/", bot.overlay_path[1:], "admin/api/health"):
        assert SAYS[take_away] in answer(bot, path)
    wait_until(lambda: bot.says("the database does not take 1 event,"), "the event waits")
    assert not file.exists() or take_away is not deleted
    assert bot.stop()[0] == 0
    assert bot.says("ended before 1 event (1 tipped) could be stored")
    assert "Traceback" not in bot.text()


def answer(bot: BotProcess, path: str) -> str:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"http://127.0.0.1:{bot.port}/{path}", timeout=10)
    with error.value as response:
        assert response.code == 503
        return response.read().decode()


@pytest.mark.skipif(os.name != "posix", reason="Windows renames no open file")
def test_put_back_the_same_file_is_used_again_and_the_event_in_hand_is_paid(
    bot: BotProcess, simulator: SimulatorThread
) -> None:
    file = bot.folder / "pixelbot.sqlite3"
    aside = file.with_name("aside")
    file.rename(aside)
    wait_until(lambda: bot.says("is gone: it was deleted or renamed."), "the log says so", within=10)
    simulator.happen(tip("Bob", 50))
    wait_until(lambda: bot.says("the database does not take 1 event,"), "the event waits")
    aside.rename(file)
    wait_until(lambda: bot.one(POINTS) == 50, "the tip is paid")
