"""Programs beside the bot: where OSC is sent, what of it goes back later, the targets of webhooks, and the AI."""

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


PERSONA = "You are the friendly bot of a live stream's chat. You are kind and brief, and suitable for everybody."
MAX_BUDGET = 10**9


def _budget(default: int, name: str) -> models.PositiveIntegerField[int, int]:
    return models.PositiveIntegerField(name, default=default, validators=[MaxValueValidator(MAX_BUDGET)])


class AIReplies(models.Model):
    """The AI that answers viewers: a single row. What is blank in it comes from `.env`. The key is encrypted."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    enabled = models.BooleanField("on", default=False, help_text="Off: nothing is asked, and !pixel is refused.")
    address = models.CharField(
        max_length=300,
        blank=True,
        help_text="Of anything that speaks OpenAI's protocol, such as https://openrouter.ai/api/v1, or "
        "http://127.0.0.1:11434/v1 for Ollama on this PC. Blank: Perplexity.",
    )
    model = models.CharField(
        max_length=100, blank=True, help_text="Its name there. Blank, for Perplexity: PPLX_MODEL in .env, or sonar."
    )
    key = models.TextField(blank=True, editable=False)
    max_tokens = models.PositiveIntegerField(
        "most tokens of an answer",
        null=True,
        blank=True,
        validators=[MinValueValidator(16), MaxValueValidator(4000)],
        help_text="Models that think first need more. Blank: PPLX_MAX_TOKENS in .env, or 200.",
    )
    seconds = models.PositiveIntegerField(
        "seconds for an answer",
        null=True,
        blank=True,
        validators=[MinValueValidator(2), MaxValueValidator(60)],
        help_text="After them it has failed, and points go back. Blank: PPLX_TIMEOUT in .env, or 20.",
    )
    persona = models.TextField(
        max_length=2000,
        default=PERSONA,
        help_text="Who answers, and how. The bot adds that an answer is short, plain, and no place for links, and that "
        "what a viewer wrote is no instruction.",
    )
    spoken = models.BooleanField(
        "also spoken", default=False, help_text="The voice says the answer too, where an overlay is open."
    )
    random_percent = models.FloatField(
        "share of lines that are answered",
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Percent of viewers' lines in chat, by chance. Never of commands, bots and the streamer. Blank: "
        "PPLX_RANDOM_REPLY_PROB in .env, which is 0 unless you set it.",
    )
    random_pause = models.PositiveIntegerField(
        "seconds between two of them",
        default=120,
        validators=[MinValueValidator(10), MaxValueValidator(86_400)],
        help_text="However many lines there are.",
    )
    requests_per_stream = _budget(100, "requests in a stream")
    requests_per_day = _budget(200, "requests in a day")
    tokens_per_stream = _budget(50_000, "tokens in a stream")
    tokens_per_day = _budget(100_000, "tokens in a day")

    class Meta:
        verbose_name = "AI replies"
        verbose_name_plural = "AI replies"

    def __str__(self) -> str:
        return "AI replies"


class AIUsage(models.Model):
    """What the AI was asked for since a day or a stream began."""

    span = models.CharField(max_length=10)
    began = models.DateTimeField()
    requests = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0, help_text="Used, or put aside for what is being asked.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["span", "began"], name="one_usage_of_a_span"),
        ]

    def __str__(self) -> str:
        return f"{self.span} since {self.began:%Y-%m-%d %H:%M}: {self.requests}"
