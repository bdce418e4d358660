"""Pictures and videos in a real Chromium: dropped, decoded before they are sent, previewed, and shown on the overlay."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.journeys.conftest import log_in, open_overlay
from tests.journeys.test_accessibility import faults
from tests.journeys.test_backups import manage
from tests.media.files import animation, clip, still
from tests.media.test_videos import without_length
from tests.processes import BotProcess, wait_until

STATE = "SELECT state FROM effects_queueitem ORDER BY id DESC"
ADD = "/admin/effects/media/add/"
CANNOT = "This browser can't decode it"


@pytest.fixture
def dashboard(page: Page, bot: BotProcess) -> Iterator[Page]:
    """A second page of the same browser, logged in."""
    opened = page.context.new_page()
    log_in(opened, bot)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files to upload."""
    made = tmp_path / "files"
    (made / "set").mkdir(parents=True)
    for name, data in {
        "cat.png": still(size=(300, 200)), "dance.gif": animation("GIF"), "clip.mp4": clip("mp4"),
        "set/film.webm": clip("webm"), "set/.DS_Store": b"x", "broken.mp4": clip("mp4")[:3000],
        "long.webm": lasting(clip("webm"), 61.0), "page.png": b"<html>",
    }.items():  # fmt: skip
        (made / name).write_bytes(data)
    return made


def lasting(webm: bytes, seconds: float) -> bytes:
    """Return the video, whose header says another length."""
    place = webm.index(b"\x44\x89\x88") + 3
    return webm[:place] + struct.pack(">d", seconds * 1000) + webm[place + 8 :]


def url(bot: BotProcess, path: str) -> str:
    return f"http://127.0.0.1:{bot.port}{path}"


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders on the page, as the system's own file manager does."""
    box = page.locator("#drop").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 20, "y": box["y"] + 20, "data": data})


def upload(page: Page, bot: BotProcess, *files: tuple[str, bytes]) -> None:
    """Upload files by the page's field, and wait for what became of them."""
    page.goto(url(bot, ADD))
    page.set_input_files(
        "#id_files", [FilePayload(name=name, mimeType=mime(name), buffer=data) for name, data in files]
    )
    page.click("[value=Upload]")
    expect(page.locator("#results li")).to_have_count(len(files))


def mime(name: str) -> str:
    return {"mp4": "video/mp4", "webm": "video/webm", "png": "image/png", "gif": "image/gif"}[name.rpartition(".")[2]]


def have_tried(page: Page, bot: BotProcess, *steps: dict[str, Any]) -> None:
    """Have effects shown on the overlay by *Try* of a reaction."""
    page.goto(url(bot, "/admin/joystick/reaction/add/"))
    page.select_option("#id_occasion", "menu_item")
    page.evaluate("effects => { document.querySelector('#id_effects').value = effects }", json.dumps(steps))
    page.click("text=Try on the overlay")
    expect(page.locator(".messagelist")).to_contain_text("It is shown on the overlay")


# A machine under load may come back from *Try* when what was tried is gone: the page itself remembers what it showed.
REMEMBER = """selector => {
  window.shown = { text: null, marked: false };
  new MutationObserver(() => {
    const found = document.querySelector(selector);
    if (found) {
      window.shown.text ||= found.innerText;
      window.shown.marked ||= document.querySelector("#test").checkVisibility();
    }
    const video = found?.querySelector("video");
    video?.addEventListener("ended", () => { window.shown.end = [video.muted, video.currentTime, video.videoWidth] });
  }).observe(document.body, { attributes: true, childList: true, subtree: true });
}"""


def test_files_and_folders_are_dropped_and_those_that_cant_be_shown_are_not_sent(
    dashboard: Page, bot: BotProcess, folder: Path
) -> None:
    errors: list[str] = []
    dashboard.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    dashboard.on("pageerror", lambda error: errors.append(str(error)))
    dashboard.goto(url(bot, ADD))
    drop(dashboard, *sorted(folder.iterdir()))
    chosen = dashboard.locator("#chosen li")
    expect(chosen).to_have_count(7)
    for name, sentence in {
        "clip.mp4": "64 × 48 pixels, 1.2 s.", "film.webm": "64 × 48 pixels, 1.2 s.",
        "broken.mp4": f"It will not be sent. {CANNOT}",
        "long.webm": "It lasts 61.0 s; at most 60 s are allowed.", "page.png": "1 KB.",
    }.items():  # fmt: skip
        expect(chosen.filter(has_text=name)).to_contain_text(sentence, timeout=15_000)
    assert chosen.filter(has_text="clip.mp4").locator("video").evaluate("video => video.readyState >= 2")
    assert chosen.filter(has_text="cat.png").locator("img").evaluate("img => img.naturalWidth") == 300
    chosen.filter(has_text="dance.gif").get_by_role("button", name="Remove").click()
    dashboard.click("[value=Upload]")
    results = dashboard.locator("#results li")
    expect(results).to_have_count(4)
    expect(results.filter(has_text="page.png")).to_contain_text("It was not taken. It is no png, jpg,")
    rows = bot.rows("SELECT name, kind, is_decoded FROM effects_media ORDER BY name")
    assert rows == [("cat", "png", 1), ("clip", "mp4", 1), ("film", "webm", 1)]
    dashboard.goto(url(bot, "/admin/effects/media/"))
    player = dashboard.locator("video.preview").first
    player.evaluate("async video => { video.muted = true; await video.play() }")
    dashboard.wait_for_function("video => video.currentTime > 0", arg=player.element_handle(), timeout=10_000)
    picture = dashboard.locator("img.preview")
    dashboard.wait_for_function("img => img.naturalWidth === 300", arg=picture.element_handle(), timeout=10_000)
    assert errors == []


