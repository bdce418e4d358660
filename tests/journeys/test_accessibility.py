"""axe finds no serious fault on any page of the dashboard, light and dark, nor on an overlay; no list is cut off."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from joystick.simulator.happenings import started, tip
from tests.journeys.conftest import log_in
from tests.journeys.test_osc import add_target
from tests.journeys.test_overlay_pages import wait_arranged
from tests.overlay_scene import THEMES, fill, set_scene
from tests.processes import BotProcess, SimulatorThread, wait_until

# Faults of Django's own scripts: the sign beside the filter of a list of choices.
DJANGOS_OWN = ("help-tooltip",)
# Else links are between two colours when the scheme changes.
STILL = "* { transition: none !important }"
VIOLATIONS = {"resultTypes": ["violations"]}
COLOURS = ["color-contrast", "link-in-text-block"]
# Pages that are asked for with a row of each model.
WITH_A_ROW = (
    "economy.viewer",
    "effects.prize",
    "effects.overlay",
    "effects.osctarget",
    "effects.webhooktarget",
    "joystick.reaction",
    "redeems.redeem",
    "effects.sound",
)


# Of what is cut off at the right of each list.
HIDDEN_WIDTHS = "[...document.querySelectorAll('.results')].map(box => box.scrollWidth - box.clientWidth)"


def addresses(bot: BotProcess) -> Iterator[str]:
    yield from ("/admin/", "/admin/settings/", "/admin/backups/", "/admin/password_change/", "/admin/chat/")
    yield "/admin/bring/"
    for model, page in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"admin:{name}_changelist")
        if page.add_form_template or type(page).has_add_permission is admin.ModelAdmin.has_add_permission:
            yield reverse(f"admin:{name}_add")
        if model._meta.label_lower in WITH_A_ROW:
            row = bot.one(f"SELECT min(id) FROM {model._meta.db_table}")
            yield reverse(f"admin:{name}_change", args=[row])
    yield reverse("tippers", args=[bot.one("SELECT id FROM joystick_stream")])


def faults(page: Page, *, but: str = "", dark: bool = True) -> list[str]:
    """Return the serious faults of a page: light by all of axe's rules, and `dark`, where colours alone are others, by those
    about them. `but`: a part that is left out.
    """
    context = {"exclude": [but]} if but else None
    found = faults_by(page, context)
    if not dark:
        return found
    page.add_style_tag(content=STILL)
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {fault}" for fault in faults_by(page, context, runOnly=COLOURS)]
    page.emulate_media(color_scheme="light")
    return found


def faults_by(page: Page, context: Any = None, **options: Any) -> list[str]:
    return [
        f"{page.url}: {fault['id']}: {node['html'][:120]}: {node['failureSummary'][:200]}"
        for fault in Axe().run(page, context=context, options={**VIOLATIONS, **options}).response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
        if not any(words in node["html"] for words in DJANGOS_OWN)
    ]


def test_no_page_has_a_serious_fault_and_no_list_is_cut_off_at_1280(
    page: Page, bot: BotProcess, simulator: SimulatorThread
) -> None:
    simulator.happen(started())
    simulator.happen(tip("CopperKettle", 100))
    wait_until(lambda: bot.one("SELECT count(*) FROM economy_transaction") > 0, "the tip is paid")
    browser = page.context.browser
    assert isinstance(browser, Browser)
    # Without the policy, which refuses axe's own script.
    context = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.goto(f"http://127.0.0.1:{bot.port}/admin/login/")
    found = faults(tab)
    log_in(tab, bot)
    add_target(bot.folder, 9000)
    with closing(sqlite3.connect(bot.folder / "pixelbot.sqlite3")) as database, database:
        row = "('Lamp', 'https://example.org/', 'POST', '')"
        database.execute(f"INSERT INTO effects_webhooktarget (name, url, method, headers) VALUES {row}")
    paths = list(addresses(bot))
    cut_off = []
    for number, path in enumerate(paths):
        tab.goto(f"http://127.0.0.1:{bot.port}{path}")
        cut_off += [path] if any(tab.evaluate(HIDDEN_WIDTHS)) else []
        # The menu is the same on every page, and so are the colours of lists and of forms for something new.
        dark = number < 6 or "/change/" in path or number % 3 == 0
        found += faults(tab, but="#nav-sidebar" if number else "", dark=dark)
    context.close()
    print(f"{len(paths)} pages")
    assert len(paths) > 45
    assert not found, "\n".join(found)
    assert not cut_off


def test_no_theme_of_an_overlay_with_every_widget_has_a_serious_fault(page: Page, bot: BotProcess) -> None:
    browser = page.context.browser
    assert isinstance(browser, Browser)
    tab = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 720}).new_page()
    tab.goto(f"{bot.overlay_url}?preview=1")
    wait_arranged(tab)
    found = []
    for number, theme in enumerate(THEMES):
        set_scene(tab, "#141a1f")
        fill(tab, theme, number)
        for widget in ("alert", "caption", "wheel", "chat", "ticker"):
            expect(tab.locator(f"#{widget}")).to_be_visible()
        tab.wait_for_timeout(700)  # what comes has come
        found += [f"{theme}: {fault}" for fault in faults_by(tab)]
    tab.context.close()
    assert not found, "\n".join(found)
