"""The pins are what the bot imports and what that pulls in, on every system; and `tests.house.wheels` finds what is not."""

from __future__ import annotations

import ast
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house import wheels
from tests.house.test_checks import code
from tests.processes import ROOT

pytestmark = pytest.mark.journey  # pip is asked in a process of its own

# What no line of ours names, and who does.
NAMED_BY_OTHERS = {
    "psycopg": "Django's backend, where DATABASE_URL is PostgreSQL's",
    "tzdata": "Python's zoneinfo, where the system has no time zones",
}
# Installed by the streamer who wants it.
OPTIONAL = {"piper", "boto3", "botocore", "storages"}


@pytest.fixture(scope="module")
def pins() -> wheels.Pins:
    """The lines of requirements.txt."""
    return wheels.read(ROOT / "requirements.txt")


def named_in_code() -> Iterator[tuple[Path, str]]:
    """Yield the modules that our code imports or, as settings do, names in a text."""
    for path in code():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    yield from ((path, name.name) for name in names)
                case ast.ImportFrom(module=str(module), level=0):
                    yield path, module
                case ast.Constant(value=str(text)) if path.name == "settings.py":
                    yield path, text


@cache
def installed_modules() -> dict[str, set[str]]:
    """Return the top modules of each installed package, by its canonical name."""
    modules: dict[str, set[str]] = {}
    for module, packages in metadata.packages_distributions().items():
        for package in packages:
            modules.setdefault(canonicalize_name(package), set()).add(module)
    return modules


def modules_of(package: str) -> set[str]:
    """Return the top modules of a package, none where it is not installed."""
    return installed_modules().get(canonicalize_name(package), set())


def test_every_chosen_package_is_used(pins: wheels.Pins) -> None:
    named = {name.partition(".")[0] for _, name in named_in_code()}
    unused = {pin.name for pin in pins.chosen if not named & modules_of(pin.name)}
    assert unused == set(NAMED_BY_OTHERS)


def test_our_code_imports_nothing_that_only_tests_have(pins: wheels.Pins) -> None:
    pinned = {module for pin in (*pins.chosen, *pins.pulled_in) for module in modules_of(pin.name)}
    ours = {path.stem if path.is_file() else path.name for path in ROOT.iterdir()}
    known = pinned | ours | set(sys.stdlib_module_names) | OPTIONAL
    imported = {(path.name, name.partition(".")[0]) for path, name in named_in_code() if path.name != "settings.py"}
    assert {(path, name) for path, name in imported if name not in known} == set()


@pytest.mark.parametrize("system", wheels.SYSTEMS, ids=lambda system: system.name)
@pytest.mark.parametrize("python", wheels.PYTHONS)
def test_what_is_needed_is_pinned_and_nothing_else(pins: wheels.Pins, system: wheels.System, python: str) -> None:
    """As far as the packages that are installed here tell what they need."""
    installed = {canonicalize_name(package.name): package.requires or [] for package in metadata.distributions()}
    assert wheels.faults(pins, installed, system.environment(python)) == []


def test_the_parts_are_read_and_compared(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(
        '# Why.\nA[fast]==1.0\nmac==1; sys_platform == "darwin"\n\nb.c==2.0\nleft==1\nwin==3; sys_platform == "win32"\n'
    )
    pins = wheels.read(file)
    needs: wheels.Needs = {
        canonicalize_name("a"): [
            "b_c>=2",
            'speed; extra == "fast"',
            'win>=4; platform_system == "Windows"',
            'docs; extra == "docs"',
        ],
        canonicalize_name("b.c"): ['old; python_version < "3.12"'],
    }
    assert wheels.faults(pins, needs, wheels.LINUX.environment("3.12")) == [
        "left is pinned and not needed.",
        "speed is needed and not pinned.",
    ]
    assert wheels.faults(pins, needs, wheels.WINDOWS.environment("3.11")) == [
        "left is pinned and not needed.",
        "old is needed and not pinned.",
        "speed is needed and not pinned.",
        'win>=4; platform_system == "Windows" is needed, but win==3; sys_platform == "win32" is pinned.',
    ]


def make_wheel(folder: Path, name: str, tag: str, *needs: str) -> None:
    """Write a wheel without code."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {need}" for need in needs)]
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as wheel:
        wheel.writestr(f"{name}-1.0.dist-info/METADATA", "\n".join(lines) + "\n")
        wheel.writestr(f"{name}-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{name}-1.0.dist-info/RECORD", "")


def test_pip_is_asked_for_the_wheels_of_another_system(tmp_path: Path) -> None:
    make_wheel(tmp_path, "everywhere", "py3-none-any", 'for_windows; sys_platform == "win32"')
    make_wheel(tmp_path, "for_windows", "cp312-cp312-win_amd64")
    make_wheel(tmp_path, "for_macs", "cp39-abi3-macosx_10_9_universal2")
    chosen = [Requirement(f"{name}==1.0") for name in ("everywhere", "for_windows", "for_macs")]
    pins = wheels.Pins(chosen, [])
    offline = ("--no-index", "--find-links", str(tmp_path))

    def check(system: wheels.System, python: str) -> list[str]:
        return wheels.check(pins, system, python, *offline)

    assert check(wheels.WINDOWS, "3.12") == ["for-macs has no wheel."]
    assert check(wheels.WINDOWS, "3.13") == ["for-macs has no wheel.", "for-windows has no wheel."]
    assert check(wheels.MAC_ARM, "3.13") == ["for-windows has no wheel."]
    needs, missing = wheels.wheels(chosen[:2], wheels.WINDOWS, "3.12", *offline)
    assert needs == {"everywhere": ['for_windows; sys_platform == "win32"'], "for-windows": []} and not missing
