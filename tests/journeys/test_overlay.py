"""The overlay's page in a real Chromium: two of them at once, lost connections, repeated messages, and markup."""

from __future__ import annotations

import io
import json
import time
import wave
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from joystick.simulator.happenings import chat, follow, tip
from tests.journeys.conftest import open_overlay
from tests.journeys.way import POINTS, STATE
from tests.processes import BotProcess, SimulatorThread, overlay_socket, wait_until

PLAYED = """
  window.played = [];
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    window.played.push({ src: this.src, volume: this.volume, loop: this.loop });
    return play.apply(this);
  };
"""
# The elements in the widgets that are none of their own.
TAGS = """() => {
    const own = new Set("section div span p b bdi i ul li svg path circle text canvas".split(" "));
    return [...document.querySelectorAll("#stage *")].map((one) => one.tagName.toLowerCase()).filter((tag) => !own.has(tag));
}"""
MARKUP = "<img src=x onerror=window.ran=true>"
ENDED = "SELECT count(*) FROM effects_queueitem WHERE state = 'done'"


class Server:
    """The other end of the page's websocket: what the page reports, and what it is sent."""

    def __init__(self, page: Page, hello: dict[str, Any]) -> None:
        self.page = page
        self.told: list[dict[str, Any]] = []
        self.connections: list[WebSocketRoute] = []
        self.accepts = True
        self.hello = hello  # sent first on each connection
        page.route_web_socket("**/socket/?*", self.meet)

    @property
    def reports(self) -> list[tuple[str, int]]:
        """Return (type, item) of what the page reported, but that it received something."""
        return [(report["type"], report["item"]) for report in self.told if report["type"] != "received"]

    def meet(self, connection: WebSocketRoute) -> None:
        """Take a connection, or close it at once."""
        self.connections.append(connection)
        if self.accepts:
            connection.send(json.dumps(self.hello))
        else:
            connection.close()
        connection.on_message(lambda text: self.told.append(json.loads(text)))

    def send(self, **message: Any) -> None:
        """Send a message on the newest connection."""
        self.connections[-1].send(json.dumps(message))

    def wait_reports(self, *expected: tuple[str, int]) -> None:
        """Wait until the page has reported exactly these (type, item), in this order."""
        reports: list[tuple[str, int]] = []
        for _ in range(500):
            reports = self.reports
            if len(reports) >= len(expected):
                break
            self.page.wait_for_timeout(20)  # Playwright hands over what arrives only while it is called
        assert reports == list(expected)

    def wait_connections(self, count: int) -> None:
        """Wait until the page has connected `count` times."""
        for _ in range(500):
            if len(self.connections) >= count:
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"{len(self.connections)} connections instead of {count}")


@pytest.fixture
def server(bot: BotProcess, page: Page) -> Server:
    """The page of a real bot, its websocket answered by the test: with the bot's own first message."""
    page.add_init_script(PLAYED)
    with overlay_socket(bot.overlay_url) as socket:
        hello = json.loads(socket.recv(timeout=10))
    server = Server(page, hello)
    page.goto(bot.overlay_url)
    server.wait_connections(1)
    expect(page.locator("#caption")).to_be_attached()
    return server


@pytest.fixture
def second_page(page: Page) -> Iterator[Page]:
    """A second page, in the same browser."""
    opened = page.context.new_page()
    yield opened
    opened.close()


def alert(
    item: int, *, attempt: int = 1, text: str = "a line", seconds: float = 0.2, lane: str = "effect"
) -> dict[str, Any]:
    return {
        "type": "play", "show": "alert", "item": item, "attempt": attempt, "text": text, "seconds": seconds, "lane": lane,
    }  # fmt: skip


def collect_reports(page: Page) -> list[str]:
    """Return a list that the page's reports are added to, as sent, but that it received something."""
    reports: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda payload: reports.append(str(payload))))
    return reports


def kinds(reports: list[str]) -> list[str]:
    return [kind for report in reports if (kind := json.loads(report)["type"]) != "received"]


