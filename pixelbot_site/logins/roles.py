"""What each role of staff may see and do, and the groups that hold the roles' permissions.

`docs/roles.md` says the same in the dashboard's words; a test compares it with what the pages answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import models, transaction

OWNER, MANAGER, MODERATOR, VIEWER = "owner", "manager", "moderator", "viewer"
# The roles, and what the dashboard says of each.
ROLES = {
    OWNER: "everything, with logins, tokens and backups",
    MANAGER: "everything about the channel",
    MODERATOR: "sees the queue, the feed and viewers, and steers the queue",
    VIEWER: "sees streams, media, sounds, items and the connection, but no list of viewers and no texts of theirs",
}

VIEW = ("view",)
EDIT = ("view", "change")
ALL = ("view", "add", "change", "delete")


@dataclass(frozen=True, slots=True)
class May:
    """What of Django's four permissions for a model each role has. The owner has all there are."""

    manager: tuple[str, ...] = ()
    moderator: tuple[str, ...] = ()
    viewer: tuple[str, ...] = ()


# A model that is named nowhere is for owners alone: logins, API tokens, backups.
TABLE: dict[str, May] = {
    # Tonight. To change items is to steer the queue, to add one is to have something done again for nothing.
    "effects.queueitem": May(manager=("view", "add", "change"), moderator=EDIT),
    "effects.deed": May(manager=VIEW, moderator=VIEW),
    "joystick.inboundevent": May(manager=EDIT, moderator=VIEW),  # handling failed events again pays points
    "economy.presence": May(manager=VIEW, moderator=VIEW),
    "joystick.stream": May(manager=VIEW, moderator=VIEW, viewer=VIEW),
    # Viewers. To change points is to give them, in any way.
    "economy.viewer": May(manager=EDIT, moderator=VIEW),
    "economy.points": May(manager=("change",)),
    "economy.merge": May(manager=VIEW, moderator=VIEW),
    "economy.item": May(manager=ALL, moderator=VIEW, viewer=VIEW),
    "economy.itemgrant": May(manager=VIEW, moderator=VIEW),
    # What happens. Effects can hold a webhook's address, which can be a secret.
    "redeems.redeem": May(manager=ALL),
    "effects.prize": May(manager=ALL),
    "joystick.reaction": May(manager=ALL),
    "effects.savedsequence": May(manager=ALL),
    "effects.wheelline": May(manager=ALL, moderator=VIEW, viewer=VIEW),
    "effects.spin": May(manager=VIEW, moderator=VIEW),
    "joystick.customcommand": May(manager=ALL),
    "joystick.timer": May(manager=ALL),
    "joystick.timergroup": May(manager=ALL),
    "joystick.counter": May(manager=ALL, moderator=EDIT),
    "joystick.count": May(manager=VIEW, moderator=VIEW),
    "joystick.quote": May(manager=ALL, moderator=ALL),
    "joystick.chatfilter": May(manager=ALL, moderator=VIEW),
    "joystick.moderatedline": May(manager=VIEW, moderator=VIEW),
    "joystick.shoutout": May(manager=ALL, moderator=VIEW),
    "joystick.builtincommand": May(manager=EDIT, moderator=VIEW),
    "pixelbot_site.phrasetext": May(manager=EDIT, moderator=VIEW),
    "economy.levelreward": May(manager=ALL, moderator=VIEW, viewer=VIEW),
    # Media, sounds and the voice.
    "effects.media": May(manager=ALL, moderator=VIEW, viewer=VIEW),
    "effects.sound": May(manager=ALL, moderator=VIEW, viewer=VIEW),
    "effects.speechsource": May(manager=EDIT, moderator=VIEW, viewer=VIEW),
    "effects.wordfilter": May(manager=ALL, moderator=VIEW),
    "effects.viewervoice": May(manager=ALL, moderator=VIEW),
    # Overlay and OBS. Who may change where OBS is can have the bot log in to any machine; OSC and webhooks are alike,
    # and so is the AI, which costs money.
    "effects.overlay": May(manager=ALL),
    "effects.obsconnection": May(manager=VIEW),
    "effects.osctarget": May(manager=VIEW),
    "effects.webhooktarget": May(manager=VIEW),
    "effects.aireplies": May(manager=VIEW),
    # Books.
    "economy.transaction": May(manager=VIEW),
    "economy.xptransaction": May(manager=VIEW),
    "economy.batch": May(manager=VIEW),
    "economy.audit": May(manager=VIEW),
    # Set-up. To change installs is to connect and disconnect the channel.
    "joystick.install": May(manager=VIEW),
    "joystick.connection": May(manager=VIEW, moderator=VIEW, viewer=VIEW),
    "joystick.gap": May(manager=VIEW, moderator=VIEW, viewer=VIEW),
    "pixelbot_site.settingoverride": May(manager=EDIT),
    # Logins.
    "admin.logentry": May(manager=VIEW),
}


def permissions_of(role: str) -> frozenset[str]:
    """Return the declared permissions of a role other than the owner's, as `app.codename`."""
    return frozenset(
        f"{label.replace('.', f'.{action}_')}" for label, may in TABLE.items() for action in getattr(may, role)
    )


def hand_out(*, apps: Apps = installed, **_: Any) -> None:
    """Make the group of each role, and give it the role's permissions that exist by now. Called after migrations.

    A group is made once, and each permission is given once: what the streamer adds, takes away, renames or deletes
    stays so. A permission that the table no longer has is taken from the group if the bot gave it.
    """
    try:
        role_model, group_model = apps.get_model("pixelbot_site", "Role"), apps.get_model("auth", "Group")
        permission_model = apps.get_model("auth", "Permission")
    except LookupError:  # an app was migrated alone, before ours
        return
    names = permission_model.objects.values_list("content_type__app_label", "codename", "pk")
    ids = {f"{label}.{codename}": pk for label, codename, pk in names}
    with transaction.atomic():
        for key in ROLES:
            role, is_new = role_model.objects.get_or_create(key=key)
            if is_new:
                role.group = group_model.objects.create(name=_free_name(group_model, key))
                role.save()
            if role.group is not None:
                _bring_up_to_date(role, ids)


def _bring_up_to_date(role: Any, ids: dict[str, int]) -> None:
    declared = frozenset(ids) if role.key == OWNER else permissions_of(role.key)
    given = frozenset(role.given)
    new, gone = (declared & ids.keys()) - given, given - declared
    if new or gone:
        role.group.permissions.add(*(ids[name] for name in new))
        role.group.permissions.remove(*(ids[name] for name in gone & ids.keys()))
        role.given = sorted((given | new) - gone)
        role.save()


def _free_name(group_model: type[models.Model], name: str) -> str:
    # A group of that name is the streamer's own, and gets nothing.
    taken = frozenset(group_model._default_manager.values_list("name", flat=True))
    names = (f"{name} {number}" if number > 1 else name for number in range(1, len(taken) + 2))
    return next(free for free in names if free not in taken)
