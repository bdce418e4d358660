"""How long it takes from a clone to the demo's first spoken line, and how large what is installed is.

`python -m tests.benchmarks.first_start`. It clones the last commit into a temporary folder and does what `start.sh` does,
with an environment of its own. Packages are downloaded first, which is not counted, so it needs a package index.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import ROOT, free_port, overlay_socket, start_process, wait_until

LARGEST = 10


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="pixelbot-first-start-") as name:
        folder = Path(name)
        packages, clone = folder / "packages", folder / "clone"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(packages)]
        subprocess.run([*pip, "--requirement", str(ROOT / "requirements.txt")], check=True)
        began = time.monotonic()
        with step("git clone"):
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        python = clone / ".venv" / "bin" / "python"
        with step("python -m venv"):
            subprocess.run([sys.executable, "-m", "venv", str(clone / ".venv")], check=True)
        with step("pip install, from downloaded packages"):
            pip = [str(python), "-m", "pip", "install", "--quiet", "--no-index", "--find-links", str(packages)]
            subprocess.run([*pip, "--requirement", str(clone / "requirements.txt")], check=True)
        run_demo(clone, python)
        print(f"{'all of it':<58} {time.monotonic() - began:8.1f} s   goal ≤ 60 s")
        show_sizes(next((clone / ".venv" / "lib").glob("python*/site-packages")))


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print how many seconds the body took."""
    began = time.monotonic()
    yield
    print(f"{what:<58} {time.monotonic() - began:8.1f} s", flush=True)


def run_demo(clone: Path, python: Path) -> None:
    """Start the demo for the first time, and wait until an overlay has heard a line."""
    port, output = free_port(), list[str]()
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [str(python), str(clone / "manage.py"), "runbot", "--demo", "--bind", f"127.0.0.1:{port}"]
    process = start_process(command, environment, output)
    try:
        with step("first start, with the database's migrations"):
            wait_until(lambda: "Stop with Ctrl-C" in "".join(output), "the greeting", within=60)
        overlay = next(line.split()[-1] for line in output if "/overlay/" in line)
        with step("from the overlay's opening to the first spoken line"), overlay_socket(overlay) as socket:
            while json.loads(socket.recv(timeout=60)).get("show") != "speak":
                pass
    finally:
        process.terminate()
        process.wait(15)


def show_sizes(site_packages: Path) -> None:
    """Print the largest packages, by the files that each brought (and Python's compiled ones), and the sum."""
    sizes: dict[str, float] = {}
    for record in site_packages.glob("*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as file:
            paths = {site_packages / row[0] for row in csv.reader(file)}
        name = record.parent.name.removesuffix(".dist-info").replace("-", " ")
        sizes[name] = sum(path.stat().st_size for path in paths if path.is_file()) / 2**20
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True)[:LARGEST]:
        print(f"{name:<58} {sizes[name]:8.1f} MB")
    print(f"{f'all {len(sizes)} packages':<58} {sum(sizes.values()):8.1f} MB")


if __name__ == "__main__":
    main()
