"""Settings: documented, checked, and said in sentences."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from economy.settings_table import PointsSettings
from effects.settings_table import OutsideSettings, VoiceSettings
from joystick.settings_table import JoystickSettings, Rules
from joystick.simulator.happenings import chat
from pixelbot_site import settings_table
from pixelbot_site.kit import env_example
from pixelbot_site.kit.env import Reader
from pixelbot_site.kit.settings_table import Section, declared, setting
from pixelbot_site.settings_table import SECTIONS, LoginSettings, StorageSettings
from tests.house.test_checks import sources
from tests.processes import ROOT


def test_the_example_is_what_the_declarations_say() -> None:
    """After a change: `python -m pixelbot_site.settings_table > .env.example`."""
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == python("-m", "pixelbot_site.settings_table")


def test_the_example_documents_every_setting_and_no_other() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    documented = re.findall(r"^#([A-Z][A-Z0-9_]+)=", example, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == settings.SETTING_NAMES - {"PIXELBOT_DEMO"}


@pytest.mark.journey
def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    """With every line of the example taken as it stands, nothing changes."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    lines = [line.removeprefix("#") for line in example.splitlines() if re.match(r"#[A-Z][A-Z0-9_]+=", line)]
    (tmp_path / "all.env").write_text("\n".join(lines), encoding="utf-8")
    shown = [snapshot(tmp_path, env_file) for env_file in (os.devnull, str(tmp_path / "all.env"))]
    assert shown[0] == shown[1]
    assert "points_per_chat=1" in shown[0]


def snapshot(folder: Path, env_file: str) -> str:
    """The settings as a fresh process reads them."""
    program = (
        "import django; django.setup()\n"
        "from joystick.settings_table import Rules\n"
        "from pixelbot_site.settings_table import LoginSettings, LogSettings\n"
        "print(Rules.current(), LoginSettings.current(), LogSettings.current())"
    )
    # The example's DATA_DIR must not make a folder in the project.
    return python("-c", program, ENV_FILE=env_file, DATA_DIR=str(folder))


def python(*arguments: str, **environment: str) -> str:
    """What a fresh Python process in the project's folder prints."""
    base = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=base | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_defaults_are_the_ones_promised() -> None:
    now = Rules.current()
    assert (now.points_per_chat, now.points_per_follow, now.points_per_sub, now.points_per_dropin) == (1, 50, 200, 25)
    assert (now.xp_per_chat, now.xp_per_follow, now.xp_per_sub, now.xp_per_dropin) == (1, 10, 50, 5)
    assert (now.points_per_tip_token, now.xp_per_tip_token) == (1.0, 0.1)
    assert (now.chat_cooldown_seconds, now.xp_chat_cooldown_seconds, now.dropin_cooldown_seconds) == (60, 30, 3600)
    assert (now.xp_base, now.xp_exponent, now.xp_max_level, now.tts_queue_max) == (100, 1.8, 9999, 5)


@dataclass(frozen=True)
class Sample(Section):
    """One setting of each type."""

    title: ClassVar[str] = "Samples"

    whole: int = setting(7, "A whole one.", minimum=1, maximum=10, unit="apples")
    number: float = setting(0.5, "A number.", maximum=1.0)
    flag: bool = setting(True, "A flag.")
    text: str = setting("sound.wav", "A text.", may_be_empty=True)
    choice: str = setting("one", "A choice.", choices=("one", "two"))
    names: tuple[str, ...] = setting(("b", "a"), "Names.")
    listed: frozenset[str] = setting(frozenset(), "Listed.")
    amounts: Mapping[str, int] = setting({}, "Amounts.")
    password: str = setting("", "A secret.", is_secret=True, choices=("right",))
    some_url: str = setting("", "An address.", choices=("http://right",))


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("WHOLE", " 10 ", 10),
        ("WHOLE", "", 7),
        ("NUMBER", "0.25", 0.25),
        ("FLAG", "Off", False),
        ("FLAG", "1", True),
        ("TEXT", "$literal", "$literal"),
        ("TEXT", "", ""),
        ("CHOICE", "two", "two"),
        ("NAMES", "a, b,,c", ("a", "b", "c")),
        ("LISTED", "a,a", frozenset({"a"})),
        ("AMOUNTS", "chat=500, dropin = 50", {"chat": 500, "dropin": 50}),
    ],
)
def test_good_values_are_read(monkeypatch: pytest.MonkeyPatch, name: str, raw: str, value: object) -> None:
    monkeypatch.setenv(name, raw)
    reader = Reader(None)
    assert getattr(reader.read(Sample), name.lower()) == value
    reader.finish()


