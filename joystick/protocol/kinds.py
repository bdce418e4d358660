"""The one table of event kinds: which Event each becomes, and from which keys. Pure.

Names and keys are Joystick's as of July 2026, with those that only clients have seen; v2's data are v1's metadata less
`what`. Money events demand what they are about; everything else takes what it finds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from joystick.protocol import events
from joystick.protocol.envelope import MAX_NAME, MAX_NUMBER, Envelope, FrameError, clean_text, parse_time

Reader = Callable[[Envelope], Any]
Builder = Callable[[Envelope], events.Event]

SYNONYMS = {
    "chat_message": "new_message",
    "event_bot_message": "bot_message",
    "started": "stream_started",
    "ended": "stream_ended",
    "ending": "stream_ending",
    "resuming": "stream_resuming",
}
"""Other spellings (after snake_case) → the kind we call it by. v1 says `Started`, v2 `stream_started` or `started`."""


# --- readers: what one field is made of ------------------------------------------------------------------------------


def needed(*keys: str) -> Reader:
    """A name that must be there."""

    def read(fields: Envelope) -> str:
        name = fields.name(*keys)
        if not name:
            raise FrameError(f"{fields.kind} names nobody: {' or '.join(keys)} is missing")
        return name

    return read


def tokens(key: str, *, least: int = 0) -> Reader:
    """A whole number that must be there."""

    def read(fields: Envelope) -> int:
        value = fields.whole(key, least=least)
        if value is None:
            raise FrameError(
                f"{fields.kind} needs {key} as a whole number from {least} to {MAX_NUMBER}, "
                f"not {fields.data.get(key)!r:.60}"
            )
        return value

    return read


def name(*keys: str) -> Reader:
    """A name, or "" """
    return lambda fields: fields.name(*keys)


def number(key: str) -> Reader:
    """A whole number, or None."""
    return lambda fields: fields.whole(key)


def time(*keys: str) -> Reader:
    """A moment, or None."""
    return lambda fields: next(filter(None, (parse_time(fields.data.get(key)) for key in keys)), None)


def yes(key: str) -> Reader:
    """True only for true."""
    return lambda fields: fields.data.get(key) is True


def mapping(key: str) -> Reader:
    """An object, or an empty one."""

    def read(fields: Envelope) -> dict[str, Any]:
        value = fields.data.get(key)
        return value if isinstance(value, dict) else {}

    return read


def months(fields: Envelope) -> int:
    """`how_much` has no documented unit, months or tokens. From 1 to 12 it is read as months, anything else as one."""
    return fields.whole("how_much", least=1, most=12) or 1


def present(fields: Envelope) -> str:
    """v2 names the viewer in `data.username`, v1 in `text`."""
    found = fields.name("username") or fields.text.strip()[:MAX_NAME]
    if not found:
        raise FrameError(f"{fields.kind} names nobody")
    return found


def always(value: Any) -> Reader:
    """The same for every event of the kind."""
    return lambda fields: value


def everything(fields: Envelope) -> Any:
    """All that came."""
    return fields.data


# --- builders --------------------------------------------------------------------------------------------------------


_whoever = name("who")
_who = needed("who")


def shape(event: type[events.Event], viewer: Reader = _whoever, **more: Reader) -> Builder:
    """A builder: `viewer` reads the acting viewer, `more` the fields that only this event has."""

    def build(fields: Envelope) -> events.Event:
        return event(
            **fields.common(viewer(fields)),
            **{field: read(fields) for field, read in more.items()},
        )

    return build


def chat(fields: Envelope) -> events.Event:
    """A line in chat: v2 has badges, v1 flags of the author."""
    author = mapping("author")(fields)
    username = clean_text(author.get("username"), MAX_NAME).strip()
    if not username:
        raise FrameError(f"{fields.kind} names no author")
    badges = author.get("badges")
    flags = badges if isinstance(badges, dict) else author

    def flag(v2: str, v1: str) -> bool:
        return flags.get(v2) is True or flags.get(v1) is True

    return events.ChatMessage(
        **fields.common(username, is_chat=True),
        streamer=clean_text(mapping("streamer")(fields).get("username"), MAX_NAME),
        is_bot=flag("bot", "isBot"),
        is_streamer=flag("streamer", "isStreamer"),
        is_moderator=flag("mod", "isModerator"),
        is_subscriber=flag("subscriber", "isSubscriber"),
        is_public=fields.data.get("visibility", "public") == "public",
    )


def bot_message(fields: Envelope) -> events.Event:
    """The site's announcement; v1 names an author, v2 nobody."""
    author = mapping("author")(fields)
    return events.BotMessage(**fields.common(clean_text(author.get("username"), MAX_NAME).strip()))


