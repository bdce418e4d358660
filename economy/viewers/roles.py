"""What a viewer is on the channel: the one ladder for commands and redeems."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from django.db import models

from economy.models import ROLE_FLAGS, ChannelRole, ListedName, Viewer, heirs
from pixelbot_site.kit import phrases
from pixelbot_site.kit.hooks import Hook

is_elsewhere = Hook[[str], bool](
    "is_elsewhere", __name__, "Return whether a channel is another than the first, whose flags are the viewers' own."
)


class Role(models.IntegerChoices):
    """A role; each may do what those before it may. The labels say for whom something is."""

    EVERYONE = 0, "everybody"
    FOLLOWER = 1, "followers"
    SUBSCRIBER = 2, "subscribers"
    MODERATOR = 3, "moderators"
    STREAMER = 4, "the streamer"


_WORDS = {role: phrases.answer(f"role.{role.name.lower()}", role.label) for role in Role}


def in_words(role: Role) -> str:
    """Return for whom something of this role is, as the bot says it in chat."""
    return _WORDS[role]()


def role_of(viewer: Viewer) -> Role:
    """Return the highest role of the viewer, by the flags stored from badges and follows."""
    if viewer.is_streamer:
        return Role.STREAMER
    if viewer.is_moderator:
        return Role.MODERATOR
    if viewer.is_subscriber:
        return Role.SUBSCRIBER
    return Role.FOLLOWER if viewer.is_follower else Role.EVERYONE


def in_channel(viewer: Viewer, channel: str) -> Viewer:
    """Return the viewer with the flags that they have in this channel; "" is the first, or the only one."""
    return Elsewhere(channel).of(viewer) if channel and any(is_elsewhere.call(channel)) else viewer


class Elsewhere:
    """What viewers are in another channel than the first: by badges, and by the platform's lists. Each is read once."""

    def __init__(self, channel: str) -> None:
        """Take the channel's id."""
        self._channel = channel
        self._flags: dict[int, dict[str, bool]] = {}

    def of(self, viewer: Viewer) -> Viewer:
        """Return a copy of the viewer, with the flags that they have there."""
        if viewer.pk not in self._flags:
            self._read([viewer])
        told = {name: getattr(viewer, name) for name in heirs.COLUMNS} | self._flags[viewer.pk]
        return heirs.of_row([told[name] for name in heirs.COLUMNS])

    def among(self, viewers: Mapping[str, Viewer]) -> Mapping[str, Viewer]:
        """Return the same viewers, each with the flags that they have there."""
        return _There(self, viewers)

    def keep(self, told: Collection[tuple[Viewer, Mapping[str, bool]]]) -> None:
        """Store what badges say of viewers there."""
        self._read([viewer for viewer, _ in told if viewer.pk not in self._flags])
        for viewer, flags in told:
            if flags.items() <= self._flags[viewer.pk].items():
                continue
            ChannelRole.objects.update_or_create(viewer=viewer, channel=self._channel, defaults=dict(flags))
            self._flags[viewer.pk] |= flags

    def _read(self, viewers: Collection[Viewer]) -> None:
        if not viewers:
            return
        by_key = {viewer.key: viewer.pk for viewer in viewers}
        self._flags |= {pk: dict.fromkeys(ROLE_FLAGS, False) for pk in by_key.values()}
        listed = ListedName.objects.filter(key__in=by_key, channel=self._channel)
        for key, flag in listed.values_list("key", "flag"):
            self._flags[by_key[key]][flag] = True
        # A badge of now counts more than a list of yesterday, except for who follows: badges do not say that.
        rows = ChannelRole.objects.filter(viewer__in=by_key.values(), channel=self._channel)
        for pk, follows, *badges in rows.values_list("viewer_id", *ROLE_FLAGS):
            follows = follows or self._flags[pk]["is_follower"]
            self._flags[pk] = dict(zip(ROLE_FLAGS, (follows, *badges), strict=True))


class _There(Mapping[str, Viewer]):
    def __init__(self, channel: Elsewhere, viewers: Mapping[str, Viewer]) -> None:
        self._channel = channel
        self._viewers = viewers

    def __getitem__(self, key: str) -> Viewer:
        return self._channel.of(self._viewers[key])

    def __contains__(self, key: object) -> bool:
        return key in self._viewers

    def __iter__(self) -> Iterator[str]:
        return iter(self._viewers)

    def __len__(self) -> int:
        return len(self._viewers)
