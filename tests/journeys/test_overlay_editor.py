"""The stage on an overlay's page in a real Chromium: boxes are dragged and nudged, and the frame follows at once."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Frame, Locator, Page, expect

from tests.journeys.conftest import log_in, open_overlay
from tests.journeys.test_overlay_pages import wait_arranged
from tests.processes import BotProcess, wait_until

STORED = "SELECT name, x, y, width, height, enabled FROM effects_overlaywidget ORDER BY id"
SIDES = ("x", "y", "width", "height")


class Stage:
    """The stage and the rows of one page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def frame(self) -> Frame:
        frame = self.page.locator("#stage iframe").element_handle().content_frame()
        assert frame is not None
        return frame

    def open(self, address: str) -> None:
        """Open the page, and wait until the overlay in its frame has its widgets."""
        self.page.goto(address)
        self.wait()

    def wait(self) -> None:
        """Wait until the overlay in the frame has its widgets."""
        wait_until(lambda: self.frame.evaluate("(window.overlay?.stage.widgets.size || 0) > 0"), "it has its widgets")

    def box(self, name: str) -> Locator:
        return self.page.locator("#stage .box").filter(has=self.page.locator("span", has_text=name))

    def field(self, name: str, field: str) -> Locator:
        row = self.page.locator(f"#widgets-group .form-row:has(input[name$='-name'][value='{name}'])")
        return row.locator(f"[name$='-{field}']")

    def place(self, name: str) -> tuple[float, ...]:
        """Return what the row's fields hold."""
        return tuple(float(self.field(name, side).input_value()) for side in SIDES)

    def shown(self, name: str) -> tuple[float, ...]:
        """Return where the overlay in the frame has the widget."""
        style = "name => ['left', 'top', 'width', 'height'].map(side => document.getElementById(name).style[side])"
        return tuple(float(side.rstrip("%")) for side in self.frame.evaluate(style, name))

    def expect(self, name: str, *place: float) -> None:
        """Expect it in the fields, and soon in the frame."""
        assert self.place(name) == place
        wait_until(lambda: self.shown(name) == place, f"the frame shows {name} at {place}", within=2)

    def drag(self, target: Locator, right: float, down: float, *, end: bool = True) -> None:
        """Drag by percent of the stage."""
        stage, box = self.page.locator("#stage .window").bounding_box(), target.bounding_box()
        assert stage is not None and box is not None
        mouse = self.page.mouse
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        mouse.move(x, y)
        mouse.down()
        for part in (0.4, 1):
            mouse.move(x + stage["width"] * right / 100 * part, y + stage["height"] * down / 100 * part)
        if end:
            mouse.up()


