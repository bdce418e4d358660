"""A page with nothing but the editor of effects, and what a hand on the keyboard does there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from playwright.sync_api import Locator, Page, Route

from pixelbot_site.content_security import policy
from tests.effects.editing import EffectsForm, posted

SITE = "http://editor.test"
STYLES = "".join(
    f'<link rel="stylesheet" href="/static/admin/css/{name}.css">' for name in ("base", "dark_mode", "forms")
)
TYPES = {".js": "text/javascript", ".css": "text/css"}


def show_editor(page: Page, effects: Any, *, bound: bool = False, with_policy: bool = True) -> Page:
    """Show the editor in `page`, as the dashboard does: its own files, its own policy, its own styles.

    `bound`: with these effects sent, so that their mistakes are shown.
    """
    form = posted(effects) if bound else EffectsForm(initial={"effects": effects})
    row = (
        f'<div class="form-row"><div class="flex-container">{form["effects"].label_tag()}{form["effects"]}</div></div>'
    )
    html = (
        f'<!doctype html><html lang="en"><title>Editor</title>{STYLES}{form.media}'
        f'<main id="content"><form class="aligned"><fieldset class="module aligned">{row}</fieldset></form></main>'
    )

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        if path.startswith("/static/"):
            found = Path(str(finders.find(path.removeprefix("/static/"))))
            route.fulfill(body=found.read_bytes(), content_type=TYPES.get(found.suffix, "image/svg+xml"))
        elif path.endswith("/names/"):
            route.fulfill(body="{}", content_type="application/json")
        else:
            headers = {"Content-Security-Policy": policy()} if with_policy else {}
            route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=headers)

    page.route(f"{SITE}/**", answer)
    page.goto(f"{SITE}/")
    return page


def value(page: Page) -> Any:
    """Return what the form would send."""
    return json.loads(page.locator("#id_effects").input_value())


def titles(page: Page) -> list[str]:
    """Return the headings of all cards, and of the lists and objects inside them."""
    return page.locator(".effects legend").all_inner_texts()


def said(page: Page) -> Locator:
    """Return where changes are announced."""
    return page.locator(".effects [aria-live=polite]")


def focused(page: Page) -> str:
    """Return by what name the element with the focus is called."""
    return str(
        page.evaluate(
            """() => { const now = document.activeElement;
            return now.ariaLabel || now.labels?.[0]?.textContent || now.value || now.textContent; }"""
        )
    )


def tab_to(page: Page, name: str, *, key: str = "Tab") -> None:
    """Press Tab until something of that name has the focus."""
    for _ in range(120):
        page.keyboard.press(key)
        if focused(page).strip().rstrip(":") == name:
            return
    raise AssertionError(f"nothing called {name} is reached")


def choose(page: Page, title: str) -> None:
    """Type the beginning of a kind's title in the menu that has the focus."""
    assert focused(page) == "What happens"
    page.keyboard.type(title)