def test_a_length_that_no_header_says_is_found_by_decoding(dashboard: Page, bot: BotProcess) -> None:
    upload(dashboard, bot, ("clip.mp4", without_length(clip("mp4"))))
    expect(dashboard.locator("#results")).to_contain_text("MP4 video, 64 × 48 pixels, 1.2 s.")


def test_the_page_works_without_a_script(page: Page, bot: BotProcess, folder: Path) -> None:
    browser = page.context.browser
    assert isinstance(browser, Browser)
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    log_in(plain, bot)
    plain.goto(url(bot, ADD))
    plain.set_input_files("#id_files", [folder / "cat.png", folder / "clip.mp4", folder / "broken.mp4"])
    plain.set_input_files("#id_folder", folder / "set")
    plain.click("[value=Upload]")
    results = plain.locator("#results li")
    expect(results).to_have_count(5)
    expect(results.filter(has_text="MP4 video")).to_contain_text("no browser decoded it, so play it once")
    expect(results.filter(has_text="broken.mp4")).to_contain_text("It was not taken. It is cut off or broken")
    assert bot.rows("SELECT name, is_decoded FROM effects_media ORDER BY name") == [
        ("cat", 1),
        ("clip", 0),
        ("film", 0),
    ]
    context.close()


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_video_is_shown_on_the_overlay_to_its_end(page: Page, dashboard: Page, bot: BotProcess, kind: str) -> None:
    open_overlay(page, bot)
    upload(dashboard, bot, (f"clip.{kind}", clip(kind)))
    page.evaluate(REMEMBER, ".media.top-left")
    have_tried(dashboard, bot, {"kind": "show_media", "media": "clip", "text": "Look!", "place": "top-left"})
    wait_until(lambda: bot.one(STATE) == "done", "the overlay reported the end")
    expect(page.locator(".media")).to_have_count(0)
    shown = page.evaluate("window.shown")
    muted, seconds, width = shown["end"]
    assert (shown["text"], shown["marked"], muted, width) == ("Look!", True, True, 64) and seconds > 1
    assert bot.one("SELECT playing_at FROM effects_queueitem") is not None


def test_sound_is_heard_where_it_is_wanted_and_a_short_video_begins_again(
    page: Page, dashboard: Page, bot: BotProcess
) -> None:
    open_overlay(page, bot)
    upload(dashboard, bot, ("clip.mp4", clip("mp4")))
    have_tried(
        dashboard,
        bot,
        {"kind": "show_media", "media": "clip", "sound": True, "volume": 0.5, "seconds": 9, "place": "full"},
    )
    video = page.locator(".media.full video")
    expect(video).to_be_visible(timeout=10_000)
    assert video.evaluate("video => [video.muted, video.volume, video.loop, video.paused]") == [False, 0.5, True, False]
    box = video.bounding_box()
    assert box is not None and box["width"] == page.evaluate("innerWidth")
    page.wait_for_timeout(1800)  # longer than the video
    expect(video).to_be_visible()
    wait_until(lambda: bot.one(STATE) == "done", "nine seconds are over")
    expect(video).to_have_count(0)


def test_pictures_are_shown_for_their_seconds_and_stopped_by_a_skip(
    page: Page, dashboard: Page, bot: BotProcess
) -> None:
    open_overlay(page, bot)
    upload(dashboard, bot, ("cat.png", still()), ("dance.gif", animation("GIF")))
    have_tried(
        dashboard, bot,
        {"kind": "show_media", "media": "cat", "seconds": 5}, {"kind": "show_media", "media": "dance", "seconds": 60},
    )  # fmt: skip
    picture = page.locator(".media img")
    expect(picture).to_be_visible(timeout=10_000)
    assert picture.evaluate("img => img.naturalWidth") == 60
    wait_until(lambda: bot.one("SELECT count(*) FROM effects_queueitem WHERE state = 'done'") == 1, "the first is over")
    expect(picture).to_have_count(1, timeout=10_000)
    page.evaluate("overlay.receive({ type: 'silence' })")
    expect(picture).to_have_count(0)