@pytest.mark.parametrize(
    ("name", "raw", "allowed"),
    [
        ("WHOLE", "7.5", "a whole number of apples from 1 to 10"),
        ("WHOLE", "0", "a whole number of apples from 1 to 10"),
        ("WHOLE", "11", "a whole number of apples from 1 to 10"),
        ("NUMBER", "nan", "a number from 0 to 1"),
        ("NUMBER", "1e99", "a number from 0 to 1"),
        ("FLAG", "perhaps", "true or false"),
        ("CHOICE", "three", "one of one, two"),
        ("AMOUNTS", "chat", "whole numbers by name, like chat=500,dropin=50"),
        ("AMOUNTS", "chat=-1", "whole numbers by name, like chat=500,dropin=50"),
    ],
)
def test_a_refused_value_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, raw: str, allowed: str
) -> None:
    monkeypatch.setenv(name, raw)
    assert refusals(Sample) == [f"{name}={raw}: must be {allowed}."]


@pytest.mark.parametrize("name", ["PASSWORD", "SOME_URL"])
def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "hush")
    (refusal,) = refusals(Sample)
    assert refusal.startswith(f"{name}=…: must be ")
    assert "hush" not in refusal


def test_a_secret_is_not_in_a_snapshots_repr() -> None:
    assert "hush" not in repr(Sample(password="hush"))
    assert "loud" in repr(Sample(text="loud"))


def test_what_is_secret_by_its_name_is_declared_so() -> None:
    declarations = {name: declaration for section in SECTIONS for name, declaration in declared(section).items()}
    ends = (
        "CLIENT_ID",
        "SECRET",
        "PASSWORD",
        "GATEWAY_TOKEN",
        "METRICS_TOKEN",
        "SECRET_KEY",
        "API_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "MEDIA_STORAGE",
        "STORAGE_KEY",
    )
    named = {name for name in declarations if name.endswith(ends)}
    assert len(named) == 14
    assert named == {name for name, declaration in declarations.items() if declaration.is_secret}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_bound_holds(monkeypatch: pytest.MonkeyPatch, section: type[Section]) -> None:
    for name, declaration in declared(section).items():
        if type(declaration.default) not in {int, float}:
            continue
        for raw in (declaration.minimum - 1, declaration.maximum + 1):
            monkeypatch.setenv(name, str(raw))
            assert f"{name}={raw}: must be {declaration.allowed}." in refusals(section)
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("section", "environment", "sentence"),
    [
        (LoginSettings, {"TIME_ZONE": "Mars"}, "TIME_ZONE=Mars: must be a place's name like Europe/Berlin."),
        (
            LoginSettings,
            {"API_RATE_LIMIT": "6"},
            "API_RATE_LIMIT=6: must be requests for each s, m, h or d, like 600/m.",
        ),
        (
            JoystickSettings,
            {"JOYSTICK_GATEWAY_URL": "https://x"},
            "JOYSTICK_GATEWAY_URL=…: must be an address like wss://api.joystick.tv/cable.",
        ),
        (
            JoystickSettings,
            {"JOYSTICK_API_URL": "ftp://x"},
            "JOYSTICK_API_URL=…: must be an address like https://api.joystick.tv.",
        ),
        (
            JoystickSettings,
            {"JOYSTICK_SCOPES": "identity:read,chat:read"},
            "JOYSTICK_SCOPES=identity:read,chat:read: must be identity:read, chat:read, chat:write, and any of ",
        ),
        (
            JoystickSettings,
            {"JOYSTICK_SCOPES": "identity:read,chat:read,chat:write,chat:sing"},
            "JOYSTICK_SCOPES=identity:read,chat:read,chat:write,chat:sing: must be ",
        ),
        (
            JoystickSettings,
            {"JOYSTICK_CLIENT_ID": "x", "JOYSTICK_CLIENT_SECRET": "x"},
            "JOYSTICK_CLIENT_ID=…: must be different from JOYSTICK_CLIENT_SECRET: one of the two was pasted twice.",
        ),
        (
            JoystickSettings,
            {"JOYSTICK_CLIENT_ID": "aWQ6c2VjcmV0"},
            "JOYSTICK_CLIENT_ID=…: must be the application's id; this looks like the id and the secret together.",
        ),
        (
            VoiceSettings,
            {"TTS_ENGINE": "piper", "TTS_PIPER_MODEL": "/nowhere.onnx"},
            "TTS_PIPER_MODEL=/nowhere.onnx: must be the path of a Piper voice (.onnx), where TTS_ENGINE is piper.",
        ),
        (
            OutsideSettings,
            {"WEBHOOK_ADDRESSES": "https://example.org", "WEBHOOK_SECRET": "short"},
            "WEBHOOK_SECRET=…: must be at least 16 characters, where WEBHOOK_ADDRESSES are set.",
        ),
        (
            StorageSettings,
            {"DATABASE_URL": "mysql://u:p@h/n"},
            "DATABASE_URL=…: must be postgresql://user:password@host:5432/name or sqlite:///path/to/file.",
        ),
        (StorageSettings, {"REDIS_URL": "http://x"}, "REDIS_URL=…: must be redis://host:6379/0."),
        (StorageSettings, {"REDIS_URL": "unix:///run/redis.sock"}, "REDIS_URL=…: must be redis://host:6379/0."),
    ],
)
def test_what_can_not_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, section: type[Section], environment: dict[str, str], sentence: str
) -> None:
    for name, raw in environment.items():
        monkeypatch.setenv(name, raw)
    (refusal,) = refusals(section)
    assert refusal.startswith(sentence)


