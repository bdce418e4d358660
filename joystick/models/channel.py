"""What came from Joystick.tv, the state of the connection, and the streamer's reactions."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from economy.models import KEY_MAX, MAX_COOLDOWN, Viewer
from economy.viewers.roles import Role
from pixelbot_site.kit.steps_field import EffectsField

# A channel that is not connected, and that nothing came from for so long, is not in use any more.
SILENT = timedelta(days=30)


class Install(models.Model):
    """The bot on one channel. Its tokens are encrypted at rest (`kit.secrets_at_rest`)."""

    channel_id = models.CharField(
        max_length=100, unique=True, help_text="Joystick's id of the channel; survives renames."
    )
    username = models.CharField(max_length=100, blank=True, help_text="The streamer, as last seen.")
    created_at = models.DateTimeField(default=timezone.now)
    last_event_at = models.DateTimeField(null=True, blank=True)
    scopes = models.CharField(max_length=500, blank=True, help_text="What the streamer allowed, divided by spaces.")
    access_token = models.TextField(blank=True, editable=False)
    refresh_token = models.TextField(blank=True, editable=False)
    connected_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True, help_text="When the present access token was issued.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="The access token's end.")
    refreshing_since = models.DateTimeField(
        null=True, blank=True, help_text="Somebody asks for new tokens, and has had no answer yet."
    )
    trouble = models.CharField(max_length=300, blank=True, help_text="Why it must be connected again; blank: all well.")

    class Meta:
        verbose_name = "channel"
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.username or self.channel_id

    @property
    def is_in_use(self) -> bool:
        """Return whether the bot is on the channel now: it is connected, or something came from it lately."""
        heard = self.last_event_at is not None and timezone.now() - self.last_event_at < SILENT
        return bool(self.access_token) or heard

    @classmethod
    def in_use(cls) -> list[Install]:
        """Return the channels that the bot is on now, the first first."""
        return [install for install in cls.objects.order_by("id") if install.is_in_use]


class InboundState(models.TextChoices):
    """The outcome of an event."""

    HANDLED = "handled"
    FAILED = "failed", "failed: see the error"
    UNREADABLE = "unreadable", "not understood"


class InboundEvent(models.Model):
    """One event from Joystick.tv, as it came. Each `uid` is stored, and acted on, once."""

    uid = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=100, db_index=True)
    channel_id = models.CharField(max_length=100, blank=True)
    username = models.CharField(max_length=100, blank=True)
    # Null and not "" for events that name nobody: they take no place in the index, and the column was added without
    # writing every row anew.
    viewer_key = models.CharField(max_length=KEY_MAX, null=True, blank=True, editable=False)  # noqa: DJ001
    text = models.TextField(blank=True)
    tokens = models.PositiveBigIntegerField(null=True, blank=True, help_text="Of tips and wheel spins.")
    state = models.CharField(max_length=12, choices=InboundState.choices, default=InboundState.HANDLED)
    error = models.TextField(blank=True)
    raw = models.TextField(help_text="The frame, as it came. Blanked after FEED_RAW_DAYS, unless the event failed.")
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "event"
        verbose_name_plural = "events"
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["viewer_key", "id"], condition=Q(viewer_key__isnull=False), name="event_of_viewer"),
            # For the list's filter: few of a million have failed.
            models.Index(fields=["id"], condition=Q(state="failed"), name="event_failed"),
            models.Index(fields=["id"], condition=Q(state="unreadable"), name="event_unreadable"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.username}".strip()

    @property
    def is_simulated(self) -> bool:
        """Return whether staff made it up (`joystick.inbox.made_up`)."""
        return self.uid.startswith("simulated:")


class NameStep(models.TextChoices):
    """What is to be done next for a name: its own events, then those of others that mention it, or nothing."""

    OWN = "own"
    MENTIONS = "mentions"
    DONE = "done"


class NameChange(models.Model):
    """A viewer who was renamed or forgotten, for the feed, which follows in pieces.

    Rows of renamings stay, so that a viewer is forgotten under earlier names, too. Those of forgotten viewers go when
    the feed is done.
    """

    viewer = models.ForeignKey(Viewer, models.CASCADE, related_name="+")
    old_key = models.CharField(max_length=KEY_MAX)
    username = models.CharField(max_length=100, blank=True, help_text="The new name. Blank: forgotten.")
    last_event = models.BigIntegerField(help_text="Later events of the old name may be somebody else's.")
    step = models.CharField(max_length=8, choices=NameStep.choices, default=NameStep.OWN)
    cursor = models.BigIntegerField(default=0, help_text="The last event that this step looked at.")

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"name change {self.pk}"


class Retention(models.Model):
    """How far the feed's frames were blanked. A single row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    blanked_to = models.BigIntegerField(default=0, help_text="The last event that was looked at.")

    class Meta:
        verbose_name_plural = "retention"

    def __str__(self) -> str:
        return f"frames blanked to event {self.blanked_to}"


