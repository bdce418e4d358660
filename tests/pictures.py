"""Takes the README's pictures of the real pages: `python -m tests.pictures` (needs Chromium)."""

from __future__ import annotations

import os
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, Route, expect, sync_playwright

from tests.overlay_scene import ALERTS, DARK, EMOTE_HOST, LIGHT, THEMES, WIDGETS, alert, fill, fill_large, set_scene
from tests.processes import ROOT, BotProcess, free_port

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PICTURES = ROOT / "docs" / "pictures"
PAGES = {
    "dashboard": "",
    "settings": "settings/",
    "viewer": "economy/viewer/find/?q=quillbadger",
    "viewers": "economy/viewer/",
    "queue": "effects/queueitem/",
}
# Two emotes, since those of the platform are its own.
EMOTE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="14" fill="{}"/>'
    '<path d="M9 19q7 8 14 0" fill="none" stroke="#222" stroke-width="3"/><circle cx="11" cy="12" r="2"/>'
    '<circle cx="21" cy="12" r="2"/></svg>'
)
HARBOUR = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360"><rect width="640" height="360" fill="#20355c"/>'
    '<circle cx="500" cy="80" r="36" fill="#ffe9b0"/><rect y="240" width="640" height="120" fill="#14233f"/>'
    '<path d="M120 240h180l-30 44H150Z" fill="#b8573f"/><path d="M205 100v136h-80Z" fill="#f2f2ea"/></svg>'
)
SCENE = "html { background: #4a3b6b !important; }"


def main() -> None:
    """Run the demo and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pixelbot-pictures-") as folder, sync_playwright() as playwright:
        bot = BotProcess(Path(folder), free_port(), "--demo").start()
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--autoplay-policy=no-user-gesture-required"]
        )
        try:
            # The page's own policy forbids foreign styles; the picture needs a scene behind the transparent page.
            page = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 720}).new_page()
            take_overlay(page, bot)
            take_themes(browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 720}).new_page(), bot)
            take_large(browser.new_context(bypass_csp=True, viewport={"width": 960, "height": 540}).new_page(), bot)
            take_alerts(browser.new_context(bypass_csp=True, viewport={"width": 960, "height": 540}).new_page(), bot)
            admin = browser.new_context(viewport={"width": 1440, "height": 810}).new_page()
            take_admin(admin, bot)
            take_stage(admin, bot)
        finally:
            browser.close()
            bot.kill()


def take_overlay(page: Page, bot: BotProcess) -> None:
    """The overlay while it speaks."""
    page.goto(bot.overlay_url)
    page.add_style_tag(content=SCENE)
    expect(page.locator("#caption")).to_be_visible(timeout=20_000)
    page.wait_for_timeout(400)  # the caption fades in
    page.screenshot(path=PICTURES / "overlay.png")
    expect(page.locator("#caption")).to_contain_text("level 2", timeout=30_000)


def take_themes(page: Page, bot: BotProcess) -> None:
    """Every theme with every widget, over a dark scene and over a light one, on one sheet."""
    page.route(f"https://{EMOTE_HOST}/**", show_emote)
    WIDGETS["chat"][2]["emotes_from"] = EMOTE_HOST
    page.goto(f"{bot.overlay_url}?preview=1")
    page.wait_for_timeout(1000)
    cells = []
    for number, (theme, background) in enumerate((theme, scene) for theme in THEMES for scene in (DARK, LIGHT)):
        set_scene(page, background)
        fill(page, theme, number)
        page.wait_for_timeout(2200)  # the wheel has stopped, and half of the caption is said
        cells.append(page.screenshot(type="jpeg", quality=88))
    take_sheet(page, "overlay-themes", cells, columns=2, width=1000)


def take_large(page: Page, bot: BotProcess) -> None:
    """Every theme with the credits and a picture, by turns over a dark scene and over a light one, on one sheet."""
    page.route("**/media/harbour", lambda route: route.fulfill(body=HARBOUR, content_type="image/svg+xml"))
    page.goto(f"{bot.overlay_url}?preview=1")
    page.wait_for_timeout(1000)
    cells = []
    for number, theme in enumerate(THEMES):
        set_scene(page, LIGHT if number % 2 else DARK)
        fill_large(page, theme, number)
        page.wait_for_timeout(4500)  # half of the credits have rolled
        cells.append(page.screenshot(type="jpeg", quality=88))
    take_sheet(page, "overlay-credits", cells, columns=3, width=1200)


def show_emote(route: Route) -> None:
    """Answer as the platform would, with a picture of our own."""
    colour = "#ff9d3a" if "foxwave" in route.request.url else "#ffe06b"
    route.fulfill(body=EMOTE.format(colour), content_type="image/svg+xml")


def take_alerts(page: Page, bot: BotProcess) -> None:
    """Every theme with every design of an alert, by turns over a dark scene and over a light one, on one sheet."""
    page.goto(f"{bot.overlay_url}?preview=1")
    page.wait_for_timeout(1000)
    cells = []
    for number, (theme, told) in enumerate((theme, told) for theme in THEMES for told in ALERTS):
        set_scene(page, LIGHT if number % 2 else DARK)
        alert(page, theme, 1 + number, **told)
        page.wait_for_timeout(900)  # it has come in
        cells.append(page.screenshot(type="jpeg", quality=88))
    take_sheet(page, "overlay-alerts", cells, columns=len(ALERTS), width=1500)


def take_sheet(page: Page, name: str, cells: Sequence[bytes], *, columns: int, width: int) -> None:
    """Put pictures beside and below each other on one."""
    sheet = page.context.new_page()
    sheet.set_viewport_size({"width": width, "height": 100})
    figures = "".join(f'<img src="data:image/jpeg;base64,{b64encode(cell).decode("ascii")}">' for cell in cells)
    style = (
        f"body{{margin:0;display:grid;grid-template-columns:repeat({columns},1fr);gap:6px;background:#222}}"
        "img{width:100%;display:block}"
    )
    sheet.set_content(f"<style>{style}</style>{figures}")
    sheet.wait_for_timeout(300)
    sheet.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def take_admin(page: Page, bot: BotProcess) -> None:
    """The dashboard, its viewers and its queue."""
    root = f"http://127.0.0.1:{bot.port}/admin/"
    page.goto(root)
    page.fill("#id_username", "admin")
    page.fill("#id_password", "a-test-password")
    page.click("text=Log in")
    page.screenshot(path=PICTURES / "guide.png")
    while (skip := page.locator(".guide li:not(.skipped) .skip").first).count():
        with page.expect_navigation():
            skip.evaluate("button => button.click()")
    for name, path in PAGES.items():
        page.goto(root + path)
        page.wait_for_timeout(1500)  # what is live has come
        page.screenshot(path=PICTURES / f"{name}.png")


def take_stage(page: Page, bot: BotProcess) -> None:
    """The stage on an overlay's page, with its examples."""
    page.goto(f"http://127.0.0.1:{bot.port}/admin/effects/overlay/1/change/")
    page.wait_for_timeout(1500)
    page.click("[data-examples]")
    page.get_by_role("button", name="wheel").focus()
    page.wait_for_timeout(4500)  # the wheel has stopped
    page.locator("#stage").screenshot(path=PICTURES / "overlay-stage.png")


if __name__ == "__main__":
    main()
