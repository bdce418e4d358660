"""Who may be beside whom on one data folder, and on one SQLite file."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.db import OperationalError, connection

from pixelbot_site.upkeep import data_folder


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL is for several processes anyway")
@pytest.mark.parametrize("place", ["in the data folder", "elsewhere"])
def test_listeners_share_a_database_which_a_bot_in_one_process_has_alone(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "elsewhere":
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "another.sqlite3"))
    with data_folder.share_database(), data_folder.share_database():
        with pytest.raises(CommandError, match="Pixel Bot is running already on"), data_folder.lock():
            pass
    with data_folder.lock():
        with pytest.raises(CommandError, match="A bot in one process runs already on"), data_folder.share_database():
            pass
    with data_folder.share_database():  # it has let go
        pass


@pytest.mark.parametrize("reason", ["no such table: x", "no such column: x", 'relation "x" does not exist'])
@pytest.mark.django_db
def test_what_another_version_lacks_is_told_as_such(reason: str) -> None:
    assert f"is not of this version of the bot ({reason})." in data_folder.of_database(OperationalError(reason))


@pytest.mark.django_db
def test_a_database_that_is_not_there_is_none_without_tables() -> None:
    assert "can't be used: " in data_folder.of_database(OperationalError('database "x" does not exist'))