class Connection(models.Model):
    """The connection to Joystick's gateway: its state, and which listener holds it. A single row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    state = models.CharField(max_length=20, default="off")
    detail = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(default=timezone.now)
    last_frame_at = models.DateTimeField(null=True, blank=True)
    holder = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(default=timezone.now)
    lease_number = models.PositiveBigIntegerField(
        default=0, help_text="How often the lease was taken: a holder knows by it that nobody has taken it since."
    )
    try_at = models.DateTimeField(null=True, blank=True, help_text="When staff asked for an attempt.")
    unsaid = models.PositiveIntegerField(
        "lines left out", default=0, help_text="Lines that chat had no room for, on that day."
    )
    unsaid_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "connection"

    def __str__(self) -> str:
        return f"gateway: {self.state}"


class Gap(models.Model):
    """A time in which no events came. The platform replays nothing, so that what happened then is lost."""

    began_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "gap in the feed"
        verbose_name_plural = "gaps in the feed"
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M:%S}: {self.reason}"


class Stream(models.Model):
    """One time that the channel was live. While `ended_at` is empty, it still is."""

    channel_id = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    title = models.CharField(max_length=200, blank=True, help_text="As Joystick last said it.")
    figures = models.JSONField(default=dict, blank=True, help_text="Counted when it ended.")
    overlay_gone_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since then no overlay with sound is open."
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-started_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["channel_id"], condition=Q(ended_at__isnull=True), name="one_open_stream_a_channel"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"


class BuiltInCommand(models.Model):
    """How a command of the code is offered. Each has a row, created at the start (`joystick.chat.built_in`)."""

    key = models.CharField(max_length=40, unique=True, editable=False)
    enabled = models.BooleanField(default=True)
    word = models.CharField(
        "word after !", max_length=40, validators=[RegexValidator(r"^\w+\Z", "One word, without the !.")]
    )
    aliases = models.CharField("other words", max_length=200, blank=True, help_text="Divided by spaces, without the !.")
    role = models.PositiveSmallIntegerField("for", choices=Role.choices, default=Role.EVERYONE)
    cooldown_seconds = models.PositiveIntegerField(
        "pause of each viewer",
        null=True,
        blank=True,
        help_text="Seconds between two of one viewer. Blank: as in the settings.",
    )
    global_cooldown_seconds = models.PositiveIntegerField(
        "pause of everybody", default=0, help_text="Seconds between two of anybody."
    )
    is_whispered = models.BooleanField(
        "answer by whisper", default=False, help_text="Where the bot may whisper; else it answers in chat."
    )
    is_listed = models.BooleanField("named by !help", default=True)

    class Meta:
        verbose_name = "built-in command"
        ordering: ClassVar[list[str]] = ["word"]

    def __str__(self) -> str:
        return f"!{self.word}"


class Match(models.TextChoices):
    """How a row's subject is compared with that of the occasion, in any case."""

    IS = "is", "is exactly this"
    CONTAINS = "contains", "contains this"
    BEGINS = "begins", "begins with this"
    PATTERN = "pattern", "matches this pattern"


class Reaction(models.Model):
    """What the streamer wants to happen on an occasion: lines in chat, effects, or both.

    What an occasion is stands in `joystick/reactions/occasions/`; which rows run, in `joystick.reactions.engine`.
    """

    # No choices: a row may outlive the file of its occasion.
    occasion = models.CharField(max_length=40)
    order = models.PositiveIntegerField(default=0, editable=False)
    subject = models.CharField(
        max_length=100,
        blank=True,
        help_text="Only for this menu item, prize, word or the like. Blank: for all.",
    )
    match = models.CharField("it", max_length=8, choices=Match.choices, default=Match.IS)
    least = models.PositiveBigIntegerField("from", null=True, blank=True, help_text="Blank: no lower limit.")
    most = models.PositiveBigIntegerField("to", null=True, blank=True, help_text="Blank: no upper limit.")
    role = models.PositiveSmallIntegerField("for", choices=Role.choices, default=Role.EVERYONE)
    min_level = models.PositiveIntegerField("from level", default=0, help_text="0: for every level.")
    chance = models.PositiveSmallIntegerField(
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Percent. If it does not run, the rows below get their turn.",
    )
    cooldown_seconds = models.PositiveIntegerField(
        "cooldown", default=0, validators=[MaxValueValidator(MAX_COOLDOWN)], help_text="Seconds between two of anybody."
    )
    viewer_cooldown_seconds = models.PositiveIntegerField(
        "cooldown of each viewer",
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_COOLDOWN)],
        help_text="Seconds between two of one viewer. Blank: as usual for the occasion; after a follow, a day.",
    )
    live_only = models.BooleanField("only while live", default=False)
    lines = models.TextField(
        "lines in chat",
        blank=True,
        max_length=4000,
        help_text="One a line; one of them is said. {user} and the occasion's other words are filled in.",
    )
    in_turn = models.BooleanField("lines in turn", default=False, help_text="Otherwise one is picked at random.")
    effects = EffectsField(help_text="What happens, one after the other, with the same filled in.")
    goes_on = models.BooleanField(
        "and then go on",
        default=False,
        help_text="The rows below run as well. Otherwise this one runs instead of what follows.",
    )
    enabled = models.BooleanField(default=True)
    # Counted once for each batch: in all, and since an evening began.
    runs = models.PositiveBigIntegerField(default=0, editable=False)
    evening_runs = models.PositiveIntegerField(default=0, editable=False)
    evening = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["occasion", "order", "id"]

    def __str__(self) -> str:
        return f"reaction {self.pk} to {self.occasion.replace('_', ' ')}"
