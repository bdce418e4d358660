"""Asks for a wheel of each pin on Windows and macOS: `.venv/bin/python -m tests.house.wheels`, before a release.

pip chooses wheels for another system, but evaluates markers (`; sys_platform == "win32"`) as of the one it runs on. So
it is asked for the pins alone, without what they need; that is compared with the pins here. Needs a package index.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from tests.processes import ROOT

# For each package, the lines of its metadata that say what it needs.
Needs = dict[NormalizedName, list[str]]

PYTHONS = ("3.11", "3.12", "3.13", "3.14")  # those that start.sh and start.bat look for


@dataclass(frozen=True)
class System:
    """An operating system: its name, its wheels' tags, and its values of markers.

    `without`: the packages that have no wheel for it, as docs/dependencies.md says.
    """

    name: str
    tags: tuple[str, ...]
    os_name: str
    sys_platform: str
    platform_system: str
    platform_machine: str
    without: frozenset[str] = frozenset()

    def environment(self, python: str) -> dict[str, str]:
        """Return the values of all markers for the first release of `python`."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{python}.0",
            "os_name": self.os_name,
            "platform_machine": self.platform_machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": self.platform_system,
            "platform_version": "",
            "python_full_version": f"{python}.0",
            "python_version": python,
            "sys_platform": self.sys_platform,
        }


# pip itself adds older versions of macOS, but not of glibc.
GLIBC = tuple(f"manylinux_2_{minor}_x86_64" for minor in (35, 34, 28, 27, 26, 24, 17, 12, 5))
WINDOWS = System("Windows x86-64", ("win_amd64",), "nt", "win32", "Windows", "AMD64")
MAC_ARM = System("macOS 15 arm64", ("macosx_15_0_arm64",), "posix", "darwin", "Darwin", "arm64")
MAC_INTEL = System(
    "macOS 15 x86-64",
    ("macosx_15_0_x86_64",),
    "posix",
    "darwin",
    "Darwin",
    "x86_64",
    without=frozenset({"autobahn", "cbor2", "cryptography"}),
)
LINUX = System("Linux x86-64", (*GLIBC, "manylinux2014_x86_64"), "posix", "linux", "Linux", "x86_64")
SYSTEMS = (WINDOWS, MAC_ARM, MAC_INTEL, LINUX)


@dataclass(frozen=True)
class Pins:
    """The lines of a requirements file: what was chosen, and what that pulls in."""

    chosen: list[Requirement]
    pulled_in: list[Requirement]

    def on(self, environment: dict[str, str]) -> Iterator[Requirement]:
        """Yield the pins whose markers hold."""
        for pin in (*self.chosen, *self.pulled_in):
            if pin.marker is None or pin.marker.evaluate(environment):
                yield pin


def read(path: Path) -> Pins:
    """Return the pins of `path`, of which the first blank line separates the two parts."""
    chosen, _, pulled_in = path.read_text(encoding="utf-8").partition("\n\n")
    return Pins(_requirements(chosen), _requirements(pulled_in))


def _requirements(part: str) -> list[Requirement]:
    return [Requirement(line) for line in part.splitlines() if line and not line.startswith(("#", "-r"))]


def version_of(pin: Requirement) -> str:
    """Return the one version that a pin allows."""
    (only,) = pin.specifier
    return only.version


def faults(pins: Pins, needs: Needs, environment: dict[str, str]) -> list[str]:
    """Return, as sentences, what is needed and not pinned in an environment, and what is pinned and not needed."""
    pinned = {canonicalize_name(pin.name): pin for pin in pins.on(environment)}
    found, reached = [], set[tuple[NormalizedName, str]]()
    waiting = [pin for pin in pins.chosen if canonicalize_name(pin.name) in pinned]
    while waiting:
        needed = waiting.pop()
        name = canonicalize_name(needed.name)
        for extra in {"", *needed.extras}:
            if (name, extra) not in reached:
                reached.add((name, extra))
                waiting += _needed(needs.get(name, []), {**environment, "extra": extra})
        if name not in pinned:
            found.append(f"{needed.name} is needed and not pinned.")
        elif not needed.specifier.contains(version_of(pinned[name]), prereleases=True):
            found.append(f"{needed} is needed, but {pinned[name]} is pinned.")
    unneeded = set(pinned) - {name for name, _ in reached}
    return sorted({*found, *(f"{name} is pinned and not needed." for name in unneeded)})


def _needed(lines: Iterable[str], environment: dict[str, str]) -> Iterator[Requirement]:
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield requirement


def wheels(pins: list[Requirement], system: System, python: str, *options: str) -> tuple[Needs, set[NormalizedName]]:
    """Return what the wheels of `pins` for that system and Python need, and which pins have no wheel for it.

    `options` are pip's.
    """
    report = _ask_pip([f"{pin.name}{pin.specifier}" for pin in pins], system, python, *options)
    if report is not None:
        return {canonicalize_name(name): lines for name, lines in report.items()}, set()
    if len(pins) == 1:
        return {}, {canonicalize_name(pins[0].name)}
    half = len(pins) // 2
    needs, missing = wheels(pins[:half], system, python, *options)
    more_needs, more_missing = wheels(pins[half:], system, python, *options)
    return {**needs, **more_needs}, missing | more_missing


def _ask_pip(wanted: list[str], system: System, python: str, *options: str) -> dict[str, list[str]] | None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"]
        command += ["--only-binary", ":all:", "--implementation", "cp", "--python-version", python]
        command += [word for tag in system.tags for word in ("--platform", tag)]
        command += ["--target", folder, "--report", "-", *options, *wanted]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode == 0:
        installs = json.loads(done.stdout)["install"]
        return {item["metadata"]["name"]: item["metadata"].get("requires_dist", []) for item in installs}
    if "No matching distribution" not in done.stderr:
        sys.exit(done.stderr)
    return None


def check(pins: Pins, system: System, python: str, *options: str) -> list[str]:
    """Return, as sentences, what is wrong with the pins on one system. `options` are pip's."""
    environment = system.environment(python)
    needs, missing = wheels(list(pins.on(environment)), system, python, *options)
    found = [f"{name} has no wheel." for name in sorted(missing - system.without)]
    found += [f"{name} has a wheel now." for name in sorted(system.without - missing)]
    # Of what has no wheel, it is unknown what it needs.
    return found + ([] if missing else faults(pins, needs, environment))


def main() -> None:
    """Check every system with every Python; print a line for each, and end with 1 where something is wrong."""
    pins, wrong = read(ROOT / "requirements.txt"), 0
    for system in SYSTEMS:
        known = f" (but {', '.join(sorted(system.without))})" if system.without else ""
        for python in PYTHONS:
            found = check(pins, system, python)
            print(f"{system.name:15} Python {python}: {' '.join(found) or f'a wheel for each package{known}'}")
            wrong += len(found)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
