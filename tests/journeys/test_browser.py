"""The overlay and the admin in a real headless Chromium."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from joystick.simulator.happenings import chat, enter, follow, raid, tip
from tests.journeys.conftest import open_overlay
from tests.journeys.way import POINTS, STATE
from tests.processes import BotProcess, SimulatorThread, overlay_socket, play_next, wait_until

SOUNDS = """() => {
  window.sounds = [];
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    const sound = { src: this.src, began: performance.now(), ended: 0, duration: 0 };
    window.sounds.push(sound);
    this.addEventListener("ended", () => {
      sound.ended = performance.now();
      sound.duration = this.duration * 1000;
    });
    return play.apply(this);
  };
}"""
"""Notes which sounds the page plays, and when each of them came to its end."""


def order_speech(simulator: SimulatorThread, text: str, who: str = "Bob") -> None:
    simulator.happen(tip(who, 25), chat(who, f"!tts {text}"))


def test_a_line_is_spoken_to_its_end_with_its_caption(bot: BotProcess, simulator: SimulatorThread, page: Page) -> None:
    page.add_init_script(f"({SOUNDS})()")
    open_overlay(page, bot)
    order_speech(simulator, "<b>hello</b> & welcome")
    caption = page.locator("#caption")
    expect(caption).to_be_visible(timeout=10_000)
    expect(caption).to_have_text("Bob said: <b>hello</b> & welcome")
    wait_until(lambda: bot.one(STATE) == "done", "the item is done")
    expect(caption).to_be_hidden()
    chime, speech = page.evaluate("window.sounds")
    assert "/pre-sound/" in chime["src"] and speech["src"].endswith(".wav")
    assert speech["began"] - chime["began"] >= 1190
    for sound in (chime, speech):
        assert sound["ended"] - sound["began"] >= 0.95 * sound["duration"] > 300
    assert bot.one("SELECT playing_at IS NOT NULL AND finished_at IS NOT NULL FROM effects_queueitem") == 1
    assert bot.one(POINTS) == 0


def test_the_page_is_transparent_and_quiet_until_something_happens(bot: BotProcess, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    open_overlay(page, bot)
    page.wait_for_load_state("networkidle")
    picture = page.screenshot(omit_background=True)
    colours = page.evaluate(
        """async (bytes) => {
          const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
          const canvas = document.createElement("canvas");
          canvas.width = picture.width; canvas.height = picture.height;
          const context = canvas.getContext("2d");
          context.drawImage(picture, 0, 0);
          return context.getImageData(0, 0, picture.width, picture.height).data.reduce((most, value) => Math.max(most, value), 0);
        }""",
        list(picture),
    )
    assert colours == 0
    assert errors == []
    assert all(url.startswith((f"http://127.0.0.1:{bot.port}/", "data:")) for url in requests)


def test_it_reconnects_by_itself_and_plays_on(
    bot: BotProcess, make_bot: Callable[..., BotProcess], simulator: SimulatorThread, page: Page
) -> None:
    page.add_init_script(f"({SOUNDS})()")
    open_overlay(page, bot)
    wait_until(lambda: bot.says("Main connected"), "the overlay is connected")
    bot.kill()
    simulator.simulator.subscribed.clear()
    again = make_bot().start()
    wait_until(lambda: again.says("Main connected"), "the overlay is back", within=20)
    simulator.wait_subscribed()
    order_speech(simulator, "back again")
    wait_until(lambda: again.one(STATE) == "done", "the item is done", within=20)
    assert len(page.evaluate("window.sounds")) == 2


def test_a_connection_lost_in_the_middle_does_not_play_twice(
    bot: BotProcess, simulator: SimulatorThread, page: Page
) -> None:
    """The page reports the end after it came back; told again what it plays already, it does not start anew."""
    page.add_init_script(f"({SOUNDS})()")
    open_overlay(page, bot)
    order_speech(simulator, "a rather long sentence, so that there is time to lose the connection in the middle of it")
    expect(page.locator("#caption")).to_be_visible(timeout=10_000)
    page.evaluate("overlay.connection.socket.close()")
    wait_until(lambda: bot.one(STATE) == "done", "the item is done", within=20)
    assert len(page.evaluate("window.sounds")) == 2


def test_speech_that_cannot_be_loaded_is_refunded(bot: BotProcess, simulator: SimulatorThread, page: Page) -> None:
    page.route("**/*.wav", lambda route: route.abort())
    open_overlay(page, bot)
    with page.expect_event("requestfailed"):
        order_speech(simulator, "into the void")
    wait_until(lambda: bot.one(STATE) == "failed", "the item failed")
    assert "could not play it: speech/" in bot.one("SELECT error FROM effects_queueitem")
    assert bot.one(POINTS) == 25


def test_a_browser_that_wants_a_click_gets_one_and_then_plays(
    bot: BotProcess, simulator: SimulatorThread, strict_page: Page
) -> None:
    open_overlay(strict_page, bot)
    with strict_page.expect_console_message(lambda message: "after a click" in message.text):
        order_speech(simulator, "please click")
    button = strict_page.locator("#unmute")
    expect(button).to_be_visible(timeout=10_000)
    button.click()
    wait_until(lambda: bot.one(STATE) == "done", "the item is done", within=20)
    expect(button).to_be_hidden()


def test_an_item_that_was_given_up_stops_on_the_page(
    bot: BotProcess, simulator: SimulatorThread, strict_page: Page
) -> None:
    """Nobody clicks: the bot gives up, refunds, and the page does not play it later on top of something else."""
    strict_page.add_init_script(f"({SOUNDS})()")
    open_overlay(strict_page, bot)
    with strict_page.expect_console_message(lambda message: "after a click" in message.text):
        order_speech(simulator, "nobody clicks")
    wait_until(lambda: bot.one(STATE) == "failed", "the item failed", within=20)
    assert bot.one(POINTS) == 25
    strict_page.click("#unmute")
    assert len(strict_page.evaluate("window.sounds")) == 1  # the try that was refused
    order_speech(simulator, "now it plays", "Ann")
    wait_until(lambda: bot.one(STATE) == "done", "the next item is done", within=20)
    assert len(strict_page.evaluate("window.sounds")) == 3
    expect(strict_page.locator("#unmute")).to_be_hidden()


def test_a_line_given_up_during_the_pre_delay_is_not_spoken_later(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread, page: Page
) -> None:
    bot = make_bot(TTS_PRE_DELAY_MS="3000").start()
    simulator.wait_subscribed()
    page.add_init_script(f"({SOUNDS})()")
    with page.expect_websocket() as opened:
        open_overlay(page, bot)
    with opened.value.expect_event("framesent", lambda frame: "started" in str(frame)):
        order_speech(simulator, "too late")
    page.evaluate("overlay.receive({ type: 'stop', item: 1 })")
    page.wait_for_timeout(3500)  # the pre-delay, and then some, in which nothing may happen
    assert len(page.evaluate("window.sounds")) == 1
    expect(page.locator("#caption")).to_be_hidden()


def test_a_tab_that_nobody_clicked_hoards_nothing(
    bot: BotProcess, simulator: SimulatorThread, strict_page: Page
) -> None:
    """OBS plays; a second page waits for its click. When it comes, nothing that is over is played again."""
    strict_page.add_init_script(f"({SOUNDS})()")
    open_overlay(strict_page, bot)
    with overlay_socket(bot.overlay_url) as obs:
        with strict_page.expect_console_message(lambda message: "after a click" in message.text):
            order_speech(simulator, "played in OBS")
        play_next(obs)
        wait_until(lambda: bot.one(STATE) == "done", "the item is done")
    strict_page.click("#unmute")
    strict_page.wait_for_timeout(500)  # in which nothing may happen
    assert len(strict_page.evaluate("window.sounds")) == 1  # the try that was refused


def test_what_happens_on_the_channel_is_shown_for_a_while_as_it_was_written(
    bot: BotProcess, simulator: SimulatorThread, page: Page
) -> None:
    open_overlay(page, bot)
    wait_until(lambda: bot.says("Main connected"), "the overlay is there")
    lines = page.locator("#events li")
    expect(page.locator("#events")).to_be_attached()
    page.wait_for_timeout(500)
    simulator.happen(enter("Cat"), chat("Bob", "hello"), follow("Eve<3&"), raid("Kettle", 37))
    expect(lines).to_have_text(["Eve<3& is now following", "Kettle dropped in with 37 viewers"])
    expect(lines).to_have_count(0, timeout=10_000)
    simulator.happen(*[tip("Bob", number) for number in range(1, 41)])
    expect(lines).to_have_count(3)


def test_the_admin_shows_what_happened(bot: BotProcess, simulator: SimulatorThread, page: Page) -> None:
    simulator.happen(tip("Bob<i>", 100), chat("Bob<i>", "<script>alert(1)</script>"))
    wait_until(lambda: bot.one("SELECT count(*) FROM joystick_inboundevent") == 2, "the events are stored")
    page.goto(f"http://127.0.0.1:{bot.port}/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "a-test-password")
    page.click("text=Log in")
    expect(page.locator("h1", has_text="Your channel")).to_be_visible()
    shows = {
        "economy/viewer": "Bob<i>",
        "economy/transaction": "tip",
        "economy/xptransaction": "tip",
        "economy/levelreward": "500",
        "redeems/redeem": "tts",
        "effects/queueitem": "0 queue items",
        "effects/overlay": bot.overlay_url,
        "joystick/inboundevent": "<script>alert(1)</script>",
        "joystick/install": "HarbourFox",
        "joystick/connection": "connected",
    }
    for path, words in shows.items():
        page.goto(f"http://127.0.0.1:{bot.port}/admin/{path}/")
        if path == "redeems/redeem":
            expect(page.locator("#content")).to_contain_text(words)
        elif path == "economy/levelreward":
            expect(page.locator("input[value='500']")).to_be_visible()
        else:
            expect(page.locator("#content")).to_contain_text(words)
    for path in ("economy/transaction", "economy/xptransaction", "effects/queueitem", "joystick/inboundevent"):
        assert page.goto(f"http://127.0.0.1:{bot.port}/admin/{path}/add/").status == 403  # type: ignore[union-attr]
    page.goto(f"http://127.0.0.1:{bot.port}/admin/economy/viewer/?q=BOB")
    page.click("text=Bob<i>")
    expect(page.locator("#content")).to_contain_text("Level 1 · XP 11 · 11/100 (11%)")
