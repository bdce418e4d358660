"""Programs beside the bot: where OSC is sent, what of it goes back later, and the targets of webhooks."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class OSCTarget(models.Model):
    """A program that hears OSC. A new one is filled in as VRChat on the same PC."""

    name = models.CharField(max_length=60, unique=True, default="VRChat", help_text="Effects call it by this name.")
    host = models.CharField(
        max_length=200, default="127.0.0.1", help_text="This PC (127.0.0.1), or an address or name in your own network."
    )
    port = models.PositiveIntegerField(
        default=9000,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text="The UDP port on which it listens. VRChat listens on 9000.",
    )
    enabled = models.BooleanField(default=True, help_text="Off: effects that name it are refused.")

    class Meta:
        verbose_name = "OSC target"
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class OSCChange(models.Model):
    """A value that was sent for a while, and what is sent when its time is over.

    Of several of one address, the newest holds; when it is over, the one before it holds again, if that still lasts.
    """

    target = models.ForeignKey(OSCTarget, models.CASCADE, related_name="changes")
    address = models.CharField(max_length=200)
    type = models.CharField(max_length=10, help_text="float, int, bool or text.")
    value = models.CharField(max_length=500, blank=True)
    back = models.CharField(max_length=500, blank=True, help_text="The resting value.")
    until = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True, help_text="When to try next; at first the same as until.")

    def __str__(self) -> str:
        return f"{self.target_id} {self.address} until {self.until:%H:%M:%S}"


class WebhookTarget(models.Model):
    """An address that effects call by a name, with a body of the streamer's own. `headers` are encrypted."""

    class Method(models.TextChoices):
        """How it is called. A GET has no body."""

        POST = "POST", "POST"
        PUT = "PUT", "PUT"
        GET = "GET", "GET"

    name = models.CharField(max_length=60, unique=True, help_text="Effects call it by this name.")
    url = models.CharField("address", max_length=500, help_text="One that WEBHOOK_ADDRESSES in .env allows.")
    method = models.CharField(max_length=10, choices=Method.choices, default=Method.POST)
    body = models.JSONField(
        null=True,
        blank=True,
        help_text="JSON. In its texts, words are filled in: {user}, {text}, {amount}, {action}, {item} and {at}. A "
        "text that is “{amount}” alone becomes a number. Blank: item, viewer, text and at.",
    )
    headers = models.TextField(blank=True, editable=False)

    class Meta:
        verbose_name = "webhook target"
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name