other = shape(events.OtherEvent, data=everything)

_goal = {"title": name("title"), "tokens": number("amount")}
_pvp = shape(events.PvpSession, at=time("when"), where=name("where"), cost=number("cost"), state=name("state"))
_item = shape(events.TipMenuItem, title=name("title"), price=number("amount"))
_device = shape(events.Device, data=everything)

BUILDERS: dict[str, Builder] = {
    "new_message": chat,
    "bot_message": bot_message,
    "enter_stream": shape(events.Entered, present),
    "leave_stream": shape(events.Left, present),
    # money
    "tipped": shape(events.Tip, _who, tokens=tokens("how_much"), item=name("tip_menu_item")),
    "wheel_spin_claimed": shape(
        events.WheelSpin,
        _who,
        tokens=tokens("how_much"),
        prize=name("prize"),
        is_free_for_subscribers=yes("sub_spin"),
    ),
    "followed": shape(events.Follow, _who),
    "subscribed": shape(events.Subscription, _who, months=months),
    "resubscribed": shape(events.Resubscription, _who, how_much=number("how_much"), how_long=number("how_long")),
    "gifted_subscriptions": shape(events.GiftedSubscriptions, _who, count=tokens("how_much", least=1)),
    # the stream
    "stream_started": shape(events.StreamStarted),
    "stream_ending": shape(events.StreamEnding),
    "stream_resuming": shape(events.StreamResuming),
    "stream_ended": shape(events.StreamEnded),
    "stream_dropped_in": shape(events.DroppedIn, _who, viewers=number("number_of_viewers")),
    "dropin_stream": shape(
        events.DroppedOut,
        name("origin"),
        destination=name("destination_username", "destination"),
        viewers=number("number_of_viewers"),
    ),
    # goals, menu, timers
    "tip_goal_created": shape(events.TipGoal, **_goal),
    "tip_goal_updated": shape(events.TipGoal, **_goal),
    "tip_goal_met": shape(events.TipGoal, **_goal),
    "tip_goal_deleted": shape(events.TipGoal, **_goal),
    "tip_goal_increased": shape(
        events.TipGoalIncreased,
        name("by_user"),
        added=number("amount"),
        current=number("current"),
        previous=number("previous"),
    ),
    "milestone_completed": shape(events.MilestoneCompleted, **_goal),
    "tip_menu_item_locked": _item,
    "tip_menu_item_unlocked": _item,
    "chat_timer_started": shape(events.ChatTimer, name=name("name"), ends_at=time("ends_at", "endsAt")),
    "chat_timers_cleared": shape(events.ChatTimersCleared),
    # counts
    "viewer_count_updated": shape(events.Count, number=number("number_of_viewers")),
    "follower_count_updated": shape(events.Count, number=number("number_of_followers")),
    "subscriber_count_updated": shape(events.Count, number=number("number_of_subscribers")),
    # devices, settings, modes
    "device_connected": _device,
    "device_disconnected": _device,
    "device_settings_updated": _device,
    "settings_updated": shape(events.SettingsUpdated, name("updated_by", "who")),
    "stream_mode_updated": shape(events.StreamModeUpdated),
    "scene_updated": shape(events.Scene, name=name("name"), config=mapping("config")),
    "verified_only_chat_started": shape(events.ChatMode, is_on=always(True)),
    "verified_only_chat_ended": shape(events.ChatMode, is_on=always(False)),
    "subscriber_only_started": shape(events.ChatMode, is_on=always(True)),
    "subscriber_only_ended": shape(events.ChatMode, is_on=always(False)),
    "user_muted": shape(events.Mute),
    "user_unmuted": shape(events.Mute),
    # contests
    "pvp_session_requested": _pvp,
    "pvp_session_ready": _pvp,
    "pvp_session_started": _pvp,
    "pvp_session_ending": _pvp,
    "pvp_session_ended": _pvp,
    "subathon_started": shape(
        events.SubathonStarted, expires_at=time("expires_at"), starting_duration=number("starting_duration")
    ),
    "subathon_extended": shape(
        events.SubathonExtended,
        seconds=number("seconds"),
        source=name("source"),
        is_banked=yes("banked"),
        expires_at=time("expires_at"),
    ),
    "subathon_ended": shape(events.SubathonEnded, reason=name("reason"), banked_seconds=number("banked_seconds")),
}
"""Every kind that is known, and how its Event is built. What is not here becomes an OtherEvent."""