def test_two_pages_play_each_item_once_and_it_ends_once(
    bot: BotProcess, simulator: SimulatorThread, page: Page, second_page: Page
) -> None:
    pages = (page, second_page)
    reports = [collect_reports(opened) for opened in pages]
    for opened in pages:
        opened.add_init_script(PLAYED)
        open_overlay(opened, bot)
    wait_until(lambda: bot.text().count("Main connected") == 2, "both are connected")
    simulator.happen(tip("Bob", 50), chat("Bob", "!tts first"), tip("Ann", 50), chat("Ann", "!tts second"))
    for opened in pages:
        expect(opened.locator("#caption")).to_have_text("Bob said: first", timeout=15_000)
    for opened in pages:
        expect(opened.locator("#caption")).to_have_text("Ann said: second", timeout=15_000)
    wait_until(lambda: bot.one(ENDED) == 2, "both lines are done")
    for opened, sent in zip(pages, reports, strict=True):
        expect(opened.locator("#caption")).to_be_hidden()
        assert kinds(sent) == ["started", "finished"] * 2
        assert len(opened.evaluate("window.played")) == 4  # a chime and a speech for each line
    assert bot.rows("SELECT state, attempts FROM effects_queueitem ORDER BY id") == [("done", 1), ("done", 1)]
    assert bot.one("SELECT count(*) FROM economy_transaction WHERE kind = 'refund'") == 0
    assert bot.one(POINTS) == 25
    assert "Traceback" not in bot.text()


def test_a_page_that_fails_beside_one_that_plays_harms_nothing(
    bot: BotProcess, simulator: SimulatorThread, page: Page, second_page: Page
) -> None:
    open_overlay(page, bot)
    second_page.route("**/*.wav", lambda route: route.abort() if page.locator("#caption").is_visible() else None)
    with overlay_socket(bot.overlay_url) as broken:
        order = [tip("Bob", 50), chat("Bob", "!tts a line that the second page can not play")]
        simulator.happen(*order)
        expect(page.locator("#caption")).to_be_visible(timeout=10_000)
        while (frame := json.loads(broken.recv(timeout=10))).get("show") != "speak":
            pass
        report = {"type": "failed", "item": frame["item"], "attempt": frame["attempt"], "reason": "broken"}
        for _ in range(3):
            broken.send(json.dumps(report))
        wait_until(lambda: bot.one(STATE) == "done", "the line is spoken to its end")
    assert bot.one("SELECT count(*) FROM economy_transaction WHERE kind = 'refund'") == 0


def test_a_page_that_reports_the_start_again_and_again_does_not_prolong_the_item(
    bot: BotProcess, simulator: SimulatorThread
) -> None:
    moments = "SELECT playing_at, lease_until FROM effects_queueitem"
    with overlay_socket(bot.overlay_url) as overlay:
        simulator.happen(tip("Bob", 50), chat("Bob", "!tts hello"))
        while (frame := json.loads(overlay.recv(timeout=15))).get("show") != "speak":
            pass
        started = json.dumps({"type": "started", "item": frame["item"], "attempt": frame["attempt"]})
        overlay.send(started)
        wait_until(lambda: bot.rows(moments)[0][0], "the start is stored")
        first = bot.rows(moments)
        until = time.monotonic() + 60
        while bot.one(STATE) == "running":
            assert [row for row in bot.rows(f"{moments} WHERE state = 'running'") if row not in first] == []
            assert time.monotonic() < until, "it hangs"
            overlay.send(started)
            overlay.ping().wait(5)
            time.sleep(0.1)
        assert bot.one(STATE) == "done", "it was played for its time"
    assert bot.one(POINTS) == 25


def test_a_page_that_connects_late_is_shown_what_plays(
    bot: BotProcess, simulator: SimulatorThread, page: Page, second_page: Page
) -> None:
    open_overlay(page, bot)
    simulator.happen(tip("Bob", 50), chat("Bob", "!tts " + "a rather long line " * 6))
    expect(page.locator("#caption")).to_be_visible(timeout=10_000)
    open_overlay(second_page, bot)
    expect(second_page.locator("#caption")).to_contain_text("Bob said: a rather long line", timeout=10_000)
    wait_until(lambda: bot.one(STATE) == "done", "the line is done", within=30)
    assert bot.rows("SELECT state, attempts FROM effects_queueitem") == [("done", 1)]


def test_a_page_that_connects_after_the_end_shows_nothing(
    bot: BotProcess, simulator: SimulatorThread, page: Page, second_page: Page
) -> None:
    open_overlay(page, bot)
    simulator.happen(tip("Bob", 50), chat("Bob", "!tts over soon"))
    wait_until(lambda: bot.one(STATE) == "done", "the line is done", within=20)
    second_page.add_init_script(PLAYED)
    with second_page.expect_websocket() as opened:
        second_page.goto(bot.overlay_url)
    opened.value.wait_for_event("framereceived", lambda frame: '"hello"' in str(frame))
    expect(second_page.locator("#caption")).to_be_hidden()
    assert second_page.evaluate("window.played") == []


