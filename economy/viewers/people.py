"""Finds viewers by name or tag, creates them when they are first seen, and says who earns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from django.db import connection, transaction
from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Concat

from economy.ledger import points
from economy.ledger.points import Grant
from economy.models import USERNAME_MAX, XP, Points, Viewer, heirs, viewer_key
from economy.settings_table import PointsSettings
from economy.viewers import lists
from economy.viewers.roles import is_elsewhere
from pixelbot_site.kit import bulk, logs
from pixelbot_site.kit.transactions import take_turn

# Somebody who goes on talking is stored as seen this often: in a crowd, each write costs a page and its indexes.
SEEN_EVERY = timedelta(minutes=1)
# Between the tags of a viewer, which are stored as one text such as `artist, regular`.
SEPARATOR = ", "
# Characters of all tags of a viewer.
MAX_TAGS_CHARS = 300
# Viewers whose tags are read for the list of those in use: of those with tags, who were seen last.
MAX_READ = 10_000
# What badges say of a viewer: any of `economy.models.FLAGS`.
Flags = Mapping[str, bool]


def seen(
    usernames: Iterable[str], *, now: datetime, flags: Mapping[str, Flags] | None = None, welcome: bool = True
) -> dict[str, Viewer]:
    """Store that these people were here, new ones included, and what badges say of them (`flags`, by key); returns the
    viewers by their key. Without `welcome` new ones begin with nothing.

    A few statements however many there are. Of new ones, the platform's lists are asked, too (`economy.viewers.lists`).
    Inside a transaction nobody is merged until its end.
    """
    latest = {viewer_key(username): username.strip() for username in usernames}
    if not latest:
        return {}
    with transaction.atomic(savepoint=False):
        # Two writers of overlapping crowds, or one beside a merge, would lock the same people in different orders.
        take_turn()
        return _seen(latest, flags or {}, now=now, welcome=welcome)


def _seen(latest: Mapping[str, str], flags: Mapping[str, Flags], *, now: datetime, welcome: bool) -> dict[str, Viewer]:
    known = _with_heirs(_read(latest))
    missing = sorted(set(latest) - set(known))
    if missing:
        known |= _arrive({key: latest[key] for key in missing}, flags, now=now, welcome=welcome)
    stale = now - SEEN_EVERY
    moment, before = map(connection.ops.adapt_datetimefield_value, (now, stale))
    due = sorted({viewer.id for viewer in known.values() if viewer.last_seen_at < stale})
    bulk.update_each(
        "UPDATE economy_viewer SET last_seen_at = %s WHERE id = %s AND last_seen_at < %s",
        [(moment, pk, before) for pk in due],
        "timestamptz",
        "bigint",
        "timestamptz",
    )
    for key, viewer in known.items():
        spelled = latest[key] if viewer.key == key else viewer.username
        told = {"username": spelled, **flags.get(key, {})}
        if not told.items() <= viewer.__dict__.items():
            for name, value in told.items():
                setattr(viewer, name, value)
            viewer.save(update_fields=list(told))
    return known


def listed(usernames: Iterable[str], flag_name: str, *, channel: str, at: datetime) -> None:
    """Store that these people are on the platform's list of `flag_name`, by the fetch that began `at`, and where it is
    of the first channel, flag those whom the bot knows.
    """
    usernames = list(usernames)
    with transaction.atomic():
        # Whoever is first seen at this moment either finds the name on the list, or is found here as a viewer.
        take_turn()
        lists.keep({viewer_key(username) for username in usernames}, flag_name, channel=channel, at=at)
        if not any(is_elsewhere.call(channel)):
            flag(usernames, flag_name)


def flag(usernames: Iterable[str], name: str) -> int:
    """Set the flag `name` of those whom the bot knows; return how many had it not."""
    ids = [viewer.pk for viewer in with_keys({viewer_key(username) for username in usernames}).values()]
    return Viewer.objects.filter(pk__in=ids, **{name: False}).update(**{name: True})


def _read(keys: Collection[str]) -> dict[str, Viewer]:
    return {viewer.key: viewer for viewer in heirs.read("key", keys)}


def _with_heirs(known: Mapping[str, Viewer]) -> dict[str, Viewer]:
    merged = {viewer.pk for viewer in known.values() if viewer.merged_into_id is not None}
    found = heirs.heirs_of(merged)
    return {key: found.get(viewer.pk, viewer) for key, viewer in known.items()}


def _arrive(names: Mapping[str, str], flags: Mapping[str, Flags], *, now: datetime, welcome: bool) -> dict[str, Viewer]:
    on_lists = lists.flags_of(names)
    Viewer.objects.bulk_create(
        [
            # A badge of now counts more than a list of yesterday.
            Viewer(
                key=key,
                username=name,
                first_seen_at=now,
                last_seen_at=now,
                **{**on_lists.get(key, {}), **flags.get(key, {})},
            )
            for key, name in names.items()
        ],
        ignore_conflicts=True,
    )
    arrived = _read(names)
    Points.objects.bulk_create([Points(viewer=viewer) for viewer in arrived.values()], ignore_conflicts=True)
    XP.objects.bulk_create([XP(viewer=viewer) for viewer in arrived.values()], ignore_conflicts=True)
    rules = PointsSettings.current()
    if welcome and rules.points_start_amount and rules.points_enabled:
        grants = [
            Grant(viewer, rules.points_start_amount, source="start", reference=f"start:{viewer.pk}")
            for viewer in arrived.values()
            if not is_excluded(viewer, rules)
        ]
        points.grant_many(grants, now=now)
    return arrived


def with_keys(keys: Collection[str]) -> dict[str, Viewer]:
    """Return the viewers who have these keys, by key; an old name's is the viewer it was merged into."""
    return _with_heirs(_read(keys))


