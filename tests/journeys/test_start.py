"""A start by the script: it finds Python, sets up, and opens the dashboard in the browser, logged in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Callable
from http.cookiejar import CookieJar
from pathlib import Path

import psutil
import pytest

from tests.processes import ROOT, BotProcess, wait_until

MakeBot = Callable[..., BotProcess]


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """Stand in for the browser: a program that writes down the address that it is to open."""
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened.new; mv {tmp_path}/opened.new {tmp_path}/opened\n')
    program.chmod(0o755)
    return program


def opened(browser: Path) -> str:
    file = browser.with_name("opened")
    wait_until(file.exists, "the browser is opened")
    return file.read_text().strip()


def page_at(address: str) -> str:
    """Return what a new browser sees at an address."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with opener.open(address, timeout=10) as response:
        text: str = response.read().decode()
        return text


def test_the_browser_is_opened_logged_in_by_a_link_that_works_once(make_bot: MakeBot, browser: Path) -> None:
    bot = make_bot("--open", BROWSER=f"{browser} %s").start()
    link = opened(browser)
    assert re.fullmatch(rf"http://127\.0\.0\.1:{bot.port}/start/[\w-]{{43}}/", link)
    assert "Log out" in page_at(link)
    assert "Log out" not in page_at(link) and "Password" in page_at(link)
    assert link not in bot.text()


def test_a_link_of_another_machine_or_name_shows_the_login(make_bot: MakeBot, browser: Path) -> None:
    bot = make_bot("--open", BROWSER=f"{browser} %s", ALLOWED_HOSTS="bot.example.org").start()
    link = opened(browser)
    request = urllib.request.Request(link, headers={"Host": f"bot.example.org:{bot.port}"})
    with pytest.raises(urllib.error.HTTPError) as refused:  # the redirect leads to its own name
        urllib.request.build_opener(NoRedirect).open(request, timeout=10)
    refused.value.close()
    assert "pixelbot_session" not in str(refused.value.headers)
    assert "Log out" in page_at(link)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow none."""


def test_without_a_browser_the_start_says_what_to_do(make_bot: MakeBot) -> None:
    bot = make_bot("--open", BROWSER="/nonexistent/browser", PATH="/nonexistent").start()
    wait_until(lambda: bot.says("open the dashboard's address yourself, and log in"), "the sentence")


def run_script(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of the script in `folder`."""
    shutil.copy(ROOT / "start.sh", folder)
    shutil.copy(ROOT / "requirements.txt", folder)
    command = ["/bin/sh", str(folder / "start.sh"), *arguments]
    return subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_a_python_that_is_new_enough_the_script_says_where_to_get_one(tmp_path: Path) -> None:
    old = tmp_path / "bin"
    old.mkdir()
    for name in ("dirname", "cmp", "rm"):
        (old / name).symlink_to(shutil.which(name) or name)
    (old / "python3").write_text("#!/bin/sh\nexit 1\n")  # what a Python 3.10 answers to the question
    (old / "python3").chmod(0o755)
    done = run_script(tmp_path, PATH=str(old))
    assert done.returncode == 1
    assert "Pixel Bot needs Python 3.11 or newer. Get it from https://www.python.org/downloads/" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_script_installs_where_the_requirements_changed_and_passes_on_what_follows_its_name(
    tmp_path: Path,
) -> None:
    environment = tmp_path / ".venv" / "bin"
    environment.mkdir(parents=True)
    # A Python that tells what it is asked to do: the real one would install for a minute.
    (environment / "python").write_text('#!/bin/sh\necho "python $@"\n')
    (environment / "python").chmod(0o755)
    first = run_script(tmp_path, "--demo").stdout.splitlines()
    assert first[1:] == [
        "Installing what the bot needs. The first time this takes a minute or two.",
        "python -m pip install --quiet --disable-pip-version-check -r requirements.txt",
        "python manage.py runbot --open --demo",
    ]
    assert run_script(tmp_path).stdout.splitlines()[1:] == ["python manage.py runbot --open"]


@pytest.mark.empty_data
def test_the_first_start_takes_no_more_memory_than_another(make_bot: MakeBot) -> None:
    bot, taken = make_bot(), []
    for _ in range(2):
        bot.start()
        assert bot.process is not None
        taken.append(psutil.Process(bot.process.pid).memory_info().rss)
        bot.stop()
    assert taken[0] < 1.2 * taken[1]  # 1.7 times, while what the migrations left was kept for ever
