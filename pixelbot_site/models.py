"""Tokens of the API, signs of life, settings, skipped steps of the guide, roles, invitations, and what was imported."""

from __future__ import annotations

import hashlib
import secrets
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import models
from django.utils import timezone

from pixelbot_site.kit.scopes import Scope

PREFIX = "pxb_"
# The permission of Django's that gives staff a scope. A token has a scope only while its owner has the permission. All
# staff have READ: what is read asks for a permission itself, as the dashboard's page of it does.
PERMISSIONS = {
    Scope.POINTS: "economy.change_points",
    Scope.QUEUE: "effects.change_queueitem",
    Scope.ADMIN: "joystick.change_install",
}


def scopes_of(user: User | AnonymousUser) -> frozenset[Scope]:
    """Return the scopes that a member of staff has."""
    return frozenset({Scope.READ, *(scope for scope, permission in PERMISSIONS.items() if user.has_perm(permission))})


class ApiToken(models.Model):
    """A program's token for the API. Its hash is stored, so a token that was lost can't be shown again."""

    name = models.CharField(max_length=60, unique=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, editable=False, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    ends_at = models.DateTimeField(
        "ends", null=True, blank=True, help_text="From then on the token is refused. Empty: it has no end."
    )
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API token"
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def hashed(token: str) -> str:
        """Return the token's SHA-256 in hex."""
        # Fast and unsalted is enough: 256 random bits can't be guessed.
        return hashlib.sha256(token.encode()).hexdigest()

    def make(self) -> str:
        """Give this row a new token, unsaved, and return it. It can't be read from the row later."""
        token = PREFIX + secrets.token_urlsafe(32)
        self.digest = self.hashed(token)
        return token

    def allowed(self) -> frozenset[Scope]:
        """Return the token's scopes, without stored names that are no longer scopes."""
        return frozenset(scope for scope in Scope if scope in self.scopes)


class Heartbeat(models.Model):
    """When something that should never stand still last ran (`pixelbot_site.upkeep.heartbeat`)."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField(null=True, help_text="How long it took, where that is measured.")

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"


class SettingOverride(models.Model):
    """A setting's value from the dashboard, which wins over `.env`. Without a row, `.env` or the default holds."""

    name = models.CharField(max_length=60, primary_key=True)
    # As it would stand in `.env`; a secret's is sealed.
    value = models.TextField(blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = "setting"

    def __str__(self) -> str:
        return self.name


class PhraseText(models.Model):
    """What the bot says instead of a phrase's own text. Each phrase of the code has a row, created at the start."""

    key = models.CharField("phrase", max_length=60, unique=True, editable=False)
    text = models.TextField(
        "your own text",
        blank=True,
        max_length=4000,
        help_text="One a line: of several, one is picked at random each time. Blank: the text that the bot brings.",
    )
    is_off = models.BooleanField("off", default=False, help_text="The bot does not say this.")

    class Meta:
        verbose_name = "phrase"
        ordering: ClassVar[list[str]] = ["key"]

    def __str__(self) -> str:
        return self.key

    @property
    def variants(self) -> tuple[str, ...]:
        """Return the texts to choose from; none where the bot's own holds."""
        return tuple(line.strip() for line in self.text.splitlines() if line.strip())


class SkippedStep(models.Model):
    """A step of the guide that staff skipped."""

    key = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.key


class Role(models.Model):
    """A role of `pixelbot_site.logins.roles`, and the group that was made for it; null once the streamer deleted it."""

    key = models.CharField(max_length=20, primary_key=True)
    group = models.OneToOneField(Group, models.SET_NULL, null=True, related_name="+")
    given = models.JSONField(default=list, help_text="The permissions that the bot gave to the group, each once.")

    class Meta:
        default_permissions = ()
        permissions = (("use_backups", "Can make and download backups"),)  # these are files, without a model

    def __str__(self) -> str:
        return self.key


class Invitation(models.Model):
    """An address by which somebody makes a login of their own. Its hash is stored, as that of an API token."""

    role = models.ForeignKey(Group, models.CASCADE, related_name="+", help_text="What they may see and do.")
    note = models.CharField("for whom", max_length=100, blank=True, help_text="Only for you to remember.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, editable=False, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True, editable=False)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        default_permissions = ()  # invitations are for those who may add users
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"


class Import(models.Model):
    """What was brought over from another bot in one go. It can be undone."""

    origin = models.CharField(max_length=200, help_text="The folder or file that it came from.")
    by = models.CharField(max_length=150, blank=True)
    began_at = models.DateTimeField(default=timezone.now)
    alive_at = models.DateTimeField(default=timezone.now, help_text="When it last did something.")
    progress = models.CharField(max_length=100, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True, help_text="When undoing it began.")
    undone_by = models.CharField(max_length=150, blank=True)

    class Meta:
        default_permissions = ()  # the page asks for those of what is imported
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"import {self.pk}"

    @property
    def event(self) -> str:
        """Return what stands in the ledgers' rows of it."""
        return f"import:{self.pk}"


class ImportedChange(models.Model):
    """A row that an import made or changed, or a piece of viewers; with what is needed to undo it.

    `before` is None for a row that was made. Secrets are sealed in both, as in the rows. Nothing here names a viewer.
    """

    class State(models.TextChoices):
        """What became of it."""

        STANDS = "stands"
        UNDONE = "undone"
        KEPT = "kept", "left as it is"

    of = models.ForeignKey(Import, models.CASCADE, related_name="changes")
    what = models.CharField(max_length=200, help_text="In words.")
    model = models.CharField(max_length=60)
    key = models.CharField(max_length=200, blank=True, help_text="The row's primary key.")
    before = models.JSONField(null=True)
    after = models.JSONField()
    state = models.CharField(max_length=6, choices=State.choices, default=State.STANDS)
    note = models.TextField(blank=True, help_text="Why it was left as it is.")

    class Meta:
        default_permissions = ()
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.what
