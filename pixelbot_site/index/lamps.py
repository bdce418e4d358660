"""Whether everything works, a lamp for each part: on the index, in `/preflight`, in red lines and `/health`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import capfirst

from economy.ledger import audit, recomputing, xp
from economy.viewers import presence
from effects.media import library, sounds
from effects.models import ENDED, OverlayPage, QueueItem, State
from effects.obs import address, names, reverts
from effects.obs import health as obs
from effects.queue.lanes import LaneStatus, statuses
from effects.settings_table import VoiceSettings
from joystick.channel import health as connection
from joystick.channel import streams
from joystick.models import InboundEvent, InboundState, Install, Stream
from pixelbot_site.backups import shelf
from pixelbot_site.index.lamp import Action, Color, Lamp, until, when
from pixelbot_site.kit import stored_files, voices
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.timed_cache import TimedCache
from pixelbot_site.upkeep import database_file, heartbeat

# An item that could begin, and has not begun in this time, waits for a worker that does not come.
STUCK_AFTER = timedelta(seconds=60)
# Lines among which one that was heard is looked for.
SPOKEN_LATELY = 50
# An event that could not be handled is red for so long; so many are counted.
FAILED_WITHIN = timedelta(days=1)
MOST_FAILED = 1000
# Names of missing files in one sentence.
MOST_NAMED = 3
# Bytes that are free on the disk of DATA_DIR: below these, the lamp turns.
LOW_DISK = 2 * 2**30
FULL_DISK = 200 * 2**20
# The first backup is made some minutes after the first start.
BACKUP_DUE = timedelta(days=2)

red_lines = TimedCache[list[str]](seconds=3)
stale_curve = TimedCache[bool](seconds=5)  # by the curve of the settings
failed_events = TimedCache[int](seconds=5)

# Names that the form for points completes: those who came last.
MAX_NAMES = 200


class Moment:
    """What several lamps, and other parts of the index, need to know: each looked up once, where it is needed."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or timezone.now()

    @cached_property
    def stream(self) -> Stream | None:
        """The stream that is on."""
        return streams.current()

    @property
    def is_live(self) -> bool:
        """Whether a stream is on."""
        return self.stream is not None

    @cached_property
    def here(self) -> presence.Here:
        """Who is present."""
        return presence.newest(MAX_NAMES, now=self.now)

    @cached_property
    def health(self) -> connection.Health:
        """The state of the connection to Joystick."""
        return connection.health(now=self.now)

    @cached_property
    def installs(self) -> list[Install]:
        """The channels."""
        return list(Install.objects.all())

    @cached_property
    def lanes(self) -> list[LaneStatus]:
        """The status of each lane."""
        return statuses()

    @cached_property
    def lamps(self) -> list[Lamp]:
        """Every lamp, in the order of the index."""
        return [lamp(self) for lamp in LAMPS]


def lamps(*, now: datetime | None = None) -> list[Lamp]:
    """Return every lamp, in the order of the index."""
    return Moment(now).lamps


def trouble(lit: Iterable[Lamp] | None = None) -> list[str]:
    """Return the sentences of the red lamps. Every page shows them as red lines, and `/health` says them."""
    return [sentence for lamp in (lit or lamps()) if lamp.color == Color.RED for sentence in lamp.sentences]


def recent_trouble() -> list[str]:
    """Return the red lines for pages that show other things: some seconds old, since the lamps ask a dozen queries."""
    return red_lines.get(trouble)