def test_markup_in_names_and_texts_is_shown_as_text_and_does_not_run(
    bot: BotProcess, simulator: SimulatorThread, page: Page
) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    # The page's content security policy would refuse the handler, too; here the text itself must be harmless.
    unguarded = page.context.browser.new_context(bypass_csp=True).new_page()  # type: ignore[union-attr]
    for opened in (page, unguarded):
        open_overlay(opened, bot)
    wait_until(lambda: bot.text().count("Main connected") == 2, "both are connected")
    name = MARKUP.replace(" ", "\N{NO-BREAK SPACE}")
    simulator.happen(follow(MARKUP), tip("Bob", 500), chat("Bob", f"!tts hello {MARKUP}"))
    for opened in (page, unguarded):  # first of all: these lines are gone after some seconds
        # The inbox has taken the tags out of the platform's own text, which the name is a part of.
        expect(opened.locator("#events li").first).to_have_text("is now following")
    for opened in (page, unguarded):  # both now: the tip's line may come after it
        expect(opened.locator("#caption")).to_contain_text("Bob said: hello <img", timeout=10_000)
    for opened in (page, unguarded):
        followed = {"type": "events", "events": [{"kind": "followed", "uid": "9", "username": MARKUP}]}
        for frame in (alert(1001, text=MARKUP, seconds=5), wheel(1002, name=name, seconds=3, hold=5), followed):
            opened.evaluate("message => overlay.receive(message)", frame)
        expect(opened.locator("#alert")).to_have_text(MARKUP)
        expect(opened.locator("#wheel p")).to_have_text(f"{MARKUP} spins")
        expect(opened.locator("#wheel p")).to_have_text(f"{MARKUP} wins {name}!", timeout=10_000)
        expect(opened.locator("#events li", has_text=MARKUP)).to_be_visible(timeout=10_000)
        assert opened.evaluate(TAGS) == []
        assert opened.evaluate("window.ran") is None
    assert not [url for url in requests if url.endswith("/x")]
    unguarded.context.close()


def test_a_long_name_on_the_wheel_stays_in_its_slice(server: Server) -> None:
    slices = [{"name": name, "weight": 1, "colour": "#7c4dff"} for name in ("Hat", "W" * 22, "抽" * 30, "A hug " * 6)]
    server.send(**{**wheel(1, name="Hat", seconds=3), "slices": slices})
    expect(server.page.locator("#wheel text")).to_have_count(4)
    server.page.evaluate("document.fonts.ready")
    lengths = server.page.locator("#wheel text").evaluate_all("all => all.map(text => text.getComputedTextLength())")
    assert 0 < lengths[0] < 40 and all(60 < length < 78 for length in lengths[1:])  # 80 from the rim to the hub


def wheel(item: int, *, name: str = "Prize", seconds: float = 5, **more: Any) -> dict[str, Any]:
    slices = [{"name": name, "weight": 1, "colour": "#123456"}, {"name": "Other", "weight": 3, "colour": "#654321"}]
    return {
        "type": "play", "show": "wheel", "item": item, "attempt": 1, "lane": "wheel", "slices": slices, "prize": 0, "prize_name": name,
        "user": MARKUP, "seconds": seconds, "hold": 0.2, "sounds": {}, "volumes": {}, **more,
    }  # fmt: skip


def happened(count: int) -> list[dict[str, Any]]:
    return [
        {"kind": "tipped", "uid": str(number), "username": "Bob", "text": f"tip {number}"} for number in range(count)
    ]


def test_after_a_silence_nothing_of_before_is_shown_and_what_comes_later_is(server: Server) -> None:
    page = server.page
    lines = page.locator("#events li")
    server.send(type="events", events=happened(8))
    expect(lines).to_have_text(["tip 0", "tip 1", "tip 2"])
    server.send(**alert(1, seconds=60))
    server.send(**alert(2, text="behind it"))
    expect(page.locator("#alert")).to_be_visible()
    server.send(type="silence")
    expect(lines).to_have_count(0)
    expect(page.locator("#alert")).to_be_hidden()
    shown = {"kind": "followed", "uid": "8", "username": "Dan", "text": "Dan follows", "alerted": True}
    server.send(type="events", events=[shown, {**shown, "text": "Eve follows", "username": "Eve", "alerted": False}])
    expect(lines).to_have_text(["Eve follows"])  # none of the five that waited
    server.send(**alert(3, text="calm again", seconds=60))
    expect(page.locator("#alert")).to_have_text("calm again")
    server.wait_reports(("started", 1), ("started", 3))