def test_a_large_recording_without_a_length_is_taken_in_and_played_in_parts(
    page: Page, dashboard: Page, bot: BotProcess
) -> None:
    parts: list[str] = []
    page.on("response", lambda answer: parts.append(answer.headers.get("content-range", "")))
    open_overlay(page, bot)
    recording = base64.b64decode(dashboard.evaluate(RECORD))
    assert len(recording) > 3e6
    upload(dashboard, bot, ("noise.webm", recording))
    assert bot.one("SELECT seconds FROM effects_media") > 0.1
    have_tried(dashboard, bot, {"kind": "show_media", "media": "noise"})
    expect(page.locator(".media video")).to_be_visible(timeout=15_000)
    wait_until(lambda: bot.one(STATE) == "done", "it was played to its end", within=40)
    page.wait_for_timeout(100)
    assert any(part.startswith("bytes 2097152-") for part in parts), parts


# Noise, as a browser records it: of many bytes, and with no length in the header.
RECORD = """async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
  const brush = canvas.getContext('2d');
  const picture = brush.createImageData(640, 480);
  const draw = setInterval(() => {
    for (let at = 0; at < picture.data.length; at += 65536) {
      crypto.getRandomValues(picture.data.subarray(at, at + 65536));
    }
    brush.putImageData(picture, 0, 0);
  }, 60);
  const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: 'video/webm;codecs=vp8', videoBitsPerSecond: 40e6 });
  const pieces = [];
  let size = 0;
  recorder.ondataavailable = (event) => { pieces.push(event.data); size += event.data.size; };
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start(200);
  for (let tries = 0; size < 3.2e6 && tries < 200; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  recorder.stop();
  await stopped;
  clearInterval(draw);
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}"""


def test_where_the_file_does_not_come_the_text_is_shown_and_the_lane_goes_on(
    page: Page, dashboard: Page, bot: BotProcess
) -> None:
    page.route("**/media/*", lambda route: route.abort())
    open_overlay(page, bot)
    upload(dashboard, bot, ("clip.mp4", clip("mp4")))
    have_tried(
        dashboard, bot,
        {"kind": "show_media", "media": "clip"}, {"kind": "show_media", "media": "clip", "text": "Words alone", "seconds": 6},
    )  # fmt: skip
    expect(page.locator(".media figcaption")).to_have_text("Words alone", timeout=15_000)
    expect(page.locator(".media video")).to_have_count(0)
    wait_until(lambda: bot.one(STATE) == "done", "the second is over")
    states = bot.rows("SELECT state, error FROM effects_queueitem ORDER BY id")
    assert [state for state, _ in states] == ["failed", "done"] and "could not be loaded" in states[0][1]


def test_a_backup_brings_files_back(
    make_bot: Callable[..., BotProcess], bot: BotProcess, dashboard: Page, page: Page
) -> None:
    upload(dashboard, bot, ("cat.png", still()), ("clip.mp4", clip("mp4")))
    kept = sorted((bot.folder / "media" / "shown").iterdir())
    before = [path.read_bytes() for path in kept]
    assert len(kept) == 2 and manage(bot, "backup").returncode == 0
    bot.stop()
    for path in kept:
        path.unlink()
    (archive,) = (bot.folder / "backups").glob("pixelbot-*.zip")
    restored = manage(bot, "restore", str(archive))
    assert restored.returncode == 0, restored.stderr
    assert [path.read_bytes() for path in kept] == before
    again = make_bot().start()
    page.goto(again.overlay_url)
    sha256 = again.one("SELECT sha256 FROM effects_media WHERE name = 'clip'")
    assert (
        page.request.get(f"{again.overlay_url}media/{sha256}").body()
        == before[[path.suffix for path in kept].index(".mp4")]
    )


def test_its_pages_have_no_serious_fault(page: Page, bot: BotProcess, folder: Path) -> None:
    browser = page.context.browser
    assert isinstance(browser, Browser)
    # Without the policy, which refuses axe's own script.
    context = browser.new_context(bypass_csp=True)
    tab = context.new_page()
    log_in(tab, bot)
    tab.goto(url(bot, ADD))
    tab.set_input_files(
        "#id_files", [folder / "cat.png", folder / "clip.mp4", folder / "broken.mp4", folder / "page.png"]
    )
    expect(tab.locator("#chosen .refused")).to_have_count(1, timeout=15_000)
    found = faults(tab)
    tab.click("[value=Upload]")
    expect(tab.locator("#results li")).to_have_count(3)
    found += faults(tab)
    for path in ("/admin/effects/media/", "/admin/effects/media/1/change/"):
        tab.goto(url(bot, path))
        found += faults(tab)
    context.close()
    assert not found, "\n".join(found)