def _joystick(moment: Moment) -> Lamp:
    page = Action("Channel", reverse("admin:joystick_install_changelist"), "joystick.view_install")
    health = moment.health
    red = [sentence for sentence in (health.trouble, connection.own_name_trouble()) if sentence]
    if red:
        retry = Action("Try now", reverse("admin:joystick_install_try"), "joystick.change_install", posts=True)
        return _lamp("joystick", Color.RED, red, retry if health.state == "refused" else page)
    heard = [install for install in moment.installs if install.last_event_at]
    install = max(heard, key=lambda install: install.last_event_at or moment.now, default=None)
    if health.state == "connected":
        where = f" to the channel of {install}" if install else ""
        frame = f", and heard from it {health.age:.0f} s ago" if health.age is not None else ""
        events = f"{counted(health.events_per_minute, 'event')} in the last minute."
        unsaid = (
            f" {counted(health.unsaid_today, 'line')} for chat had to be left out today." if health.unsaid_today else ""
        )
        return _lamp("joystick", Color.GREEN, [f"The bot is connected{where}{frame}; {events}{unsaid}"])
    detail = f": {health.detail.rstrip('.')}" if health.detail else ""
    if health.state == "off":
        return _lamp("joystick", Color.GREY, [f"The bot is not connected{detail}."], page)
    return _lamp("joystick", Color.AMBER, [f"The bot is {health.state}{detail}."], page)


def _token(moment: Moment) -> Lamp:
    page = Action("Connect", reverse("admin:joystick_install_changelist"), "joystick.change_install")
    red = [
        f"{install} needs reconnecting: {install.trouble.rstrip('.')}."
        for install in moment.installs
        if install.trouble
    ]
    if red:
        return _lamp("token", Color.RED, red, page)
    ends = min(
        (install.expires_at for install in moment.installs if install.access_token and install.expires_at),
        default=None,
    )
    if ends is None:
        return _lamp("token", Color.GREY, ["No channel is connected by the button."], None if settings.DEMO else page)
    if ends < moment.now:
        return _lamp("token", Color.AMBER, [f"It ended {when(ends)}, and is being renewed."], page)
    return _lamp("token", Color.GREEN, [f"It is good until {until(ends)}, and is renewed before by itself."])


def _overlay(moment: Moment) -> Lamp:
    page = Action("Overlays", reverse("admin:effects_overlay_changelist"), "effects.view_overlay")
    found = OverlayPage.objects.filter(until__gt=moment.now).aggregate(since=Min("since"), count=Count("channel"))
    count = found["count"]
    if count == 0:
        sentence = (
            "No overlay is open, so that viewers see and hear nothing: add its address to OBS, or refresh the source."
        )
        return _lamp("overlay", Color.RED if moment.is_live else Color.AMBER, [sentence], page)
    if count > 1:
        sentence = f"{count} pages are open, and each of them plays the sound: one is enough."
        return _lamp("overlay", Color.AMBER, [sentence], page)
    return _lamp("overlay", Color.GREEN, [f"One page is open, since {when(found['since'])}."])


def _obs(moment: Moment) -> Lamp:
    page = Action("OBS", reverse("admin:effects_obsconnection_changelist"), "effects.view_obsconnection")
    try:
        is_on = address.options().enabled
    except Failed as error:
        return _lamp("obs", Color.RED, [f"{capfirst(str(error))}."], page)
    away, faults = obs.away(enabled=is_on), [*names.missing(), *reverts.not_undone()]
    if away and not moment.is_live:
        return _lamp("obs", Color.RED if faults else Color.AMBER, faults or [away], page)
    if away or faults:
        return _lamp("obs", Color.RED, [away, *faults] if away else faults, page)
    if not is_on:
        return _lamp("obs", Color.GREY, ["OBS is switched off here: effects that need it are not sold."], page)
    return _lamp("obs", Color.GREEN, ["OBS answers."])


