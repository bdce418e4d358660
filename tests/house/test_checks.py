"""The house is in order: style, types, floors, migrations, and nothing that belongs elsewhere."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.processes import ROOT


def run(*command: str) -> str:
    """Run a tool of the environment; its output, when it is content."""
    tool = Path(sys.executable).parent / command[0]
    words = [str(tool), *command[1:]] if tool.exists() else [sys.executable, *command]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# The tests run on POSIX alone.
APPLICATION = "pixelbot_site joystick redeems effects economy manage.py"


@pytest.mark.parametrize(
    "command",
    [
        "ruff check .",
        "ruff format --check .",
        pytest.param("mypy .", marks=pytest.mark.journey),
        pytest.param(f"mypy --platform win32 {APPLICATION}", marks=pytest.mark.journey),
        pytest.param(f"mypy --platform darwin {APPLICATION}", marks=pytest.mark.journey),
        "lint-imports --no-cache",
        "manage.py check --fail-level WARNING",
        "manage.py makemigrations --check --dry-run",
    ],
)
def test_it_is_clean(command: str) -> None:
    run(*command.split())


CACHES = ("__pycache__", "*.pyc", ".*_cache", ".hypothesis", ".coverage")
WARN_LINES, MAX_LINES = 300, 500


def sources(folder: Path = ROOT, but: tuple[str, ...] = (".git", ".venv", "data", ".env")) -> list[Path]:
    """Return our own files, with git or without: all but caches, and at the top what `but` names."""
    found = []
    for path in sorted(folder.iterdir()):
        if not any(path.match(pattern) for pattern in (*CACHES, *but)):
            found += sources(path, but=()) if path.is_dir() and not path.is_symlink() else [path]
    return found


def code() -> list[Path]:
    """Return our own modules, tests and migrations left out."""
    return [
        path
        for path in sources()
        if path.suffix == ".py" and not {"tests", "migrations"}.intersection(path.relative_to(ROOT).parts)
    ]


def too_long(lines: dict[str, int]) -> list[str]:
    """Return the files that are longer than any may be; warn of those that should be split soon."""
    for name, length in lines.items():
        if WARN_LINES < length <= MAX_LINES:
            warnings.warn(LongFile(f"{name} has {length} lines: is there a seam to split it at?"), stacklevel=2)
    return [name for name, length in lines.items() if length > MAX_LINES]


class LongFile(UserWarning):
    """A file is longer than most; shown in pytest's summary, where every other warning is an error."""


@pytest.mark.filterwarnings("default::tests.house.test_checks.LongFile")
def test_no_file_is_too_long() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in code()}
    assert lines
    assert too_long(lines) == []


def test_a_long_file_is_warned_of_and_a_very_long_one_is_an_error() -> None:
    with pytest.warns(LongFile, match=r"b\.py has 301 lines"):
        assert too_long({"a.py": 300, "b.py": 301, "c.py": 501}) == ["c.py"]
    assert too_long({"a.py": 300, "c.py": 501}) == ["c.py"]
    with pytest.warns(LongFile, match=r"d\.py has 500 lines"):
        assert too_long({"d.py": 500}) == []


def test_only_settings_reads_the_environment() -> None:
    allowed = {"settings.py", "env.py", "manage.py", "celery.py", "asgi.py"}
    readers = {path.name for path in code() if "os.environ" in path.read_text(encoding="utf-8")}
    # The voice's child is told where its data are by the library's own variable.
    assert readers - allowed == {"studio.py"}


def test_the_project_stands_alone() -> None:
    outside = "../" + "shared"
    assert [
        path.name
        for path in sources()
        if path.suffix in {".py", ".toml", ".txt"} and outside in path.read_text(encoding="utf-8")
    ] == []