def test_boxes_are_moved_the_frame_follows_and_nothing_is_stored_before_it_is_saved(
    bot: BotProcess, page: Page
) -> None:
    errors: list[Any] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_viewport_size({"width": 1280, "height": 1800})  # all of the stage can be reached by the pointer
    log_in(page, bot)
    page.locator("#user-tools").wait_for()
    stage, before = Stage(page), bot.rows(STORED)
    stage.open(f"http://127.0.0.1:{bot.port}/admin/effects/overlay/1/change/")
    stage.expect("events", 66, 3, 32, 34)

    # By pointer, and never off the stage.
    events = stage.box("events")
    stage.drag(events, -20, 10)
    stage.expect("events", 46, 13, 32, 34)
    stage.drag(events, 60, -40)
    stage.expect("events", 68, 0, 32, 34)
    stage.drag(events.locator(".handle"), -10, 20)
    stage.expect("events", 68, 0, 22, 54)
    stage.drag(events, -30, 10, end=False)
    stage.expect("events", 38, 10, 22, 54)
    page.keyboard.press("Escape")
    page.mouse.move(0, 0)
    page.mouse.up()
    stage.expect("events", 68, 0, 22, 54)

    # By keys, and told.
    button = events.get_by_role("button")
    button.focus()
    for key in ("ArrowLeft", "ArrowDown", "Shift+ArrowLeft", "Alt+ArrowRight", "Control+Shift+ArrowUp"):
        page.keyboard.press(key)
    stage.expect("events", 62, 1, 23, 49)
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowUp")
    stage.expect("events", 77, 0, 23, 49)
    sentence = "events: 77 % from the left, 0 % from the top, 23 % wide, 49 % high"
    expect(button).to_have_attribute("aria-label", sentence)
    expect(page.locator("#stage [role=status]")).to_have_text(f"{sentence}.")
    page.keyboard.press("Enter")
    expect(stage.field("events", "x")).to_be_focused()

    # The fields are the truth.
    stage.field("events", "x").fill("10.25")
    stage.expect("events", 10.25, 0, 23, 49)
    stage.field("caption", "enabled").uncheck()
    expect(stage.box("caption")).to_have_class("box current not-shown")
    hidden = "document.getElementById('caption').classList.contains('unseen')"
    wait_until(lambda: stage.frame.evaluate(hidden), "it is hidden in the frame")
    page.select_option("#id_theme", "neon")
    wait_until(lambda: stage.frame.evaluate("document.documentElement.dataset.theme") == "neon", "the theme is shown")

    # Examples are seen in the frame, heard nowhere, and no business of the queue.
    page.click("[data-examples]")
    expect(page.frame_locator("#stage iframe").locator("#alert")).to_contain_text("An alert looks like this.")
    assert not stage.frame.evaluate("overlay.sounds.leads")
    assert bot.one("SELECT count(*) FROM effects_queueitem") == bot.one("SELECT count(*) FROM effects_overlaypage") == 0

    # A preset fills in the fields, and a new row has a place in its format.
    page.click("#presets [value=vertical]")
    stage.expect("wheel", 8, 22, 84, 50)
    stage.expect("events", 43, 25, 54, 17)
    size = page.locator("#stage .window").bounding_box()
    assert size is not None and abs(size["width"] / size["height"] - 9 / 16) < 0.01
    wait_until(lambda: stage.frame.evaluate("[innerWidth, innerHeight]") == [1080, 1920], "the frame is as high")
    page.click("text=Add another Widget")
    new = page.locator("#widgets-group .form-row").nth(6)
    new.locator("[name$='-kind']").select_option("goal")
    assert [float(new.locator(f"[name$='-{side}']").input_value()) for side in SIDES] == [3, 3, 94, 7]
    stage.drag(stage.box("Goal"), 0, 5)
    assert bot.rows(STORED) == before

    # Its options are fields, of which the row holds what was typed.
    new.get_by_role("button", name="Options of Goal").click()
    options = page.locator("#stage .options")
    expect(options.locator("select")).to_be_focused()
    options.get_by_label("Title").fill("A new lamp")
    options.get_by_label("Target").fill("500")
    options.get_by_label("Counts").select_option(label="tokens")
    goal = page.frame_locator("#stage iframe").locator(".widget-goal")
    expect(goal).to_contain_text("A new lamp0 / 500 tokens")  # at once, with what the bot has counted
    shown = "document.querySelector('.widget-goal').style.top"
    assert stage.frame.evaluate(shown) == "8%"
    new.locator("[name$='-name']").fill("lamp")
    expect(options.locator("h3")).to_have_text("Options of lamp")
    assert new.locator("[name$='-options']").input_value() == '{"title":"A new lamp","target":500,"counts":"tokens"}'
    stage.box("wheel").get_by_role("button").focus()
    expect(options).to_be_hidden()  # it has none
    stage.box("lamp").get_by_role("button").focus()
    expect(options.get_by_label("Title")).to_have_value("A new lamp")
    assert bot.rows(STORED) == before

    with page.expect_navigation():
        page.click("[name=_continue]")
    stage.wait()
    assert bot.one("SELECT format FROM effects_overlay") == "vertical"
    stored = {name: tuple(place) for name, *place in bot.rows(STORED)}
    assert stored["events"] == (43, 25, 54, 17, 1) and stored["lamp"] == (3, 8, 94, 7, 1) and stored["caption"][4] == 0
    stage.expect("lamp", 3, 8, 94, 7)
    stored_options = json.loads(bot.one("SELECT options FROM effects_overlaywidget WHERE kind = 'goal'"))
    assert stored_options == {"title": "A new lamp", "target": 500, "counts": "tokens"}

    # A stored one is shown with its other options, which the bot's updates do not change, until they are as they were.
    stage.box("lamp").get_by_role("button").focus()
    options.get_by_label("Title").fill("Another")
    expect(goal).to_contain_text("Another0 / 500 tokens")
    data = {"title": "A new lamp", "now": 20, "target": 500, "unit": "tokens", "milestones": []}
    stage.frame.evaluate("message => overlay.receive(message)", {"type": "update", "widget": "lamp", "data": data})
    assert goal.text_content() == "Another0 / 500 tokens"
    options.get_by_label("Target").fill("600")
    expect(goal).to_contain_text("Another0 / 600 tokens")
    options.get_by_label("Title").fill("A new lamp")
    options.get_by_label("Target").fill("500")
    expect(goal).to_contain_text("A new lamp20 / 500 tokens")
    # What is wrong is not shown, and a row that is taken away again goes.
    options.get_by_label("Target").fill("0")
    page.click("text=Add another Widget")
    newest = page.locator("#widgets-group .form-row:not(.empty-form)").last
    newest.locator("[name$='-kind']").select_option("text")
    line = page.frame_locator("#stage iframe").locator(".widget-text")
    expect(line).to_have_text("0 new followers tonight")
    expect(goal).to_contain_text("/ 500 tokens")
    newest.locator(".inline-deletelink").click()
    expect(line).to_have_count(0)
    assert errors == []

    # What OBS shows is at the stored places, and follows nobody.
    open_overlay(page, bot)
    wait_arranged(page)
    moved = {"type": "place", "theme": "candy", "widgets": [{"name": "events", "x": 1}]}
    page.evaluate("message => new Promise(done => { addEventListener('message', done); postMessage(message) })", moved)
    assert page.evaluate("document.getElementById('events').style.left") == "43%"
