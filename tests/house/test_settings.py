"""Settings: documented, checked, and said in sentences."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from pixelbot_site.kit import rules
from pixelbot_site.kit.env import Reader
from tests.processes import ROOT


def test_the_example_documents_every_setting_and_no_other() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    documented = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    assert documented == settings.SETTING_NAMES - {"PIXELBOT_DEMO"}


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    """With every line of the example taken as it stands, nothing changes."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    lines = [line.removeprefix("#") for line in example.splitlines() if re.match(r"#[A-Z][A-Z0-9_]+=", line)]
    (tmp_path / "all.env").write_text("\n".join(lines), encoding="utf-8")
    shown = [snapshot(tmp_path, env_file) for env_file in (os.devnull, str(tmp_path / "all.env"))]
    assert shown[0] == shown[1]
    assert "points_per_chat=1" in shown[0]


def snapshot(folder: Path, env_file: str) -> str:
    """The rules, and some settings beside them, as a fresh process reads them."""
    program = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from pixelbot_site.kit import rules\n"
        "print(rules.current(), settings.JOYSTICK_GATEWAY_URL, settings.TTS_PRE_SOUND, settings.LOG_LEVEL, settings.TIME_ZONE)"
    )
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": env_file, "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings"}
    # The example's DATA_DIR must not make a folder in the project.
    environment["DATA_DIR"] = str(folder)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_defaults_are_the_ones_promised() -> None:
    now = rules.current()
    assert (now.points_per_chat, now.points_per_follow, now.points_per_sub, now.points_per_dropin) == (1, 50, 200, 25)
    assert (now.xp_per_chat, now.xp_per_follow, now.xp_per_sub, now.xp_per_dropin) == (1, 10, 50, 5)
    assert (now.points_per_tip_token, now.xp_per_tip_token) == (1.0, 0.1)
    assert (now.chat_cooldown_seconds, now.xp_chat_cooldown_seconds, now.dropin_cooldown_seconds) == (60, 30, 3600)
    assert (now.xp_base, now.xp_exponent, now.xp_max_level, now.tts_queue_max) == (100, 1.8, 9999, 5)


@pytest.mark.parametrize(
    ("method", "raw", "value"),
    [
        ("whole", "7", 7),
        ("whole", " 7 ", 7),
        ("number", "0.5", 0.5),
        ("yes", "On", True),
        ("yes", "0", False),
        ("words", "a, b,,c", ["a", "b", "c"]),
        ("text", "$literal", "$literal"),
    ],
)
def test_good_values_are_read(monkeypatch: pytest.MonkeyPatch, method: str, raw: str, value: object) -> None:
    monkeypatch.setenv("SOME_NAME", raw)
    reader = Reader(None)
    assert getattr(reader, method)("SOME_NAME", None) == value
    reader.finish()


@pytest.mark.parametrize(
    ("method", "raw", "allowed"),
    [
        ("whole", "7.5", "a whole number from 0 to"),
        ("whole", "-1", "a whole number from 0 to"),
        ("number", "nan", "a number from 0 to"),
        ("number", "1e99", "a number from 0 to"),
        ("yes", "perhaps", "true or false"),
    ],
)
def test_bad_values_are_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, method: str, raw: str, allowed: str
) -> None:
    monkeypatch.setenv("SOME_NAME", raw)
    reader = Reader(None)
    getattr(reader, method)("SOME_NAME", None)
    with pytest.raises(ImproperlyConfigured, match=f"SOME_NAME={re.escape(raw)}: must be {allowed}"):
        reader.finish()


def test_a_bad_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PASSWORD", "hush")
    reader = Reader(None)
    reader.whole("SOME_PASSWORD", 1)
    with pytest.raises(ImproperlyConfigured) as error:
        reader.finish()
    assert "hush" not in str(error.value)


def test_a_misspelt_name_in_the_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POINT_PER_CHAT", raising=False)
    (tmp_path / ".env").write_text("POINT_PER_CHAT=5\n", encoding="utf-8")
    reader = Reader(tmp_path / ".env")
    reader.whole("POINTS_PER_CHAT", 1)
    reader.finish()
    monkeypatch.delenv("POINT_PER_CHAT")
    assert reader.unknown == ["POINT_PER_CHAT"]


def test_a_line_that_can_not_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "bad.env").write_text("SOME_NAME=2\n\n# fine\n  ANOTHER=indented\nthis is junk\n", encoding="utf-8")
    reader = Reader(tmp_path / "bad.env")
    with pytest.raises(ImproperlyConfigured) as error:
        reader.finish()
    assert [line.strip()[:22] for line in str(error.value).splitlines()[1:]] == [
        "Line 4 of bad.env can'",
        "Line 5 of bad.env can'",
    ]
