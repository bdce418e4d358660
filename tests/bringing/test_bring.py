"""Everything that the original kept comes over in one go, is shown before, and is undone as a whole."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone

from economy.ledger import audit, points
from economy.models import XP, Item, LevelReward, Points, Transaction, Viewer
from economy.viewers import inventory
from effects.models import AIReplies, OSCTarget, Prize, Sound, WheelLine
from effects.outside.replies import options
from pixelbot_site.bringing import run
from pixelbot_site.bringing.difference import Difference, State
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.settings_table import overrides
from pixelbot_site.live_settings import store
from pixelbot_site.models import Import, ImportedChange, SettingOverride
from redeems.models import Redeem
from tests.bringing.conftest import SECRETS, change, tables

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_start")]

OSC = {"kind": "osc", "target": "VRChat"}


def compared(place: Path) -> dict[tuple[str, str], Difference]:
    found: dict[tuple[str, str], Difference] = {}
    for one in run.compare(place):
        found.setdefault((one.section, one.name), one)
    return found


def bring(place: Path) -> Import | None:
    record = run.bring(place, by="mo", origin="Pixel")
    overrides.read_again()
    return record


def undo(record: Import | None) -> list[str]:
    assert record is not None
    left = run.undo(record, by="mo")
    overrides.read_again()
    return left


def test_the_dry_run_says_of_each_thing_how_it_differs_and_writes_nothing(folder: Path) -> None:
    before, there = tables(), {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    found = compared(folder)
    assert tables() == before and not Import.objects.exists()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == there
    told = {key: (one.state.value, one.details) for key, one in found.items()}
    assert told["Settings", "POINTS_CHAT_AMOUNT"] == ("changed", ("A line in chat: 1 → 3",))
    assert told["Redeems", "!tts"][0] == "changed" and "cost: 25 → 50" in told["Redeems", "!tts"][1]
    assert told["Level rewards", "level 5"] == (
        "changed",
        ("points: 1 → 100", "line: {user} reached level {level}! → nothing", "spoken: on → off"),
    )
    assert told["Prizes", "50 Points!"] == ("new", ("weight: 8", "effects: Give points (points 50)", "enabled: on"))
    assert told["Viewers", "Bob"] == ("new", ("points: 0 → 40", "XP: 0 → 150", "2 × ticket"))
    assert told["Settings", "TTS_COOLDOWN_SECONDS"] == ("the same", ())
    reasons = {key: one.reason for key, one in found.items() if one.state in (State.LEFT_OUT, State.BY_HAND)}
    assert reasons["Settings", "POINTS_PER_CHAT"] == "POINTS_CHAT_AMOUNT says it."
    assert reasons["Settings", "OBS_WS_HOST"] == "Write into .env: OBS_HOST=192.168.1.7"
    assert reasons["Settings", "OBS_WS_PASSWORD"] == "Copy its value into .env, as OBS_PASSWORD=…"
    assert reasons["Settings", "TIP_LOW_MAX"].startswith("Reactions to tips have amounts of their own")
    assert reasons["Settings", "SOMETHING_ELSE"] == "There is no such setting here."
    assert reasons["Settings", "XP_MAX_LEVEL"] == "It must be a whole number from 2 to 9999."
    assert reasons["Redeems", "!points"] == "!points is the word of a command here."
    assert reasons["Redeems", "!two words"] == "Its key is not one word of at most 40 letters."
    assert reasons["OSC", "redeem.tts"] == "!tts does something by itself, to which nothing can be added."
    assert reasons["OSC", "event.tip"] == "Add an effect “Send by OSC” to a reaction instead."
    assert {"redeem.broken", "redeem.long", "redeem.empty"} <= {name for section, name in reasons if section == "OSC"}
    assert reasons["Prizes", "Heavy"] == "Its weight is no whole number."
    assert reasons["Lines of the wheel", "{what}?"].startswith("text: {what} is not filled in here.")
    assert reasons["Level rewards", "level 30"].startswith("line: {nobody} is not filled in here.")
    assert reasons["Level rewards", "Reward 6"] == "Its level is no whole number."
    assert reasons["Sounds", "text.mp3"]
    assert reasons["Viewers", "user 3"] == "This can't be a viewer's name."
    for reason in reasons.values():
        assert reason[0].isupper() or reason[0] in "!{" or ":" in reason, reason
        assert reason.endswith((".", "…", "192.168.1.7")), reason


def test_all_of_it_comes_over_in_a_state_that_is_safe_on_stream(folder: Path) -> None:
    bring(folder)
    assert dict(Points.objects.values_list("viewer__key", "balance")) == {"bob": 40, "ann": 7, "idle": 0}
    assert XP.objects.values_list("total", "level", "rewarded_level").get(viewer__key="bob") == (150, 2, 2)
    assert inventory.held(Viewer.objects.get(key="bob")) == [("Golden ticket", 2)]
    assert (store.current("POINTS_PER_CHAT"), store.current("XP_PER_TIP_TOKEN"), store.current("TTS_QUEUE_MAX")) == (
        *(3, 0.5, 7),
    )
    assert store.current("JOYSTICK_CLIENT_SECRET") == "a-secret-of-joystick"
    ai = AIReplies.objects.get()
    assert (ai.enabled, ai.model, ai.max_tokens, ai.random_percent) == (False, "sonar-pro", 150, 8.0)
    assert options.current().key() == "pplx-a-secret-key"
    assert OSCTarget.objects.values_list("name", "host", "port").get() == ("VRChat", "127.0.0.1", 9001)
    rows = {row.key: row for row in Redeem.objects.all()}
    assert (rows["tts"].title, rows["tts"].cost, rows["tts"].cooldown_seconds, rows["tts"].enabled) == (
        *("Say it", 50, 15, False),
    )
    assert (rows["pixel"].title, rows["pixel"].cost, rows["pixel"].enabled) == ("Ask Pixel", 10, True)
    dance = {**OSC, "address": "/avatar/parameters/Dance", "type": "int", "value": "3"}
    assert (rows["dance"].cost, rows["dance"].effects, rows["dance"].enabled) == (500, [dance], False)
    pulse = {**OSC, "address": "/avatar/parameters/Fireworks", "type": "bool", "value": "true", "pulse_ms": 500}
    assert (rows["fireworks"].effects, rows["fireworks"].enabled) == ([pulse], False)
    assert not {"points", "two words"} & rows.keys()
    prizes = {prize.name: prize for prize in Prize.objects.all()}
    assert (prizes["50 Points!"].weight, prizes["50 Points!"].effects) == (8, [{"kind": "grant_points", "points": 50}])
    honk = {**OSC, "address": "/avatar/parameters/Honk", "type": "int", "value": "1"}
    assert prizes["Silly Honk!"].effects == [honk, {"kind": "play_sound", "sound": "honk"}]
    assert (prizes["Bad Joke!"].effects, prizes["Bad Joke!"].enabled) == ([], True)
    assert not prizes["Buzzie Surprise!"].enabled  # what it did can't be done here
    assert (prizes["Old shape"].weight, [step["kind"] for step in prizes["Old shape"].effects]) == (
        *(1, ["grant_points", "grant_item", "osc"]),
    )
    assert [step["kind"] for step in prizes["1000 XP"].effects] == ["grant_xp", "confetti"]
    assert WheelLine.objects.filter(when="spin", text="{user} takes the wheel", spoken=True).exists()
    assert WheelLine.objects.filter(when="prize", text="{user} wins {prize}…").exists()
    heard = dict(Sound.objects.filter(name__in=["honk", "wheel_start"]).values_list("name", "enabled"))
    assert heard == {"honk": True, "wheel_start": False}
    levels = {(row.level, row.repeats): row for row in LevelReward.objects.all()}
    assert (levels[5, False].points, levels[5, False].line) == (100, "")
    assert levels[10, False].effects == [{"kind": "grant_item", "item": "ticket", "quantity": 1}]
    assert (levels[10, False].line, levels[10, False].spoken) == ("{user}!", True)
    assert (levels[15, False].line, levels[15, False].spoken) == ("{user} is here!", True)
    assert (levels[20, False].line, levels[20, False].spoken) == ("quiet", False)
    assert levels[3, True].points == 1
    level_up = {**OSC, "address": "/avatar/parameters/LevelUp", "type": "bool", "value": "true", "pulse_ms": 250}
    assert levels[1, True].effects == [level_up]
    assert Item.objects.get(key="ticket").name == "Golden ticket"
    assert list(audit.findings()) == []


def test_rewards_in_the_other_shape_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "level_rewards.json"
    shaped = {"5": {"points": 100}, "10": {"items": {"ticket": 1}, "tts": "{user}!"}, "3": {"every": 3, "points": 1}}
    path.write_text(json.dumps(shaped), encoding="utf-8")
    bring(path)
    rows = LevelReward.objects.values_list("level", "repeats", "points", "line", "spoken")
    assert list(rows) == [(3, True, 1, "", False), (5, False, 100, "", False), (10, False, 0, "{user}!", True)]


def test_a_second_import_changes_nothing_and_after_undoing_all_of_it_comes_again(folder: Path) -> None:
    first = bring(folder)
    before = tables()
    assert bring(folder) is None and tables() == before
    assert {one.state for one in run.compare(folder)} <= {State.SAME, State.LEFT_OUT, State.BY_HAND}
    undo(first)
    again = bring(folder)
    assert dict(Points.objects.values_list("viewer__key", "balance")) == {"bob": 40, "ann": 7, "idle": 0}
    assert bring(folder) is None
    undo(again)
    assert set(Points.objects.values_list("balance", flat=True)) == {0}
    assert list(audit.findings()) == []


def test_import_and_undo_leave_every_table_as_before(folder: Path, viewer: Callable[..., Viewer]) -> None:
    bob = viewer("BOB", points=100)
    Prize.objects.create(name="Bad Joke!", weight=3)
    Redeem.objects.create(key="dance", title="Jump", effects=[{"kind": "alert", "text": "dance!"}])
    OSCTarget.objects.create(name="VRChat", port=9005)
    Item.objects.create(key="ticket", name="A ticket of ours")
    AIReplies.objects.create(persona="ours")
    before = tables()
    record = bring(folder)
    assert Points.objects.get(viewer=bob).balance == 140
    left = undo(record)
    after = tables()
    # Ann had points: her rows stay in the ledgers, and she with them, with nothing. Nothing was known of Idle but a name.
    ann = Viewer.objects.get(key="ann")
    assert left == ["3 viewers: 1 stay in the list of viewers, since rows of the ledgers are never deleted."]
    for label, column in (("economy.Viewer", "id"), ("economy.Points", "viewer_id"), ("economy.XP", "viewer_id")):
        after[label] = [row for row in after[label] if row[column] != ann.pk]
    assert after == before
    assert (ann.points.balance, ann.xp.total, ann.xp.rewarded_level) == (0, 0, 1)
    assert list(audit.findings()) == []
    assert run.state_of(Import.objects.get()) == "undone"
    assert undo(record) == left and tables()["economy.Points"] == [
        *before["economy.Points"],
        {"viewer_id": ann.pk, "balance": 0},
    ]


def test_undoing_leaves_what_was_changed_since_and_says_so(folder: Path) -> None:
    record = bring(folder)
    assert record is not None
    Redeem.objects.filter(key="tts").update(cost=77)
    Prize.objects.filter(name="Bad Joke!").update(weight=41)
    SettingOverride.objects.filter(name="TTS_QUEUE_MAX").update(value="8")
    WheelLine.objects.filter(text="{user} takes the wheel").delete()
    points.spend(Viewer.objects.get(key="ann"), 1, source="redeem", reference="r:1")
    left = undo(record)
    assert "Redeems: !tts: Changed since: cost." in left
    assert "Prizes: Bad Joke!: It was changed since." in left
    assert "Settings: TTS_QUEUE_MAX: It was changed since." in left
    assert any("1 keep all of it, since they have less left than it brought." in one and "(Ann)" in one for one in left)
    tts = Redeem.objects.get(key="tts")
    assert (tts.cost, tts.cooldown_seconds) == (77, None)
    assert dict(Points.objects.values_list("viewer__key", "balance")) == {"bob": 0, "ann": 6}
    assert run.state_of(record) == "undone, but for what is named"
    # What Ann kept is not paid again, and Bob's is.
    bring(folder)
    assert dict(Points.objects.values_list("viewer__key", "balance")) == {"bob": 40, "ann": 6, "idle": 0}
    assert list(audit.findings()) == []


def test_what_is_used_or_was_merged_or_forgotten_stays(folder: Path, viewer: Callable[..., Viewer]) -> None:
    from economy.viewers import merging

    record = bring(folder)
    merging.merge(Viewer.objects.get(key="bob"), viewer("Robert"), by="mo")
    inventory.give(Viewer.objects.get(key="robert"), "ticket", 1, reference="x:1")
    left = undo(record)
    assert any("1 keep all of it, since they were merged into others." in one and "Bob" in one for one in left)
    assert "Items: Golden ticket: It is used by something now." in left
    assert Points.objects.get(viewer__key="robert").balance == 40
    assert list(audit.findings()) == []


def test_no_secret_is_shown_logged_or_stored_in_the_open(
    folder: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        call_command("bring", "pixel", str(folder))
        call_command("bring", "undo", str(Import.objects.get().pk))
    told = capsys.readouterr()
    stored = repr(list(ImportedChange.objects.values())) + repr(list(Import.objects.values()))
    for secret in SECRETS:
        assert secret not in told.out + told.err + caplog.text + stored


def test_what_would_begin_by_itself_or_replace_a_secret_is_left_out(folder: Path) -> None:
    AIReplies.objects.create(enabled=True, random_percent=0)
    SettingOverride.objects.create(name="JOYSTICK_CLIENT_ID", value="")
    store.change({"JOYSTICK_CLIENT_ID": "mine"}, by=_owner())
    overrides.read_again()
    found = compared(folder)
    assert "begin to answer by chance" in found["AI replies", "PPLX_RANDOM_REPLY_PROB"].reason
    assert "Another is set here already" in found["Settings", "JOYSTICK_CLIENT_ID"].reason
    bring(folder)
    assert AIReplies.objects.get().random_percent == 0 and store.current("JOYSTICK_CLIENT_ID") == "mine"


def _owner() -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.create_superuser("owner")


def test_the_command_shows_lists_and_undoes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("bring", "pixel", str(folder), dry_run=True)
    told = capsys.readouterr().out
    assert "Prizes:\n  new: 50 Points!: weight: 8; effects: Give points (points 50); enabled: on\n" in told
    assert told.endswith("Nothing was written.\n") and not Import.objects.exists()
    call_command("bring", "pixel", str(folder))
    overrides.read_again()
    record = Import.objects.get()
    assert f"3 of 3 viewers\nDone. To undo it: manage.py bring undo {record.pk}\n" in capsys.readouterr().out
    call_command("bring", "pixel", str(folder))
    assert "There was nothing to bring over." in capsys.readouterr().out
    call_command("bring", "list")
    assert "  Pixel  done\n" in capsys.readouterr().out
    call_command("bring", "undo", str(record.pk))
    assert capsys.readouterr().out.endswith("Undone, but for what is named above.\n")
    with pytest.raises(CommandError, match="There is no import 999"):
        call_command("bring", "undo", "999")
    with pytest.raises(CommandError, match="Nothing was done: there is no file or folder"):
        call_command("bring", "pixel", str(folder / "nothing"))
    (folder / "empty").mkdir()
    with pytest.raises(CommandError, match="there is nothing of the original Pixel's in"):
        call_command("bring", "pixel", str(folder / "empty"))


def test_before_the_first_start_it_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Import._meta, "db_table", "not_there_yet")
    with pytest.raises(CommandError, match="Start the bot once before"):
        call_command("bring", "pixel", str(folder))


def test_one_that_runs_is_not_undone_and_one_that_was_broken_off_is(folder: Path) -> None:
    record = bring(folder)
    assert record is not None
    Import.objects.filter(pk=record.pk).update(ended_at=None)
    record.refresh_from_db()
    assert run.state_of(record) == "running"
    with pytest.raises(Refused, match="it is running"):
        run.undo(record, by="mo")
    record.alive_at = timezone.now() - run.ALIVE
    assert run.state_of(record) == "broken off"
    undo(record)
    assert not Prize.objects.filter(name="Bad Joke!").exists()


def test_files_of_sounds_go_with_them(folder: Path, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    record = bring(folder)
    name = str(Sound.objects.get(name="honk").file.name)
    assert default_storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        undo(record)
    assert not default_storage.exists(name) and not Sound.objects.filter(name="honk").exists()


def test_what_the_original_gained_since_comes_with_the_next_import(folder: Path) -> None:
    bring(folder)
    change(folder / "data" / "bot.db", "INSERT INTO transactions VALUES (4, 1, 'grant', 8, 'tip', '2024-02-05')")
    second = bring(folder)
    assert Points.objects.get(viewer__key="bob").balance == 48
    undo(second)
    assert Points.objects.get(viewer__key="bob").balance == 40
    assert Transaction.objects.filter(source="reversal").count() == 1
    bring(folder)
    assert Points.objects.get(viewer__key="bob").balance == 48
    assert list(audit.findings()) == []
