"""`manage.py import_level_rewards PATH`: the level_rewards.json of the original Pixel."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from economy.models import Item, LevelReward


class Command(BaseCommand):
    """Imports a list of {"level", "points", "tts", "items"}, or an object of them by level."""

    help = "Take level rewards from a level_rewards.json. Rewards of the same levels are replaced."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the path."""
        parser.add_argument("path", type=Path)

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        """Import the whole file, or nothing."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(f"{path} can't be read: {error.strerror}") from None
        except ValueError as error:
            raise CommandError(f"{path} is no JSON: {error}") from None
        rewards = [read(entry, place) for place, entry in enumerate(entries(data), start=1)]
        with transaction.atomic():
            for reward in rewards:
                LevelReward.objects.filter(level=reward.level, repeats=reward.repeats).delete()
            LevelReward.objects.bulk_create(rewards)
        self.stdout.write(f"{len(rewards)} level rewards taken over.")
        given = {step["item"] for reward in rewards for step in reward.effects}
        Item.objects.bulk_create([Item(key=key, name=key) for key in sorted(given)], ignore_conflicts=True)


def entries(data: Any) -> list[dict[str, Any]]:
    """Return either shape as a list. Raise CommandError for anything else."""
    if isinstance(data, dict):
        data = [{"level": level, **entry} if isinstance(entry, dict) else entry for level, entry in data.items()]
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise CommandError("The file must hold a list of rewards, or an object of rewards by level.")
    return data


def read(entry: dict[str, Any], place: int) -> LevelReward:
    """Return one reward. Raise CommandError, with its position in the file, if a field does not fit."""
    try:
        level, every = int(entry.get("level") or 0), int(entry.get("every") or 0)
        points = int(entry.get("points") or 0)
        line = str(entry.get("tts") or "")
    except (TypeError, ValueError):
        raise CommandError(f"Reward {place}: level and points must be whole numbers.") from None
    at = every or level
    if not 1 <= at <= 9999 or not 0 <= points <= 10**9 or len(line) > 200:
        raise CommandError(
            f"Reward {place}: level 1 to 9999, points 0 to 1000000000, a line of at most 200 characters."
        )
    effects = [item_step(item, quantity, place) for item, quantity in dict(entry.get("items") or {}).items()]
    return LevelReward(level=at, repeats=bool(every), points=points, line=line, spoken=bool(line), effects=effects)


def item_step(key: str, quantity: Any, place: int) -> dict[str, Any]:
    """Return the step that grants `amount` of an item."""
    if not re.fullmatch(r"[\w-]{1,40}", key) or not isinstance(quantity, int) or not 1 <= quantity <= 10**6:
        raise CommandError(f"Reward {place}: an item needs a key of one word, and a quantity from 1 to 1000000.")
    return {"kind": "grant_item", "item": key, "quantity": quantity}