def without_relations(viewer: Viewer) -> Viewer:
    """Return the viewer without the balance and the like that were read along, and may have changed since."""
    return heirs.of_row([getattr(viewer, column) for column in heirs.COLUMNS])


def find(username: str) -> Viewer | None:
    """Return the viewer of that name in any case, or None. An old name finds the viewer it was merged into."""
    found = heirs.read("key", [viewer_key(username.removeprefix("@"))])
    if not found or found[0].merged_into_id is None:
        return found[0] if found else None
    return heirs.heir_of(found[0])


def keys_of(viewer: Viewer) -> list[str]:
    """Return the viewer's key, and those of all who were merged into them: one person may write by several names."""
    merged = heirs.merged_into([viewer.pk])[viewer.pk]
    return [viewer.key, *Viewer.objects.filter(pk__in=merged).values_list("key", flat=True)] if merged else [viewer.key]


def is_username(text: str) -> bool:
    """Return whether a viewer may have this name: 1 to USERNAME_MAX characters, none of which the log would escape."""
    return 0 < len(text) <= USERNAME_MAX and logs.escaped(text) == text


def channel_address(username: str) -> str:
    """Return the address of somebody's channel at Joystick.tv."""
    return f"https://joystick.tv/u/{quote(username, safe='')}"


def named(beginning: str) -> Q:
    """Return the condition that a viewer's name begins with `beginning`, in any case, for the index of the keys."""
    key = viewer_key(beginning.strip().removeprefix("@"))
    if connection.vendor == "sqlite":  # its LIKE does not use the index
        return Q(key__gte=key, key__lt=key + chr(0x10FFFF))
    # The bound is for lists in the order of the names: PostgreSQL reads them by another index than LIKE's, from its
    # beginning. There is no upper one: by the rules of some languages, what begins alike does not lie side by side.
    return Q(key__startswith=key, key__gte=key)


def normalized_tags(*texts: str) -> str:
    """Return the tags of all `texts`, separated by commas: each once, in lower case, in the order of the alphabet."""
    words = {" ".join(logs.escaped(word).casefold().split()) for text in texts for word in text.split(",")}
    return SEPARATOR.join(sorted(words - {""}))


def split_tags(text: str) -> list[str]:
    """Return the tags of a stored text."""
    return text.split(SEPARATOR) if text else []


def tagged(viewers: QuerySet[Viewer], tag: str) -> QuerySet[Viewer]:
    """Return those of `viewers` who have this tag, in any case. The index reads none but viewers with tags."""
    # Between separators, so that “art” does not find “artist”.
    lined = viewers.filter(tags__gt="").alias(
        lined=Concat(Value(SEPARATOR), "tags", Value(SEPARATOR), output_field=TextField())
    )
    return lined.filter(lined__contains=f"{SEPARATOR}{normalized_tags(tag)}{SEPARATOR}")


def tags_in_use() -> list[str]:
    """Return the tags that viewers have, in the order of the alphabet."""
    newest = Viewer.objects.filter(tags__gt="").order_by("-last_seen_at")
    return sorted({tag for text in newest.values_list("tags", flat=True)[:MAX_READ] for tag in split_tags(text)})


def is_excluded(viewer: Viewer, rules: PointsSettings) -> bool:
    """Return whether this viewer earns nothing: by the streamer's choice, else by badge and list."""
    if viewer.excluded is not None:
        return bool(viewer.excluded)
    return viewer.is_bot or viewer.is_streamer or viewer.key in rules.excluded_usernames


def is_audience(column: str) -> Q:
    """Return the condition that `column` has the key of neither a bot nor a streamer, by badge and by the list."""
    condition = ~Q(**{f"{column}__in": list(PointsSettings.current().excluded_usernames)})
    # One for each badge, and in no order: so that each is answered by the index of its badge.
    for badge in ("is_bot", "is_streamer"):
        condition &= ~Q(**{f"{column}__in": Viewer.objects.filter(**{badge: True}).order_by().values("key")})
    return condition


def ranked() -> QuerySet[Viewer]:
    """Return the viewers who stand on leaderboards: neither excluded, as in `is_excluded`, nor merged."""
    listed = PointsSettings.current().excluded_usernames
    by_default = Q(excluded=None, is_bot=False, is_streamer=False) & ~Q(key__in=list(listed))
    return Viewer.objects.filter(Q(excluded=False) | by_default, merged_into=None)
