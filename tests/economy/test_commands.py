"""The economy's commands on the command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from economy.batches import batch
from economy.models import Batch, Points, Viewer

pytestmark = pytest.mark.django_db


def test_batch_points_shows_asks_and_shows_how_far_it_is(
    viewer: Callable[..., Viewer], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GAP", 0)
    viewer("Bob", points=10)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    call_command("batch_points", "add", "5")
    assert Points.objects.get().balance == 10 and "Nothing was done." in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda _: "y")
    call_command("batch_points", "add", "5", reason="raffle")
    told = capsys.readouterr().out
    assert "1 viewers, +5 points." in told and "[##############################] 1 of 1" in told
    call_command("batch_points", "reverse", str(Batch.objects.latest("pk").pk), yes=True)
    assert Points.objects.get().balance == 10
    with pytest.raises(CommandError, match="whole number from 1"):
        call_command("batch_points", "add", "0", yes=True)
    with pytest.raises(CommandError, match="There is no batch 999"):
        call_command("batch_points", "reverse", "999", yes=True)