def _voice(moment: Moment) -> Lamp:
    hear = Action("Say a line", reverse("say-a-line"), "effects.change_queueitem", posts=True)
    rules = VoiceSettings.current()
    if rules.tts_engine == "none":
        return _lamp("voice", Color.GREY, ["The voice is off; the overlay shows texts."], _settings_page())
    missing = [text for text in (rules.tts_voice, *rules.tts_viewer_voices) if text and voices.installed().lacks(text)]
    if missing:
        sentence = f"The voice “{missing[0]}” of the settings is not installed here: another one speaks, or none."
        return _lamp("voice", Color.AMBER, [sentence], _settings_page())
    if rules.tts_pre_sound and sounds.pre_sound() is None:
        sentence = f"The sound before the speech, “{rules.tts_pre_sound}”, is not in DATA_DIR/sounds: none is played."
        return _lamp("voice", Color.AMBER, [sentence], _settings_page())
    ended = QueueItem.objects.filter(kind="speak", state__in=ENDED).order_by("-id")
    last = list(ended.only("state", "finished_at", "error")[:SPOKEN_LATELY])
    if last and last[0].state == State.FAILED:
        return _lamp("voice", Color.AMBER, [f"The last line was not spoken: {_sentence(last[0].reason)}"], hear)
    heard = next((item.finished_at for item in last if item.state == State.DONE and item.finished_at), None)
    if heard is None:
        return _lamp("voice", Color.GREY, ["Nothing was spoken to its end yet."], hear)
    return _lamp("voice", Color.GREEN, [f"An overlay played a line to its end, {when(heard)}."], hear)


def _media(moment: Moment) -> Lamp:
    page = Action("Pictures and videos", reverse("admin:effects_media_changelist"), "effects.view_media")
    found = library.missed()
    count, missing = found.count, found.missing
    if found.fault:
        sentence = f"{capfirst(found.fault)}. Effects show their text alone, and what can't be spoken is given back."
        return _lamp("media", Color.AMBER, [sentence])
    if missing:
        named = ", ".join(f"“{name}”" for name in missing[:MOST_NAMED]) + (" and more" if missing[MOST_NAMED:] else "")
        sentence = f"The file of {named} is missing: effects show their text alone. Upload it again, or delete its row."
        return _lamp("media", Color.AMBER, [sentence], page)
    if not found.is_known:
        return _lamp("media", Color.GREY, ["Nobody looked for the files lately."], page)
    if count == 0:
        return _lamp("media", Color.GREY, ["No picture or video was uploaded yet."], page)
    return _lamp("media", Color.GREEN, [f"{counted(count, 'file')}, and none is missing."])


def _worker(moment: Moment) -> Lamp:
    signs = heartbeat.rows()
    still = heartbeat.trouble(signs, now=moment.now)
    if still:
        return _lamp("worker", Color.RED, [still])
    row = signs.get(heartbeat.ROUND_TRIP)
    if row is None or row.milliseconds is None:
        return _lamp("worker", Color.GREY, ["No worker has answered yet."])
    return _lamp("worker", Color.GREEN, [f"A task took {row.milliseconds} ms there and back, {when(row.at)}."])


def _lanes(moment: Moment) -> Lamp:
    page = Action("Queue", reverse("admin:effects_queueitem_changelist"), "effects.view_queueitem")
    since = moment.now - STUCK_AFTER
    stopped = {lane.label: lane.paused_by for lane in moment.lanes if lane.is_paused}
    idle = [lane for lane in moment.lanes if lane.running is None and not lane.is_paused]
    late = [lane.name for lane in idle if lane.oldest is not None and lane.oldest < since]
    # A lane whose item ended a moment ago moves.
    moved = set(QueueItem.objects.filter(finished_at__gt=since).values_list("lane", flat=True)) if late else set()
    stuck = [lane.label for lane in moment.lanes if lane.name in late and lane.name not in moved]
    if stuck:
        sentence = f"The lane {' and '.join(stuck)} stands still though something waits: is a worker running?"
        return _lamp("lanes", Color.RED, [sentence], page)
    if stopped:
        by = [f"{lane}{f' (by {name})' if name else ''}" for lane, name in sorted(stopped.items())]
        return _lamp("lanes", Color.AMBER, [f"Paused: {', '.join(by)}. What is bought waits there."], page)
    return _lamp("lanes", Color.GREEN, ["Every lane moves."])


