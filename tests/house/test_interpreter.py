"""How Python is set in a process that handles events for hours."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.processes import ROOT

pytestmark = pytest.mark.journey  # each starts Python processes

# Prints the seconds of 100 turns beside a thread that computes, as it is at first and when Python is settled.
TURNS = """
import threading, time
from pixelbot_site.kit import interpreter
def compute():
    while threading.main_thread().is_alive():
        sum(range(1000))
def turns():
    began = time.monotonic()
    for _ in range(100):
        time.sleep(0)  # waits for Python again, as after each step in the database
    return time.monotonic() - began
threading.Thread(target=compute, daemon=True).start()
first = turns()
interpreter.settle()
print(first, turns())
"""
# Prints the most objects that one collection visited while a million were made, and the number of collections.
COLLECTIONS = """
import gc
from pixelbot_site.kit import interpreter
interpreter.settle()
visited = []
def look(phase, info):
    if phase == "start" and info["generation"] > 0:
        visited.append(sum(len(gc.get_objects(generation)) for generation in range(info["generation"] + 1)))
gc.callbacks.append(look)
kept = [[] for _ in range(1_300_000)]
print(max(visited), len(visited))
"""


def run(program: str) -> list[float]:
    """Run a program; returns the numbers that it prints."""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def test_a_thread_that_computes_does_not_keep_others_waiting() -> None:
    first, settled = run(TURNS)
    assert settled < first / 2


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="From 3.14 on, Python collects in parts by itself.")
def test_what_an_import_leaves_is_visited_in_parts() -> None:
    most, collections = run(COLLECTIONS)
    assert most <= 350_000
    assert collections <= 10  # and not as often as by Python's own thresholds, which would be 180
