"""Hooks: what one does, and that the docs tell who calls each of them and who listens."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.core.exceptions import ImproperlyConfigured

from pixelbot_site.kit.hooks import Hook, hooks
from tests.processes import ROOT

DOCS = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
# A web server or a worker has no more than this imported when it calls its first hook.
AFTER_THE_START = """
import django; django.setup()
from pixelbot_site.kit.hooks import hooks
for hook in hooks.values():
    print(hook.name, hook.caller, *sorted({listener.__module__ for listener in hook.listeners}))
"""


@pytest.fixture
def hook() -> Iterator[Hook[[int], str]]:
    yield Hook[[int], str]("test_hook", __name__, "For tests.")
    del hooks._things["test_hook"]


def test_listeners_are_called_in_the_order_of_registration_and_their_results_returned(hook: Hook[[int], str]) -> None:
    @hook.register
    def first(number: int) -> str:
        return f"first {number}"

    @hook.register
    def second(number: int) -> str:
        return f"second {number}"

    assert first(7) == "first 7"  # the decorator leaves the function as it is
    assert hook.listeners == (first, second)
    assert hook.call(3) == ["first 3", "second 3"]


def test_without_listeners_nothing_happens(hook: Hook[[int], str]) -> None:
    assert hook.call(3) == []


def test_a_listener_that_raises_stops_the_caller(hook: Hook[[int], str]) -> None:
    hook.register(lambda number: str(1 // number))
    with pytest.raises(ZeroDivisionError):
        hook.call(0)


def test_the_same_function_twice_is_refused(hook: Hook[[int], str]) -> None:
    hook.register(str)
    with pytest.raises(ImproperlyConfigured, match="registered twice for the hook “test_hook”"):
        hook.register(str)
    assert hook.listeners == (str,)


def test_two_hooks_of_one_name_are_refused(hook: Hook[[int], str]) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"claimed twice: by tests.house.test_hooks and by elsewhere"):
        Hook[[int], str]("test_hook", "elsewhere", "A second one.")


def test_the_table_in_the_docs_names_every_hook_its_caller_and_its_listeners_after_the_start() -> None:
    started = subprocess.run(
        [sys.executable, "-c", AFTER_THE_START], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    (section,) = re.findall(r"^## Hooks\n(.*?)^## ", DOCS, re.DOTALL | re.MULTILINE)
    rows = [line.split("|")[1:4] for line in section.splitlines() if line.startswith("| `")]
    documented = [" ".join(name for cell in row for name in re.findall(r"`([\w.]+)`", cell)) for row in rows]
    assert documented == started.stdout.splitlines()


def test_every_hook_says_what_its_listeners_do() -> None:
    assert all(hook.description.endswith(".") for hook in hooks.values())