def test_in_a_rush_the_oldest_lines_that_wait_are_left_out(server: Server) -> None:
    server.send(type="events", events=happened(40))
    expect(server.page.locator("#events li")).to_have_text(["tip 0", "tip 1", "tip 2"])
    waiting = server.page.evaluate("overlay.stage.widgets.get('events').mounted.waiting.map((event) => event.text)")
    assert waiting == [f"tip {number}" for number in range(20, 40)]


def test_sounds_are_as_loud_as_told(server: Server) -> None:
    address = "sounds/ding.wav"
    server.page.route("**/ding.wav", lambda route: route.fulfill(body=quiet_wav(), content_type="audio/wav"))
    server.send(type="play", show="sound", item=1, attempt=1, lane="effect", sound=address, volume=0.25)
    server.wait_reports(("started", 1), ("finished", 1))
    sounds = dict.fromkeys(("start", "loop", "win"), address)
    volumes = {"start": 0.5, "loop": 0.125, "win": 1}
    server.send(**wheel(2, seconds=0.2, sounds=sounds, volumes=volumes))
    server.wait_reports(("started", 1), ("finished", 1), ("started", 2), ("finished", 2))
    # An alert's sound is heard to its end, when the alert itself is gone.
    sounded = {"sound": address, "volume": 0.75, "sound_seconds": 1.5}
    server.send(**alert(3, seconds=0.3, lane="notification"), **sounded)
    expect(server.page.locator("#alert")).to_be_visible()
    expect(server.page.locator("#alert .frame")).to_be_hidden(timeout=2000)
    assert ("finished", 3) not in server.reports
    server.wait_reports(*((kind, item) for item in (1, 2, 3) for kind in ("started", "finished")))
    played = server.page.evaluate("window.played")
    assert [(sound["volume"], sound["loop"]) for sound in played] == [
        (0.25, False),
        (0.5, False),
        (0.125, True),
        (1, False),
        (0.75, False),
    ]


