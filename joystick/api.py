"""The API's part for the channel: installs, chat, simulated events, figures, health."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import Field, StringConstraints

from economy.ledger import audit
from economy.models import Viewer
from economy.viewers import presence
from effects.models import QueueItem, State
from joystick.channel import actions
from joystick.gateway import health as connection
from joystick.inbox import receive
from joystick.models import Install
from joystick.protocol.received import Received, read
from joystick.simulator.happenings import Happening
from pixelbot_site.kit.api import Scope, answers, needs
from pixelbot_site.kit.errors import Refused

router = Router(tags=["channel"])

WORDS = r"^[^\x00\s][^\x00]*$"
Line = Annotated[str, StringConstraints(max_length=500, pattern=WORDS)]
Name = Annotated[str, StringConstraints(max_length=100, pattern=WORDS)]


class InstallOut(Schema):
    """A channel. Its tokens are told to nobody."""

    id: int
    channel_id: str
    username: str
    scopes: str
    connected_at: datetime | None
    expires_at: datetime | None
    last_event_at: datetime | None
    trouble: str


class MessageIn(Schema):
    """A line for chat."""

    text: Line


class WhisperIn(MessageIn):
    """A line for one viewer."""

    username: Name


class EventIn(Schema):
    """Something that shall seem to have happened: `kind` as in the platform's v2 envelope; `data`: its other keys."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,60}$")]
    username: Name
    text: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = ""
    tokens: int | None = Field(None, ge=0, le=10**9)


class Done(Schema):
    """It is on its way."""

    ok: bool = True
    uid: str = ""


class StatsOut(Schema):
    """Figures of now."""

    viewers: int
    present: int
    queue: int
    events_per_minute: int


class HealthOut(Schema):
    """`ok` is false where a human must look; `troubles` says why."""

    ok: bool
    connection: str
    seconds_since_frame: float | None
    troubles: list[str]


@router.get("/installs", response=answers(list[InstallOut]))
@needs(Scope.READ)
def list_installs(request: HttpRequest) -> list[Install]:
    """The channels, without their tokens."""
    return list(Install.objects.all())


@router.post("/chat/message", response=answers(Done))
@needs(Scope.ADMIN)
def send_message(request: HttpRequest, message: MessageIn) -> Done:
    """Say a line in chat; 409 where the bot may not."""
    actions.say(message.text)
    return Done()


@router.post("/chat/whisper", response=answers(Done))
@needs(Scope.ADMIN)
def send_whisper(request: HttpRequest, message: WhisperIn) -> Done:
    """Say a line to one viewer; 409 where the bot may not."""
    actions.whisper(message.username, message.text)
    return Done()


@router.post("/events/simulate", response=answers(Done))
@needs(Scope.ADMIN)
def simulate_event(request: HttpRequest, asked: EventIn) -> Done:
    """Let something seem to have happened. It pays, speaks and counts like the real thing."""
    if Scope.POINTS not in request.auth.scopes:  # type: ignore[attr-defined]
        raise HttpError(403, "This needs the scope points, too: events pay.")
    data: dict[str, Any] = {} if asked.tokens is None else {"how_much": asked.tokens}
    happening = Happening(asked.kind, asked.username, asked.text, data)
    received = read(json.dumps({"identifier": "{}", "message": happening.message("v2")}))
    if not isinstance(received, Received) or received.event is None:
        why = received.error if isinstance(received, Received) else "no event"
        raise Refused(f"that can't have happened: {why}")
    receive.receive([received])
    return Done(uid=received.event.uid)


@router.get("/stats", response=answers(StatsOut))
@needs(Scope.READ)
def stats(request: HttpRequest) -> StatsOut:
    """Figures of now. `viewers` is the newest viewer's number, which counting would not make truer."""
    newest = Viewer.objects.order_by("-pk").values_list("pk", flat=True).first()
    return StatsOut(
        viewers=newest or 0,
        present=presence.present(now=timezone.now()).count(),
        queue=QueueItem.objects.filter(state=State.PENDING).count(),
        events_per_minute=connection.health().events_per_minute,
    )


@router.get("/health", response=answers(HealthOut))
@needs(Scope.READ)
def health(request: HttpRequest) -> HealthOut:
    """How the line and the books stand."""
    line = connection.health()
    troubles = [said for said in (connection.trouble(), audit.latest_fault()) if said]
    return HealthOut(ok=not troubles, connection=line.state, seconds_since_frame=line.age, troubles=troubles)