def _books(moment: Moment) -> Lamp:
    page = Action("Audits", reverse("admin:economy_audit_changelist"), "economy.view_audit")
    latest = audit.latest()
    if fault := audit.fault(latest):
        return _lamp("books", Color.RED, [fault], page)
    if failed := failed_events.get(_failed_events):
        feed = reverse("admin:joystick_inboundevent_changelist")
        paid = f"nothing was paid for {'it' if failed == 1 else 'them'}"
        sentence = f"{counted(failed, 'event')} of the last day could not be handled, and {paid}: see the reason there."
        look = Action("Events", f"{feed}?state__exact={InboundState.FAILED}", "joystick.view_inboundevent")
        return _lamp("books", Color.RED, [sentence], look)
    if stale_curve.get(recomputing.stale, key=xp.current_curve()):
        sentence = "The levels were computed with another curve: recompute them on the page Settings."
        return _lamp("books", Color.RED, [sentence], _settings_page())
    if latest is None:
        return _lamp("books", Color.GREY, ["They were not audited yet."], page)
    return _lamp("books", Color.GREEN, [f"Every balance agrees with its receipts: audited {when(latest.ran_at)}."])


def _failed_events() -> int:
    # The newest by the index of those that failed: they stay in the feed until they are handled again.
    failed = InboundEvent.objects.filter(state=InboundState.FAILED).exclude(uid__startswith="simulated:")
    newest = failed.order_by("-id")[:MOST_FAILED]
    return sum(at > timezone.now() - FAILED_WITHIN for at in newest.values_list("received_at", flat=True))


def _backup(moment: Moment) -> Lamp:
    page = Action("Backups", reverse("backups"), "pixelbot_site.use_backups")
    if fault := shelf.trouble():
        return _lamp("backup", Color.RED, [fault], page)
    if database_file.path() is None:
        return _lamp("backup", Color.GREY, [shelf.OTHER_DATABASE])
    newest = next(iter(shelf.kept()), None)
    if newest is None:
        sentence = "The demo makes no backups by itself." if settings.DEMO else "None was made yet."
        return _lamp("backup", Color.GREY, [sentence], page)
    age = max(0.0, time.time() - newest.stat().st_mtime)
    color = Color.GREEN if age < BACKUP_DUE.total_seconds() else Color.AMBER
    return _lamp("backup", color, [f"The newest is {counted(int(age // 3600), 'hour')} old, and was checked."], page)


def _disk(moment: Moment) -> Lamp:
    try:
        free = shutil.disk_usage(settings.DATA_DIR).free
    except OSError as error:
        return _lamp("disk", Color.RED, [f"The data folder can't be looked at: {error.strerror or error}."])
    sentence = f"{free / 2**30:.1f} GB are free for the bot's data."
    if stored_files.is_elsewhere():
        sentence += " Uploads and speech are kept elsewhere: look there how much is free."
    if free < FULL_DISK:
        return _lamp("disk", Color.RED, [f"The disk is nearly full: {free // 2**20} MB are free for the bot's data."])
    return _lamp("disk", Color.AMBER if free < LOW_DISK else Color.GREEN, [sentence])


LAMPS: tuple[Callable[[Moment], Lamp], ...] = (
    _joystick,
    _token,
    _overlay,
    _obs,
    _voice,
    _media,
    _worker,
    _lanes,
    _books,
    _backup,
    _disk,
)

LABELS = {
    "joystick": "Joystick.tv",
    "token": "Login at Joystick.tv",
    "overlay": "Overlay",
    "obs": "OBS",
    "voice": "Voice",
    "media": "Pictures and videos",
    "worker": "Worker",
    "lanes": "Queue",
    "books": "Books",
    "backup": "Backup",
    "disk": "Disk",
}


def _lamp(key: str, color: Color, sentences: list[str], action: Action | None = None) -> Lamp:
    return Lamp(key, LABELS[key], color, tuple(sentences), action)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _settings_page() -> Action:
    return Action("Settings", reverse("settings"), "pixelbot_site.view_settingoverride")
