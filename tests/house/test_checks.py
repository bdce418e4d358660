"""The house is in order: style, types, floors, migrations, and nothing that belongs elsewhere."""

from __future__ import annotations

import subprocess
import sys
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


@pytest.mark.parametrize(
    "command",
    [
        "ruff check .",
        "ruff format --check .",
        "mypy .",
        "lint-imports --no-cache",
        "manage.py check --fail-level WARNING",
        "manage.py makemigrations --check --dry-run",
    ],
)
def test_it_is_clean(command: str) -> None:
    run(*command.split())


def sources() -> list[Path]:
    """Our own files, as git knows them."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    code = [
        path
        for path in sources()
        if path.suffix == ".py" and "tests" not in path.parts and "migrations" not in path.parts
    ]
    assert code
    assert [path.name for path in code if len(path.read_text(encoding="utf-8").splitlines()) > 300] == []


def test_only_settings_reads_the_environment() -> None:
    allowed = {"settings.py", "env.py", "manage.py", "celery.py", "asgi.py"}
    readers = {
        path.name
        for path in sources()
        if path.suffix == ".py" and "tests" not in path.parts and "os.environ" in path.read_text(encoding="utf-8")
    }
    # The voice's child is told where its data are by the library's own variable.
    assert readers - allowed == {"studio.py"}


def test_the_project_stands_alone() -> None:
    outside = "../" + "shared"
    assert [
        path.name
        for path in sources()
        if path.suffix in {".py", ".toml", ".txt"} and outside in path.read_text(encoding="utf-8")
    ] == []
