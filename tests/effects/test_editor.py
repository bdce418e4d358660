"""The editor of effects as the server makes it: its menu, its cards, and the mistakes beside their fields."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from effects.registry import Card, Group, kinds
from joystick.admin.reactions import ReactionForm
from pixelbot_site.kit import steps
from pixelbot_site.kit.steps import MAX_DEPTH, MAX_SEQUENCE
from pixelbot_site.kit.steps_field import editor
from tests.effects.editing import ALERT, HOSTILE, PICK, EffectsForm, posted, register_pick, sequence
from tests.effects.test_library import FITS


class Page(HTMLParser):
    """What is in a page: the text of its text field, the data of its scripts, and the names of its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.texts: dict[str, str] = {}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self._open = dict(attrs).get("id") or ""

    def handle_data(self, data: str) -> None:
        self.texts[self._open] = self.texts.get(self._open, "") + data

    @property
    def value(self) -> str:
        """Return what a browser sends of the text field."""
        return self.texts["id_effects"].removeprefix("\n").removeprefix("\r\n")

    @property
    def mistakes(self) -> dict[tuple[str | int, ...], str]:
        """Return the message for each path."""
        return {tuple(found["path"]): found["message"] for found in json.loads(self.texts["id_effects-mistakes"])}


@pytest.fixture
def pick(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kind with a list of objects that hold effects."""
    return register_pick(monkeypatch)


def test_every_kind_is_in_the_menu_once_in_its_group_with_a_sentence() -> None:
    made = editor()
    assert [group["label"] for group in made["groups"]] == [group.value for group in Group]
    assert sorted(kind for group in made["groups"] for kind in group["kinds"]) == list(kinds)
    where = {kind: group["label"] for group in made["groups"] for kind in group["kinds"]}
    assert (where["speak"], where["grant_xp"], where["webhook"]) == ("Voice", "Reward", "Outside")
    assert made["limits"] == {"list": MAX_SEQUENCE, "depth": MAX_DEPTH}
    titles = [card["title"] for card in made["kinds"].values()]
    assert len(set(titles)) == len(titles)
    assert all(card["does"].endswith(".") for card in made["kinds"].values())


@pytest.mark.parametrize(("kind", "payload"), FITS)
def test_each_kind_comes_back_from_the_form_as_it_was_stored(kind: str, payload: dict[str, Any]) -> None:
    stored = [{"kind": kind, **payload}, sequence(sequence({"kind": kind, **payload}))]
    page = Page(str(EffectsForm(initial={"effects": stored})))
    assert page.mistakes == {}
    form = posted(page.value)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["effects"] == stored


def test_a_list_of_objects_comes_back_as_it_was_stored(pick: str) -> None:
    assert editor()["groups"][-1] == {
        "label": "Several effects",
        "kinds": ["one_of", "only_if", pick, "saved", "run_effects", "wait"],
    }
    stored = [{**PICK, "choices": [{"weight": 3, "effects": [ALERT]}, {"effects": [sequence(ALERT)]}]}]
    form = posted(Page(str(EffectsForm(initial={"effects": stored}))).value)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["effects"] == stored


def test_each_mistake_stands_beside_its_field(pick: str) -> None:
    wrong = [
        {"kind": "alert", "text": "hi", "seconds": 90},
        sequence(ALERT, sequence({"kind": "obs_source", "scene": "s"}), {"kind": "dance"}),
        {**PICK, "choices": [{"weight": 1, "effects": [ALERT]}, {"weight": 1, "effects": [{"kind": "alert"}]}]},
        {**PICK, "choices": [{"weight": 0, "effects": [ALERT]}, {"weight": 1, "effects": []}], "hue": 1},
    ]
    form = posted(wrong)
    page = Page(str(form))
    assert page.mistakes == {
        (0, "seconds"): "Input should be less than or equal to 60.",
        (1, "effects", 1, "effects", 0, "source"): "Field required.",
        (1, "effects", 2): "There is no effect called “dance”.",
        (2, "choices", 1, "effects", 0, "text"): "Field required.",
        (3, "choices", 0, "weight"): "Input should be greater than or equal to 1.",
        (3, "choices", 1, "effects"): "List should have at least 1 item after validation, not 0.",
        (3, "hue"): "Extra inputs are not permitted.",
    }
    # Without scripts the same stands above the text field, with the place in words.
    assert "Effect 3, pick: choices 2: Effect 1, alert: text: Field required" in form.errors["effects"]
    assert (
        "Effect 2, run_effects: Effect 2, run_effects: Effect 1, obs_source: source: Field required"
        in form.errors["effects"]
    )
    assert json.loads(page.value) == wrong


def test_a_stored_effect_that_fits_no_more_is_shown_with_what_is_wrong() -> None:
    page = Page(str(EffectsForm(initial={"effects": [{"kind": "dance", "steps": 3}]})))
    assert page.mistakes == {(0,): "There is no effect called “dance”."}


@pytest.mark.parametrize("text", ["[" * 100_000, '[{"a":' * 50_000, "nonsense", '{"kind": "alert"}', "[1]", '"x"'])
def test_what_is_no_list_is_refused_and_comes_back_as_it_was_typed(text: str) -> None:
    form = posted(text)
    assert not form.is_valid()
    shown = Page(str(form)).value
    assert shown == text or json.loads(shown) == json.loads(text)


@pytest.mark.parametrize(
    "value", [[{"kind": "alert", "text": HOSTILE, "seconds": 99}], [{"kind": HOSTILE, HOSTILE: 1}]]
)
def test_hostile_text_stays_text(value: list[dict[str, Any]]) -> None:
    form = posted(value)
    assert not form.is_valid()
    page = Page(str(form))
    assert page.elements.count("script") == 2 and "img" not in page.elements
    assert page.elements.count("textarea") == 1
    assert json.loads(page.value) == value
    assert page.mistakes


def test_hostile_words_of_a_kind_do_not_end_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps.cards, "_things", {"alert": Card(Group.SCREEN, HOSTILE, HOSTILE)})
    page = Page(str(EffectsForm()))
    assert page.elements.count("script") == 2 and "img" not in page.elements
    assert json.loads(page.texts["id_effects-kinds"])["kinds"]["alert"]["does"] == HOSTILE


@pytest.mark.django_db
def test_the_dashboards_forms_bring_the_editor() -> None:
    form = ReactionForm()
    assert 'src="/static/pixelbot_site/effects_editor/main.js" type="module"' in str(form.media)
    page = Page(str(form["effects"]))
    assert json.loads(page.value) == []
    assert "run_effects" in json.loads(page.texts["id_effects-kinds"])["kinds"]
    assert "This is a list, written as JSON" in str(form["effects"])