def test_the_demo_does_not_care_about_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, raw in {"PIXELBOT_DEMO": "true", "DATABASE_URL": "mysql://h/n", "REDIS_URL": "http://x"}.items():
        monkeypatch.setenv(name, raw)
    assert refusals(StorageSettings) == []


def test_names_of_viewers_are_read_as_viewers_are_keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCLUDED_USERNAMES", "NightBot, Straße")
    assert Reader(None).read(PointsSettings).excluded_usernames == {"nightbot", "strasse"}


def refusals(section: type[Section]) -> list[str]:
    """The sentences about what the section's settings have in the environment."""
    reader = Reader(None)
    reader.read(section)
    try:
        reader.finish()
    except ImproperlyConfigured as error:
        head, *lines = str(error).splitlines()
        assert head == "Please correct these settings (.env or environment):"
        return [line.strip() for line in lines]
    return []


def test_a_new_setting_is_declared_in_one_place(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    """The declaration below is all that there is of this setting: the rest comes from it."""

    @dataclass(frozen=True)
    class Fishing(Section):
        title: ClassVar[str] = "Fishing"
        bait_cost: int = setting(5, "What a worm costs.", minimum=1, maximum=99, unit="points")

    example = env_example.example([*SECTIONS, Fishing])
    assert example.endswith("\n# What a worm costs.\n# A whole number of points from 1 to 99.\n#BAIT_COST=5\n")
    monkeypatch.setenv("BAIT_COST", "8")
    reader = Reader(None)
    assert reader.read(Fishing).bait_cost == 8
    settings.BAIT_COST = reader.values["BAIT_COST"]
    assert Fishing.current().bait_cost == 8
    monkeypatch.setenv("BAIT_COST", "100")
    assert refusals(Fishing) == ["BAIT_COST=100: must be a whole number of points from 1 to 99."]


def test_a_snapshot_does_not_change_with_the_settings(settings: Settings) -> None:
    before = Rules.current()
    settings.POINTS_PER_CHAT = 77
    assert (before.points_per_chat, Rules.current().points_per_chat) == (1, 77)


@pytest.mark.django_db(transaction=True)
def test_a_batch_takes_one_snapshot(deliver: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(*(chat(f"viewer{number}", "hello") for number in range(20)))
    taken: list[str] = []
    real = Section.current.__func__  # type: ignore[attr-defined]

    def count(section: type[Section]) -> Section:
        taken.append(section.__name__)
        snapshot: Section = real(section)
        return snapshot

    monkeypatch.setattr(Section, "current", classmethod(count))
    deliver(*(chat(f"viewer{number}", "hello again") for number in range(20)))
    assert taken == ["Rules"]


def test_no_two_sections_declare_the_same_name() -> None:
    names = [name for section in SECTIONS for name in declared(section)]
    assert len(names) == len(set(names))


def test_declared_settings_are_read_from_snapshots_alone() -> None:
    """What settings.py itself sets, such as DATA_DIR, holds the value in effect and is read from Django's settings."""
    own = set(re.findall(r"^ *([A-Z][A-Z_]+)\b.*? = ", (ROOT / "pixelbot_site/settings.py").read_text("utf-8"), re.M))
    names = settings.SETTING_NAMES - own
    assert {"POINTS_PER_CHAT", "API_RATE_LIMIT"} <= names
    found = [
        f"{path.name}: {name}"
        for path in sources()
        if path.suffix == ".py" and "tests" not in path.parts
        for name in re.findall(r"\bsettings\.([A-Z][A-Z_]+)\b", path.read_text("utf-8"))
        if name in names
    ]
    assert found == []


def test_a_misspelt_name_in_the_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POINT_PER_CHAT", raising=False)
    (tmp_path / ".env").write_text("POINT_PER_CHAT=5\n", encoding="utf-8")
    reader = Reader(tmp_path / ".env")
    reader.read(PointsSettings)
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


@pytest.mark.parametrize(
    ("found", "zone"),
    [("Europe/Berlin", "Europe/Berlin"), ("Mars/Olympus", "UTC"), (None, "UTC"), (LookupError("none"), "UTC")],
)
def test_times_are_in_the_machines_own_zone_if_it_has_a_name(
    monkeypatch: pytest.MonkeyPatch, found: object, zone: str
) -> None:
    def name() -> object:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr("tzlocal.get_localzone_name", name)
    assert settings_table.local_time_zone() == zone


def test_a_start_in_another_zone_takes_it(tmp_path: Path) -> None:
    environment = {"TZ": "Asia/Tokyo", "TIME_ZONE": "", "ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path)}
    assert (
        python("-c", "from pixelbot_site.settings import TIME_ZONE; print(TIME_ZONE)", **environment) == "Asia/Tokyo\n"
    )
