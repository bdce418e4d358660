"""The editor of effects in a real Chromium: by keys, for every kind, and with what a screen reader is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from pixelbot_site.kit.steps import MAX_DEPTH, MAX_SEQUENCE
from tests.effects.editing import ALERT, HOSTILE, PICK, posted, register_pick, sequence
from tests.effects.test_library import FITS
from tests.journeys.editor_page import choose, focused, said, show_editor, tab_to, titles, value
from tests.journeys.test_accessibility import COLOURS, STILL, VIOLATIONS

Show = Callable[..., Page]


@pytest.fixture
def pick(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kind with a list of objects that hold effects."""
    return register_pick(monkeypatch)


@pytest.fixture
def show(page: Page) -> Iterator[Show]:
    """Shows the editor with these effects: `show([{"kind": …}, …])`. No error may be on the page's console."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield lambda effects, **options: show_editor(page, effects, **options)
    assert errors == []


@pytest.mark.parametrize("width", [1280, 390])
def test_every_kind_comes_back_through_its_cards_as_it_was(show: Show, width: int) -> None:
    effects = [{"kind": kind, **payload} for kind, payload in FITS]
    page = show(effects)
    page.set_viewport_size({"width": width, "height": 900})
    expect(page.locator("#id_effects")).to_be_hidden()
    expect(page.get_by_text("This is a list, written as JSON")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Each control says again what it shows, as if it had been typed.
    page.evaluate(
        """() => document.querySelectorAll(".effects .field :is(input, select)").forEach((control) => {
            control.dispatchEvent(new Event("input"));
            if (control.type !== "checkbox") { control.dispatchEvent(new Event("change")); }
        })"""
    )
    shown = value(page)
    assert len(shown) == len(effects)
    for before, after in zip(effects, shown, strict=True):
        # A blank text is left out: it is what the field is without it.
        assert {key: part for key, part in before.items() if part != ""}.items() <= after.items()
    assert posted(shown).is_valid()


def test_a_new_card_of_each_kind_asks_for_what_it_needs(show: Show) -> None:
    page = show([])
    page.click("text=+ Add an effect")
    menu = page.get_by_label("What happens").first
    assert menu.locator("optgroup").evaluate_all("all => all.map((group) => group.label)") == [
        "Screen", "Sound", "Voice", "Chat", "Reward", "OBS", "Outside", "Several effects",
    ]  # fmt: skip
    for kind in menu.locator("option").evaluate_all("all => all.map((option) => option.value)"):
        menu.select_option(kind)
        assert value(page)[0]["kind"] == kind
        for mistake in posted(value(page)).errors.get("effects", []):
            # And not: this default does not fit.
            assert "Field required" in mistake or "give either a target or an address" in mistake


def test_cards_are_added_doubled_moved_and_removed_by_keys_and_each_is_announced(show: Show) -> None:
    page = show([ALERT, {"kind": "speak", "text": "hello"}])
    tab_to(page, "Move Speak a text up")
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Speak a text moved, now effect 1 of 2.")
    assert focused(page) == "Move Speak a text up"
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Speak a text is the first already.")
    tab_to(page, "Rate")
    page.keyboard.press("Alt+ArrowDown")
    expect(said(page)).to_have_text("Speak a text moved, now effect 2 of 2.")
    assert focused(page) == "Rate"
    assert [step["kind"] for step in value(page)] == ["alert", "speak"]
    tab_to(page, "Duplicate Alert", key="Shift+Tab")
    page.keyboard.press("Space")
    expect(said(page)).to_have_text("Alert duplicated as effect 2 of 3.")
    assert focused(page) == "What happens"
    tab_to(page, "Text")
    page.keyboard.type("you")
    assert [step.get("text") for step in value(page)] == ["hi", "you", "hello"]
    tab_to(page, "Remove Alert", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Alert removed, 2 left.")
    assert focused(page) == "Remove Speak a text"
    page.keyboard.press("Enter")
    assert focused(page) == "Remove Alert"
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Alert removed, none left.")
    assert (focused(page), value(page)) == ("+ Add an effect", [])
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Alert added as effect 1 of 1.")
    assert focused(page) == "What happens"


def test_a_card_inside_a_card_moves_alone_and_other_kinds_keep_what_was_typed(show: Show) -> None:
    page = show([sequence(ALERT, {"kind": "obs_clip"}), {"kind": "spin_wheel"}])
    page.get_by_label("Text").focus()
    page.keyboard.press("Alt+ArrowDown")
    assert value(page) == [sequence({"kind": "obs_clip"}, ALERT), {"kind": "spin_wheel"}]
    menu = page.get_by_label("What happens").nth(2)
    menu.select_option("speak")
    assert value(page)[0]["effects"][1] == {"kind": "speak", "text": "hi", "source": "system"}
    menu.select_option("run_effects")
    menu.select_option("alert")
    assert value(page)[0]["effects"][1] == ALERT
    # A colour is picked, or typed; blank is none.
    page.get_by_label("Pick a colour: Accent").fill("#00c27a")
    expect(page.get_by_label("Accent", exact=True)).to_have_value("#00c27a")
    assert value(page)[0]["effects"][1] == {**ALERT, "accent": "#00c27a"}
    page.get_by_label("Accent", exact=True).fill("#ffe600")
    expect(page.get_by_label("Pick a colour: Accent")).to_have_value("#ffe600")
    page.get_by_label("Accent", exact=True).fill("")
    assert value(page)[0]["effects"][1] == ALERT


def test_lists_of_objects_are_cards_with_effects_in_them(show: Show, pick: str) -> None:
    stored = {**PICK, "choices": [{"weight": 3, "effects": [ALERT]}], "table": {"a": 1}}
    page = show([stored])
    assert titles(page) == ["1. Pick", "Choices", "1. Choice", "Effects", "1. Alert", "Start", "Rule"]
    page.click("text=+ Add a choice")
    expect(said(page)).to_have_text("Choice added as choice 2 of 2.")
    assert focused(page) == "Weight"
    page.keyboard.press("Control+A")
    page.keyboard.type("7")
    tab_to(page, "+ Add an effect")
    page.keyboard.press("Enter")
    choose(page, "Save a clip")
    page.keyboard.press("Tab")
    page.get_by_label("Word").nth(1).select_option("follower")
    changed: dict[str, Any] = {
        **stored,
        "choices": [{"weight": 3, "effects": [ALERT]}, {"weight": 7, "effects": [{"kind": "obs_clip"}]}],
        "rule": {"word": "follower"},
    }
    assert value(page) == [changed]
    page.get_by_label("Loud").nth(1).check()
    changed["rule"]["loud"] = True
    assert value(page) == [changed]
    assert posted(value(page)).is_valid()
    page.get_by_role("button", name="Move Choice up").nth(1).click()
    assert [choice["weight"] for choice in value(page)[0]["choices"]] == [7, 3]
    page.get_by_label("Table").fill("{")
    assert value(page)[0]["table"] == "{"
    page.get_by_label("Table").fill('{"b": 2}')
    assert value(page)[0]["table"] == {"b": 2}


def test_a_new_card_begins_with_the_objects_and_the_no_that_it_needs(show: Show, pick: str) -> None:
    page = show([])
    page.click("text=+ Add an effect")
    page.get_by_label("What happens").select_option(pick)
    assert value(page) == [{**PICK, "start": {"least": 0, "loud": False}}]
    assert not page.get_by_label("Loud").first.evaluate("tick => tick.required")


def test_a_mistake_stands_beside_its_field_and_is_told_with_it(show: Show, pick: str) -> None:
    inner = {**PICK, "choices": [{"effects": [ALERT]}, {"effects": [{"kind": "alert", "seconds": 90}]}]}
    page = show([ALERT, sequence(inner), {"kind": "dance", "step": 1}, {**ALERT, "hue": "red"}], bound=True)
    wrong = page.locator(".effects [aria-invalid=true]")
    expect(wrong).to_have_count(3)
    for place, message in enumerate(("Field required.", "Input should be less than or equal to 60.", "Extra inputs")):
        described = wrong.nth(place).get_attribute("aria-describedby") or ""
        texts = [page.locator(f"#{name}").inner_text() for name in described.split()]
        assert message in texts[-1]
    wrong.nth(0).fill("hello")
    expect(wrong).to_have_count(2)
    assert "dance (does not exist)" in page.get_by_label("What happens").nth(5).inner_text()
    expect(page.locator(".effects .errorlist", has_text="There is no effect called “dance”.")).to_be_visible()
    page.get_by_label("hue").fill("")
    assert value(page)[3] == ALERT


def test_hostile_text_is_text_in_every_card(show: Show) -> None:
    page = show(
        [{**ALERT, "text": HOSTILE, HOSTILE: HOSTILE}, {"kind": HOSTILE, "text": HOSTILE}, {"kind": "constructor"}],
        bound=True,
    )
    assert page.get_by_label("Text", exact=True).input_value() == HOSTILE
    assert page.locator(".effects :is(img, script)").count() == 0
    assert titles(page)[1:] == [f"2. {HOSTILE}", "3. constructor"]


def test_too_deep_and_too_many_are_refused_with_a_sentence(show: Show) -> None:
    step = sequence(*[ALERT] * MAX_SEQUENCE)
    for _ in range(MAX_DEPTH - 2):
        step = sequence(step)
    page = show([step])
    page.get_by_text("+ Add an effect").first.click()
    expect(said(page)).to_have_text(f"There can be at most {MAX_SEQUENCE} in this list.")
    expect(page.get_by_text(f"There can be at most {MAX_SEQUENCE} in this list.").first).to_be_visible()
    assert value(page) == [step]
    page.get_by_label("What happens").nth(MAX_DEPTH - 1).select_option("run_effects")
    expect(page.locator(".effects .nested .nested").last).to_contain_text(
        f"Effects can lie in each other at most {MAX_DEPTH} deep."
    )


@pytest.mark.parametrize("text", ["nonsense", '{"kind": "alert"}', "[1]"])
def test_what_is_no_list_stays_a_text_field(show: Show, text: str) -> None:
    page = show(text, bound=True)
    expect(page.locator("#id_effects")).to_be_visible()
    expect(page.locator(".effects")).to_have_count(0)


def test_without_scripts_the_list_is_a_text_field_that_says_how_it_is_written(page: Page) -> None:
    browser = page.context.browser
    assert isinstance(browser, Browser)
    context = browser.new_context(java_script_enabled=False)
    plain = show_editor(context.new_page(), [ALERT])
    expect(plain.locator("#id_effects")).to_be_visible()
    expect(plain.get_by_text("This is a list, written as JSON")).to_be_visible()
    plain.fill("#id_effects", json.dumps([sequence(ALERT)]))
    assert posted(value(plain)).is_valid()
    context.close()


def test_axe_finds_no_fault_in_cards_inside_cards(show: Show, page: Page, pick: str) -> None:
    inner = {**PICK, "choices": [{"effects": [ALERT]}, {"effects": [{"kind": "alert", "seconds": 90}]}]}
    everything = [{"kind": kind, **payload} for kind, payload in FITS]
    # Without the policy, which refuses axe's own script.
    page = show([sequence(inner), {"kind": "dance"}, {**ALERT, "hue": 1}, *everything], bound=True, with_policy=False)
    expect(page.locator(".effects .errorlist").first).to_be_visible()
    found = Axe().run(page, context=".effects", options=VIOLATIONS).response["violations"]
    page.add_style_tag(content=STILL)
    page.emulate_media(color_scheme="dark")
    found += Axe().run(page, context=".effects", options={**VIOLATIONS, "runOnly": COLOURS}).response["violations"]
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == []
