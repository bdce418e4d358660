"""What `!scene` and `!source` let viewers choose, and what of it OBS lacks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from effects.models import QueueItem
from pixelbot_site.kit.errors import Refused
from redeems import choices
from redeems.models import Redeem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken", "stage")]

Order = Callable[..., QueueItem]


@pytest.fixture
def source(order: Order) -> Callable[[str, str], QueueItem]:
    """Orders `!source WORDS` with these lines as its choices."""

    def choose(lines: str, words: str) -> QueueItem:
        Redeem.objects.filter(key="source").update(enabled=True, cooldown_seconds=0, choices=lines)
        return order("source", words)

    return choose


def test_without_words_the_choices_are_listed(source: Callable[[str, str], QueueItem]) -> None:
    with pytest.raises(Refused, match=r"^choose one: Lamp, Kitchen/Cam, Game/Cam$"):
        source("Game/Lamp\nKitchen/Cam\nGame/Cam", "")


def test_blank_lines_and_spaces_around_names_do_not_matter(source: Callable[[str, str], QueueItem]) -> None:
    item = source("\n  Game / Desk lamp  \n\n", " desk LAMP ")
    assert (item.payload["scene"], item.payload["source"]) == ("Game", "Desk lamp")


def test_a_source_without_its_scene_is_refused_with_the_reason(source: Callable[[str, str], QueueItem]) -> None:
    with pytest.raises(Refused, match="has not said in which scene this is"):
        source("Lamp", "lamp")


def test_a_name_that_merely_begins_like_a_choice_is_none(source: Callable[[str, str], QueueItem]) -> None:
    with pytest.raises(Refused, match="choose one: Lamp"):
        source("Game/Lamp", "Lam")


def test_a_scene_may_have_a_slash_in_its_name(order: Order) -> None:
    Redeem.objects.filter(key="scene").update(enabled=True, choices="Night/Day\nGame", seconds=0)
    assert order("scene", "day").payload == {"scene": "Night/Day", "seconds": 0}


def test_all_choices_that_can_work_are_compared_with_obs(order: Order) -> None:
    Redeem.objects.filter(key="scene").update(choices="Game\n\nAttic", seconds=9)
    Redeem.objects.filter(key="source").update(choices="Game/Lamp\nno slash", title="Show it")
    assert list(choices.offered()) == [
        ("redeem “Switch the scene”", [{"kind": "obs_scene", "scene": "Game", "seconds": 9}]),
        ("redeem “Switch the scene”", [{"kind": "obs_scene", "scene": "Attic", "seconds": 9}]),
        (
            "redeem “Show it”",
            [{"kind": "obs_source", "scene": "Game", "source": "Lamp", "visible": True, "seconds": 15}],
        ),
    ]
