"""What Python only warns of fails a test."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import pytest


async def _nothing() -> None:
    pass


def test_a_coroutine_that_is_never_awaited_fails_its_test(monkeypatch: pytest.MonkeyPatch) -> None:
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    _nothing()  # type: ignore[unused-coroutine]
    assert [type(problem.exc_value) for problem in unraisable] == [RuntimeWarning]
    # pytest hands such a problem on as this warning, at the end of the test.
    with pytest.raises(pytest.PytestUnraisableExceptionWarning):
        warnings.warn(pytest.PytestUnraisableExceptionWarning("Exception ignored in: <coroutine>"), stacklevel=1)
