"""The table of event kinds: which Event each becomes, and from which keys.

Names and keys are those of Joystick's developer page of July 2026, and some that are not documented but that clients
handle. v2's `data` has the keys of v1's `metadata` without `what`. Events that pay demand what they pay for; in all
others, a missing value is None or "".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from joystick.protocol import chat_lines, events
from joystick.protocol.envelope import MAX_NUMBER, Envelope, FrameError
from pixelbot_site.kit.clean import clean_name, parse_time

# Returns the value of one field of an Event. May raise FrameError.
Reader = Callable[[Envelope], Any]
# Returns the Event. May raise FrameError.
Builder = Callable[[Envelope], events.Event]

# Other names of a kind (in snake_case) → ours. v1 says `Started`, v2 `stream_started` or `started`.
SYNONYMS = {
    "chat_message": "new_message",
    "event_bot_message": "bot_message",
    "started": "stream_started",
    "ended": "stream_ended",
    "ending": "stream_ending",
    "resuming": "stream_resuming",
}

# --- readers: the vocabulary of the table below ----------------------------------------------------------------------


def required_name(*keys: str) -> Reader:
    """Return a reader of the first name under `keys`. It raises FrameError when there is none."""

    def read(envelope: Envelope) -> str:
        name = envelope.name(*keys)
        if not name:
            raise FrameError(f"{envelope.kind} names nobody: {' or '.join(keys)} is missing")
        return name

    return read


def required_number(key: str, *, least: int = 0) -> Reader:
    """Return a reader of a whole number from `least` on. It raises FrameError for anything else."""

    def read(envelope: Envelope) -> int:
        value = envelope.whole(key, least=least)
        if value is None:
            raise FrameError(
                f"{envelope.kind} needs {key} as a whole number from {least} to {MAX_NUMBER}, "
                f"not {envelope.data.get(key)!r:.60}"
            )
        return value

    return read


def optional_name(*keys: str) -> Reader:
    """Return a reader of the first name under `keys`, or ""."""
    return lambda envelope: envelope.name(*keys)


def optional_number(key: str) -> Reader:
    """Return a reader of a whole number, or None."""
    return lambda envelope: envelope.whole(key)


def optional_time(*keys: str) -> Reader:
    """Return a reader of the first time under `keys`, or None."""

    def read(envelope: Envelope) -> datetime | None:
        for key in keys:
            time = parse_time(envelope.data.get(key))
            if time is not None:
                return time
        return None

    return read


def boolean(key: str) -> Reader:
    """Return a reader that is True for JSON's true and False for anything else."""
    return lambda envelope: envelope.data.get(key) is True


def mapping(key: str) -> Reader:
    """Return a reader of an object, or an empty one."""

    def read(envelope: Envelope) -> dict[str, Any]:
        value = envelope.data.get(key)
        return value if isinstance(value, dict) else {}

    return read


def constant(value: Any) -> Reader:
    """Return a reader of a value that is the same for every event of the kind."""
    return lambda envelope: value


def months(envelope: Envelope) -> int:
    """Read `how_much` as months from 1 to 12, and anything else as 1."""
    # Its unit is not documented: it may be tokens, for which nobody shall be paid as for months.
    return envelope.whole("how_much", least=1, most=12) or 1


def presence_name(envelope: Envelope) -> str:
    """Read the viewer's name: in v2 `data.username`, in v1 the text. Raises FrameError when there is none."""
    name = envelope.name("username") or clean_name(envelope.text)
    if not name:
        raise FrameError(f"{envelope.kind} names nobody")
    return name


def all_data(envelope: Envelope) -> Any:
    """Read the whole `data`."""
    return envelope.data


# --- builders --------------------------------------------------------------------------------------------------------


_viewer = required_name("who")
_viewer_or_none = optional_name("who")


def shape(event: type[events.Event], viewer: Reader = _viewer_or_none, **readers: Reader) -> Builder:
    """Return a builder of `event`: `viewer` reads the acting viewer, `readers` the fields that only this class has."""

    def build(envelope: Envelope) -> events.Event:
        common = envelope.common(viewer(envelope))
        return event(**common, **{field: read(envelope) for field, read in readers.items()})

    return build


def bot_message(envelope: Envelope) -> events.Event:
    """Build an announcement of the site; v1 names an author, v2 does not."""
    author = mapping("author")(envelope)
    return events.BotMessage(**envelope.common(clean_name(author.get("username"))))


other = shape(events.OtherEvent, data=all_data)

