"""The dashboard's pages in a real Chromium under their Content-Security-Policy: nothing of theirs is refused."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import log_in
from tests.processes import ROOT, BotProcess

PATHS = (
    "",
    "charts/",
    "charts/?span=week",
    "economy/viewer/",
    "economy/viewer/1/change/",
    "economy/viewer/import/",
    "economy/viewer/export/",
    "economy/batch/add/",
    "effects/queueitem/",
    "effects/spin/",
    "effects/prize/",
    "effects/prize/1/change/",
    "effects/sound/",
    "effects/sound/1/change/",
    "effects/obsconnection/",
    "effects/overlay/",
    "joystick/install/",
    "joystick/reaction/1/change/",
    "redeems/redeem/",
    "redeems/redeem/1/change/",
    "redeems/redeem/add/",
    "auth/user/1/change/",
    "pixelbot_site/invitation/add/",
    "admin/logentry/",
    "api/docs",
)


def test_no_page_of_the_dashboard_needs_what_the_policy_refuses(bot: BotProcess, page: Page) -> None:
    errors: list[str] = []
    page.on(
        "console", lambda message: errors.append(f"{page.url}: {message.text}") if message.type == "error" else None
    )
    page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
    log_in(page, bot)
    expect(page.locator("#user-tools")).to_be_visible()
    for path in PATHS:
        answer = page.goto(f"http://127.0.0.1:{bot.port}/admin/{path}")
        assert answer is not None and answer.status in (200, 404), path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        page.wait_for_timeout(100)  # what a script asks for after the page was loaded
    expect(page.locator(".swagger-ui .opblock").nth(20)).to_be_visible()
    assert [error for error in errors if "404" not in error] == []


def test_the_export_page_and_the_docs_work_under_the_policy(bot: BotProcess, page: Page) -> None:
    log_in(page, bot)
    page.goto(f"http://127.0.0.1:{bot.port}/admin/economy/viewer/export/")
    boxes = page.locator("input[name=viewerresource_username]")
    expect(boxes).to_be_checked()
    page.uncheck("input[onchange]")
    expect(boxes).not_to_be_checked()


@pytest.mark.parametrize(
    "markup", ["<script>document.title = 'owned'</script>", "<img src=x onerror=document.title='owned'>"]
)
def test_markup_that_got_into_a_page_does_not_run(bot: BotProcess, page: Page, markup: str) -> None:
    log_in(page, bot)
    page.route("**/admin/effects/spin/", lambda route: _with_markup(route, markup))
    page.goto(f"http://127.0.0.1:{bot.port}/admin/effects/spin/")
    page.wait_for_load_state("networkidle")
    assert page.title() != "owned"


def test_our_templates_have_no_scripts_in_attributes() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        assert not re.search(r"\son[a-z]+\s*=|<script(?![^>]*\ssrc=)", path.read_text(encoding="utf-8")), path


def _with_markup(route: Route, markup: str) -> None:
    answer = route.fetch()
    body = answer.text().replace("</body>", f"{markup}</body>")
    route.fulfill(response=answer, body=body)
