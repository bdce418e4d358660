"""What is wrong with the data folder, the database or `.env` stops the start with a sentence, without a traceback."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from joystick.simulator.happenings import tip
from tests.processes import ROOT, BotProcess, SimulatorThread, wait_until

MakeBot = Callable[..., BotProcess]
DATABASE = "pixelbot.sqlite3"


def refusal(bot: BotProcess, **options: Any) -> str:
    """Everything that a bot says which does not start."""
    run = subprocess.run(
        bot.command, cwd=ROOT, env=bot.environment, capture_output=True, text=True, timeout=60, check=False, **options
    )
    assert run.returncode != 0
    assert "Traceback" not in run.stdout + run.stderr
    assert run.stdout == ""
    return str(run.stderr).strip()


def a_folder_instead_of(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return spoil


def a_file_instead_of_media(folder: Path) -> None:
    shutil.rmtree(folder / "media")
    (folder / "media").touch()
    with closing(sqlite3.connect(folder / DATABASE)) as database, database:
        database.execute("DELETE FROM effects_sound")  # the shipped ones are made again


def an_empty_key(folder: Path) -> None:
    (folder / "secret_key").write_text("")


def no_database(folder: Path) -> None:
    (folder / DATABASE).write_bytes(b"These are the notes for tonight. " * 999)


def half_a_database(folder: Path) -> None:
    os.truncate(folder / DATABASE, (folder / DATABASE).stat().st_size // 2)


def a_log_without_its_database(folder: Path) -> None:
    (folder / DATABASE).rename(folder / f"{DATABASE}-wal")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (a_folder_instead_of("secret_key"), "secret_key can't be made or read: Is a directory."),
        (a_folder_instead_of("runbot.lock"), "runbot.lock can't be used: Is a directory."),
        (a_folder_instead_of(DATABASE), f"{DATABASE} can't be used: Is a directory."),
        (a_file_instead_of_media, "media/sounds can't be used: Not a directory."),
        (an_empty_key, "secret_key holds no key."),
        (no_database, f"{DATABASE} is damaged (file is not a database)."),
        (half_a_database, f"{DATABASE} is damaged ("),
        (a_log_without_its_database, f"There is {DATABASE}-wal in "),
    ],
)
def test_a_spoilt_data_folder_is_one_sentence(
    make_bot: MakeBot, tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    spoil(tmp_path / "data")
    said = refusal(make_bot())
    assert sentence in said
    assert len(said.splitlines()) == 1


@pytest.mark.empty_data
def test_a_data_folder_that_can_not_be_made_is_one_sentence(make_bot: MakeBot, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    inside = refusal(make_bot(DATA_DIR=str(tmp_path / "file" / "data")))
    assert inside == (
        f"Pixel Bot can't start. The folder DATA_DIR={tmp_path}/file/data can't be made or used: it is a file."
    )
    assert "can't be made or used: No such file or directory." in refusal(make_bot(DATA_DIR="/proc/pixelbot"))


@pytest.mark.parametrize("command", ["audit_ledger", "backup", "recompute_levels"])
def test_a_folder_without_a_database_is_one_sentence(tmp_path: Path, command: str) -> None:
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0 and len(said.splitlines()) == 1
    assert f"The database {tmp_path}/{DATABASE} has no tables of the bot yet." in said
    assert not list(tmp_path.glob("backups/*.zip"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's limits")
@pytest.mark.parametrize("kilobytes", [0, 40])
@pytest.mark.empty_data
def test_a_full_disk_is_one_sentence(make_bot: MakeBot, kilobytes: int) -> None:
    limit = kilobytes * 1024  # no file may become larger, as on a disk with so much left

    def full() -> None:
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    said = refusal(make_bot(), preexec_fn=full)
    assert "can't be" in said and len(said.splitlines()) == 1


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize(
    ("modes", "reason"),
    [
        ({"": 0o500}, "runbot.lock can't be used: Permission denied."),
        ({DATABASE: 0o400}, f"{DATABASE} can't be used: attempt to write a readonly database. May this account write"),
        ({DATABASE: 0o000}, f"{DATABASE} can't be used: Permission denied."),
        ({"secret_key": 0o000}, "secret_key can't be made or read: Permission denied."),
        ({"": 0o000}, "secret_key can't be made or read: Permission denied."),
    ],
)
def test_a_data_folder_that_can_not_be_used_is_one_sentence(
    make_bot: MakeBot, tmp_path: Path, modes: dict[str, int], reason: str
) -> None:
    bot = make_bot()
    if os.geteuid() == 0:  # root may do everything, unless this right is taken from it
        if (setpriv := shutil.which("setpriv")) is None:
            pytest.skip("root needs setpriv")
        bot.command = [setpriv, "--bounding-set", "-dac_override,-dac_read_search", *bot.command]
    (tmp_path / "data" / "runbot.lock").unlink()
    for name, mode in modes.items():
        (tmp_path / "data" / name).chmod(mode)
    try:
        said = refusal(bot)
    finally:
        (tmp_path / "data").chmod(0o700)
    assert reason in said and len(said.splitlines()) == 1


def test_a_copy_made_while_the_bot_runs_is_refused_when_it_is_torn(
    bot: BotProcess, make_bot: MakeBot, simulator: SimulatorThread, tmp_path: Path
) -> None:
    old = (bot.folder / DATABASE).read_bytes()
    simulator.happen(*(tip(f"Viewer{number}", 5) for number in range(300)))
    wait_until(lambda: bot.one("SELECT count(*) FROM economy_transaction") == 300, "all tips are paid")
    bot.stop()
    new = (bot.folder / DATABASE).read_bytes()
    assert len(new) > len(old)
    # The first half was copied before the tips were merged into the file, the second half after.
    middle = len(old) // 2 // 4096 * 4096
    (bot.folder / DATABASE).write_bytes(old[:middle] + new[middle:])
    said = refusal(make_bot())
    assert "is damaged (" in said and "A copy that is made while the bot runs is no backup" in said
    assert (bot.folder / DATABASE).read_bytes() == old[:middle] + new[middle:]


@pytest.mark.parametrize("put", [shutil.copyfile, os.replace])  # into the same file, and as another one
def test_an_older_database_beside_the_log_of_a_newer_one_is_refused(
    bot: BotProcess, make_bot: MakeBot, simulator: SimulatorThread, put: Callable[[Path, Path], object]
) -> None:
    old = Path(shutil.copy(bot.folder / DATABASE, bot.folder / "old"))
    simulator.happen(*(tip(f"Viewer{number}", 5) for number in range(300)))
    wait_until(lambda: bot.one("SELECT count(*) FROM economy_transaction") == 300, "all tips are paid")
    with closing(sqlite3.connect(bot.folder / DATABASE)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    simulator.happen(tip("Bob", 5))
    wait_until(lambda: bot.one("SELECT count(*) FROM economy_transaction") == 301, "one more, in the log alone")
    bot.kill()
    put(old, bot.folder / DATABASE)
    assert f"{DATABASE} is damaged (" in refusal(make_bot())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_settings_saved_by_an_editor_of_windows_are_read(make_bot: MakeBot, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "my.env").write_text("POINTS_PER_CHAT=lots\r\n# Zoë's\r\n", encoding=encoding)
    assert "POINTS_PER_CHAT=lots: must be a whole number" in refusal(make_bot(ENV_FILE=str(tmp_path / "my.env")))


@pytest.mark.parametrize("content", ["Zoë".encode("latin-1"), "A=1\n".encode("utf-16-le"), b"POINTS_PER_CHAT=1\0\n"])
def test_settings_in_another_encoding_are_one_sentence(make_bot: MakeBot, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "my.env").write_bytes(content)
    assert refusal(make_bot(ENV_FILE=str(tmp_path / "my.env"))).splitlines()[1:] == [
        f"  {tmp_path}/my.env is no text in UTF-8. Save it as UTF-8 in your editor."
    ]


def test_a_folder_named_like_the_settings_is_one_sentence(make_bot: MakeBot, tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert refusal(make_bot(ENV_FILE=str(tmp_path / ".env"))).splitlines()[1:] == [
        f"  {tmp_path}/.env can't be read: Is a directory."
    ]


def test_a_line_that_can_not_be_read_is_said_once(make_bot: MakeBot, tmp_path: Path) -> None:
    (tmp_path / "my.env").write_text("this is junk\n")
    said = refusal(make_bot(ENV_FILE=str(tmp_path / "my.env")))
    assert said.splitlines()[1:] == ["  Line 1 of my.env can't be read. Write NAME=value, from the line's beginning."]
