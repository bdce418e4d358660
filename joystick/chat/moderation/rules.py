"""The streamer's filters: their rows, read once a second, and each of them in words."""

from __future__ import annotations

from economy.viewers.roles import Role
from joystick.chat.moderation.filters import Filter, words_of
from joystick.chat.moderation.links import allowed_sites
from joystick.models import ChatFilter, FilterAction, FilterKind
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.stored import Stored


def filter_of(row: ChatFilter) -> Filter:
    """Return what a row says."""
    phrases, parts = words_of(row.words) if row.kind == FilterKind.WORDS else ((), ())
    return Filter(
        row.pk,
        row.kind,
        row.action,
        row.limit_in_force,
        row.seconds,
        allowed_sites(row.allowed) if row.kind == FilterKind.LINKS else frozenset(),
        phrases,
        parts,
        row.exempt_role,
        row.exempt_level,
        row.dry_run,
    )


def read() -> tuple[Filter, ...]:
    """Return the filters that are on."""
    return tuple(filter_of(row) for row in ChatFilter.objects.filter(enabled=True))


# None: read from the rows each time.
stored: Live[tuple[Filter, ...] | None] = Live(None)


def current() -> tuple[Filter, ...]:
    """Return the filters that are in force."""
    in_force = stored.current()
    return read() if in_force is None else in_force


def follow_rows() -> None:
    """Take the filters from the rows, in this process."""
    stored.use(Stored[tuple[Filter, ...] | None](ChatFilter, read, ()))


def seed() -> None:
    """Create a filter of each kind where there is none yet. They are off, and would only tell what they would do."""
    if not ChatFilter.objects.exists():
        ChatFilter.objects.bulk_create(ChatFilter(kind=kind) for kind in FilterKind.values)


DEEDS = {
    FilterAction.WARN: ("tell its author", "told its author"),
    FilterAction.DELETE: ("delete it", "deleted it"),
    FilterAction.MUTE: ("mute its author", "muted its author"),
}


def sentence(row: ChatFilter) -> str:
    """Return what the row says: “A line with a link, except to youtube.com: delete it.”"""
    deed = DEEDS[FilterAction(row.action)][0]
    exempt = [] if row.exempt_role == Role.MODERATOR else [f"from {Role(row.exempt_role).label}"]
    exempt += [f"from level {row.exempt_level} on"] if row.exempt_level else []
    but = f", unless it is {' or '.join(exempt)}" if exempt else ""
    return f"{_what(row)}{but}: {deed}."


def _what(row: ChatFilter) -> str:
    made, limit = filter_of(row), row.limit_in_force
    match row.kind:
        case FilterKind.LINKS:
            return "A line with a link" + (f", except to {_some(sorted(made.allowed))}" if made.allowed else "")
        case FilterKind.WORDS:
            words = (*made.phrases, *made.parts)
            return f"A line with {_some([f'“{word}”' for word in words], 'or')}" if words else "A line with no word yet"
        case FilterKind.CAPITALS:
            return f"A line with {limit} % capitals or more"
        case FilterKind.REPEATS:
            return f"A line with the same character or word {limit} times in a row"
        case FilterKind.LENGTH:
            return f"A line of more than {counted(limit, 'character')}"
    return f"The same line for the {_nth(limit)} time within {counted(row.seconds, 'second')}"


def _nth(number: int) -> str:
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def _some(names: list[str] | tuple[str, ...], last: str = "and") -> str:
    if len(names) > 3:
        return f"{', '.join(names[:3])} {last} {len(names) - 3} more"
    return f" {last} ".join(names) if len(names) < 3 else f"{names[0]}, {names[1]} {last} {names[2]}"
