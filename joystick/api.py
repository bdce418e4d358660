"""The API's endpoints for the channel: installs, chat, simulated events."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Router, Schema
from pydantic import Field, StringConstraints

from joystick.channel import actions
from joystick.inbox.made_up import receive_made_up
from joystick.models import Install
from pixelbot_site.kit.api import ApiRequest, Scope, answers, needs

router = Router(tags=["channel"])

NOT_BLANK = r"^[^\x00\s][^\x00]*$"
Line = Annotated[str, StringConstraints(max_length=500, pattern=NOT_BLANK)]
Name = Annotated[str, StringConstraints(max_length=100, pattern=NOT_BLANK)]


class InstallOut(Schema):
    """A channel, without its tokens."""

    id: int
    channel_id: str
    username: str
    scopes: str
    connected_at: datetime | None
    expires_at: datetime | None
    last_event_at: datetime | None
    trouble: str


class MessageIn(Schema):
    """A line for chat. `channel_id`: where the bot is on several channels; "" is the one last heard from."""

    text: Line
    channel_id: Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")] = ""


class WhisperIn(MessageIn):
    """A line for one viewer."""

    username: Name


class EventIn(Schema):
    """An event to simulate: `kind` as in the platform's v2 envelope, `tokens` of tips and wheel spins."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,60}$")]
    username: Name
    text: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = ""
    tokens: int | None = Field(None, ge=0, le=10**9)


class Done(Schema):
    """The answer once something was sent. `uid`: a simulated event's."""

    ok: bool = True
    uid: str = ""


@router.get("/installs", response=answers(list[InstallOut]), auth=needs(Scope.READ, permission="joystick.view_install"))
def list_installs(request: ApiRequest) -> list[Install]:
    """List the channels, without their tokens."""
    return list(Install.objects.all())


@router.post("/chat/message", response=answers(Done), auth=needs(Scope.ADMIN))
def send_message(request: ApiRequest, message: MessageIn) -> Done:
    """Say a line in chat; 409 where the bot may not."""
    actions.say(message.text, channel_id=message.channel_id)
    return Done()


@router.post("/chat/whisper", response=answers(Done), auth=needs(Scope.ADMIN))
def send_whisper(request: ApiRequest, message: WhisperIn) -> Done:
    """Say a line to one viewer; 409 where the bot may not."""
    actions.whisper(message.username, message.text, channel_id=message.channel_id)
    return Done()


@router.post("/events/simulate", response=answers(Done), auth=needs(Scope.ADMIN, Scope.POINTS))
def simulate_event(request: ApiRequest, event: EventIn) -> Done:
    """Simulate an event. It pays, speaks and counts like a real one, so it needs both scopes."""
    uid = receive_made_up(event.kind, username=event.username, text=event.text, tokens=event.tokens)
    return Done(uid=uid)