def quiet_wav() -> bytes:
    """Return a tenth of a second of silence."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(bytes(1600))
    return sound.getvalue()


def test_the_browsers_own_voice_speaks_what_it_is_told_as_it_is_told(server: Server) -> None:
    """Headless Chromium has no voices of its own: the page is given one that notes what it is asked to say."""
    server.page.evaluate(
        """() => {
          const voice = { name: "Fox", lang: "en-GB" };
          window.uttered = [];
          window.SpeechSynthesisUtterance = function (text) { this.text = text; };
          const voices = {
            getVoices: () => [voice],
            cancel: () => {},
            speak: (utterance) => {
              window.uttered.push([utterance.text, utterance.voice?.name, utterance.rate, utterance.volume]);
              setTimeout(() => utterance.onend(), 50);
            },
          };
          Object.defineProperty(window, "speechSynthesis", { value: voices });
        }"""
    )
    server.send(
        type="play", show="speak", item=1, attempt=1, lane="tts", text="shown", said="spoken", voice="Fox", rate=340, volume=0.3,
        speech="", seconds=1, pre_sound="", pre_delay_ms=0,
    )  # fmt: skip
    server.wait_reports(("started", 1), ("finished", 1))
    assert server.page.evaluate("window.uttered") == [["spoken", "Fox", 2, 0.3]]


def test_a_browser_without_voices_reports_that_it_can_not_speak(server: Server) -> None:
    server.page.evaluate(
        "Object.defineProperty(window, 'speechSynthesis', { value: { getVoices: () => [], onvoiceschanged: null } })"
    )
    server.send(
        type="play", show="speak", item=1, attempt=1, lane="tts", text="shown", said="spoken", voice="", rate=170, volume=1,
        speech="", seconds=1, pre_sound="", pre_delay_ms=0,
    )  # fmt: skip
    server.wait_reports(("failed", 1))
    assert server.told[-1] == {"type": "failed", "item": 1, "attempt": 1, "reason": "this browser has no voices"}


def test_what_is_reported_while_the_connection_is_away_is_sent_when_it_is_back(server: Server) -> None:
    server.send(**alert(1, seconds=1))
    server.wait_reports(("started", 1))
    server.send(**alert(2, attempt=3, seconds=0.1))
    server.accepts = False
    server.connections[-1].close()
    expect(server.page.locator("#alert")).to_be_hidden(timeout=10_000)
    server.page.wait_for_function("overlay.connection.unsent.length === 3")
    assert server.reports == [("started", 1)]
    server.accepts = True
    server.wait_reports(("started", 1), ("finished", 1), ("started", 2), ("finished", 2))
    attempts = [report["attempt"] for report in server.told if report["type"] != "received"]
    assert attempts == [1, 1, 3, 3]
    assert server.page.evaluate("overlay.connection.unsent.length") == 0


def test_a_message_that_comes_again_is_reported_again_and_not_shown_again(server: Server) -> None:
    message = alert(1)
    server.send(**message)
    server.wait_reports(("started", 1), ("finished", 1))
    server.send(**message)
    server.wait_reports(("started", 1), ("finished", 1), ("finished", 1))
    expect(server.page.locator("#alert")).to_be_hidden()
    server.send(**alert(1, attempt=2, text="tried again", seconds=60))
    expect(server.page.locator("#alert")).to_have_text("tried again")


def test_items_of_a_lane_take_turns_and_lanes_go_side_by_side(server: Server) -> None:
    server.send(**alert(1, text="first", seconds=3))
    server.send(**alert(2, text="second", seconds=60))
    server.send(**wheel(3, seconds=0.1))
    server.wait_reports(("started", 1), ("started", 3), ("finished", 3), ("finished", 1), ("started", 2))


def test_a_stop_takes_what_plays_and_done_leaves_what_has_begun(server: Server) -> None:
    server.send(**alert(1, text="plays", seconds=1))
    server.send(**alert(2, text="stopped before its turn"))
    server.send(**alert(3, text="done elsewhere before its turn"))
    server.send(**alert(4, text="plays to its end", seconds=0.2))
    expect(server.page.locator("#alert")).to_be_visible()
    server.send(type="stop", item=2)
    for item in (1, 3):
        server.send(type="done", item=item)
    server.wait_reports(("started", 1), ("finished", 1), ("started", 4), ("finished", 4))
    server.send(**alert(5, seconds=60))
    expect(server.page.locator("#alert")).to_be_visible()
    server.send(type="stop", item=5)
    expect(server.page.locator("#alert")).to_be_hidden()


def test_after_a_reconnection_what_is_no_longer_current_is_not_begun(server: Server) -> None:
    server.send(**alert(1, text="plays", seconds=1.5))
    server.send(**alert(2, text="ended meanwhile"))
    server.send(**alert(3, text="still current", seconds=0.1))
    expect(server.page.locator("#alert")).to_be_visible()
    server.hello |= {"playing": [1, 3]}
    server.connections[-1].close()
    server.wait_connections(2)
    server.wait_reports(("started", 1), ("finished", 1), ("started", 3), ("finished", 3))


def test_it_connects_again_after_growing_pauses_and_then_quickly_again(server: Server) -> None:
    page = server.page
    page.evaluate(
        """() => {
          window.pauses = [];
          Math.random = () => 0.5;  // the middle of the jitter
          const wait = window.setTimeout;
          window.setTimeout = (step, delay) => {
            if (step === overlay.connection.connect) { window.pauses.push(delay); }
            return wait(step, step === overlay.connection.connect ? 1 : delay);
          };
        }"""
    )
    server.accepts = False
    server.connections[-1].close()
    wait_until(lambda: page.evaluate("window.pauses.length >= 7"), "seven tries")
    assert page.evaluate("window.pauses.slice(0, 7)") == [250, 500, 1000, 2000, 2400, 2400, 2400]
    server.accepts = True
    wait_until(
        lambda: page.evaluate("overlay.connection.socket.readyState === WebSocket.OPEN"), "the page is connected"
    )
    page.evaluate("window.pauses.length = 0")
    server.connections[-1].close()
    wait_until(lambda: page.evaluate("window.pauses.length === 1"), "the next try")
    assert page.evaluate("window.pauses") == [250]


def test_overlays_do_not_come_back_in_the_same_moment(server: Server) -> None:
    pauses = []
    for chance in (0, 0.999):
        server.page.evaluate(f"Math.random = () => {chance}; overlay.connection.retryMs = 250")
        server.page.evaluate(
            "window.wait ??= window.setTimeout; window.pause = null;"
            "window.setTimeout = (step, delay) => { if (step === overlay.connection.connect) window.paused = delay; return wait(step, delay); }"
        )
        count = len(server.connections)
        server.connections[-1].close()
        server.wait_connections(count + 1)
        pauses.append(server.page.evaluate("window.paused"))
    assert pauses[0] == pytest.approx(187.5) and pauses[1] == pytest.approx(312.5, abs=1)