_goal = {"title": optional_name("title"), "tokens": optional_number("amount")}
_pvp = shape(
    events.PvpSession,
    at=optional_time("when"),
    where=optional_name("where"),
    cost=optional_number("cost"),
    state=optional_name("state"),
)
_item = shape(events.TipMenuItem, title=optional_name("title"), price=optional_number("amount"))
_device = shape(events.Device, data=all_data)

# Every known kind and the builder of its Event. Any other kind becomes an OtherEvent.
BUILDERS: dict[str, Builder] = {
    "new_message": chat_lines.read,
    "bot_message": bot_message,
    "enter_stream": shape(events.Entered, presence_name),
    "leave_stream": shape(events.Left, presence_name),
    # what viewers are paid for
    "tipped": shape(events.Tip, _viewer, tokens=required_number("how_much"), item=optional_name("tip_menu_item")),
    "wheel_spin_claimed": shape(
        events.WheelSpin,
        _viewer,
        tokens=required_number("how_much"),
        prize=optional_name("prize"),
        is_free_for_subscribers=boolean("sub_spin"),
    ),
    "followed": shape(events.Follow, _viewer),
    "subscribed": shape(events.Subscription, _viewer, months=months),
    "resubscribed": shape(
        events.Resubscription, _viewer, how_much=optional_number("how_much"), how_long=optional_number("how_long")
    ),
    "gifted_subscriptions": shape(events.GiftedSubscriptions, _viewer, count=required_number("how_much", least=1)),
    # the stream
    "stream_started": shape(events.StreamStarted),
    "stream_ending": shape(events.StreamEnding),
    "stream_resuming": shape(events.StreamResuming),
    "stream_ended": shape(events.StreamEnded),
    "stream_dropped_in": shape(events.DroppedIn, _viewer, viewers=optional_number("number_of_viewers")),
    "dropin_stream": shape(
        events.DroppedOut,
        optional_name("origin"),
        destination=optional_name("destination_username", "destination"),
        viewers=optional_number("number_of_viewers"),
    ),
    # goals, menu, timers
    "tip_goal_created": shape(events.TipGoal, **_goal),
    "tip_goal_updated": shape(events.TipGoal, **_goal),
    "tip_goal_met": shape(events.TipGoal, **_goal),
    "tip_goal_deleted": shape(events.TipGoal, **_goal),
    "tip_goal_increased": shape(
        events.TipGoalIncreased,
        optional_name("by_user"),
        added=optional_number("amount"),
        current=optional_number("current"),
        previous=optional_number("previous"),
    ),
    "milestone_completed": shape(events.MilestoneCompleted, **_goal),
    "tip_menu_item_locked": _item,
    "tip_menu_item_unlocked": _item,
    "chat_timer_started": shape(
        events.ChatTimer, name=optional_name("name"), ends_at=optional_time("ends_at", "endsAt")
    ),
    "chat_timers_cleared": shape(events.ChatTimersCleared),
    # counts
    "viewer_count_updated": shape(events.Count, number=optional_number("number_of_viewers")),
    "follower_count_updated": shape(events.Count, number=optional_number("number_of_followers")),
    "subscriber_count_updated": shape(events.Count, number=optional_number("number_of_subscribers")),
    # devices, settings, modes
    "device_connected": _device,
    "device_disconnected": _device,
    "device_settings_updated": _device,
    "settings_updated": shape(events.SettingsUpdated, optional_name("updated_by", "who")),
    "stream_mode_updated": shape(events.StreamModeUpdated),
    "scene_updated": shape(events.Scene, name=optional_name("name"), config=mapping("config")),
    "verified_only_chat_started": shape(events.ChatMode, is_on=constant(True)),
    "verified_only_chat_ended": shape(events.ChatMode, is_on=constant(False)),
    "subscriber_only_started": shape(events.ChatMode, is_on=constant(True)),
    "subscriber_only_ended": shape(events.ChatMode, is_on=constant(False)),
    "user_muted": shape(events.Mute),
    "user_unmuted": shape(events.Mute),
    # contests
    "pvp_session_requested": _pvp,
    "pvp_session_ready": _pvp,
    "pvp_session_started": _pvp,
    "pvp_session_ending": _pvp,
    "pvp_session_ended": _pvp,
    "subathon_started": shape(
        events.SubathonStarted,
        expires_at=optional_time("expires_at"),
        starting_duration=optional_number("starting_duration"),
    ),
    "subathon_extended": shape(
        events.SubathonExtended,
        seconds=optional_number("seconds"),
        source=optional_name("source"),
        is_banked=boolean("banked"),
        expires_at=optional_time("expires_at"),
    ),
    "subathon_ended": shape(
        events.SubathonEnded, reason=optional_name("reason"), banked_seconds=optional_number("banked_seconds")
    ),
}
