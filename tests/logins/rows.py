"""A row for each page of the dashboard, so that every page has something to show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.utils import timezone

from economy.ledger import points, xp
from economy.models import (
    Audit,
    Batch,
    Item,
    ItemGrant,
    LevelReward,
    Merge,
    Presence,
    Transaction,
    Viewer,
    XPTransaction,
)
from economy.viewers import people
from effects.models import (
    AIReplies,
    Media,
    OBSConnection,
    OSCTarget,
    Overlay,
    Prize,
    QueueItem,
    SavedSequence,
    Sound,
    SpeechSource,
    Spin,
    ViewerVoice,
    WebhookTarget,
    WheelLine,
    WordFilter,
)
from joystick.models import (
    BuiltInCommand,
    ChatFilter,
    Connection,
    Counter,
    CustomCommand,
    Gap,
    InboundEvent,
    Install,
    ModeratedLine,
    Quote,
    Reaction,
    ShoutOut,
    Stream,
    Timer,
    TimerGroup,
)
from pixelbot_site.logins import invitations
from pixelbot_site.models import ApiToken, Invitation, PhraseText, Role
from redeems.models import Redeem


def make_rows() -> dict[str, Model]:
    """Make a row of each model that the dashboard has; return them by their model's label."""
    now = timezone.now()
    bob = people.seen(["Bob"], now=now)["bob"]
    ann = people.seen(["Ann"], now=now)["ann"]
    points.grant(bob, 10, source="test", reference="test:1")
    xp.adjust(bob, 10, source="test", reference="test:1")
    fox = User.objects.create_superuser("fox", password="x")
    token = ApiToken(name="deck", scopes=["read"], owner=fox)
    token.make()
    token.save()
    invitation = Invitation(role=Role.objects.get(key="viewer").group, invited_by=fox)
    invitations.make_token(invitation)
    invitation.save()
    item = Item.objects.create(key="hat", name="Hat")
    made: list[Any] = [
        *(bob, token, invitation, item, fox, Group.objects.create(name="own")),
        *(Transaction.objects.get(), XPTransaction.objects.get()),
        Audit.objects.create(ran_at=now, seconds=1, findings=""),
        Batch.objects.create(currency="points", operation="add", amount=1, target={}, by="fox"),
        ItemGrant.objects.create(viewer=bob, item=item, quantity=1, reference="test:1"),
        LevelReward.objects.create(level=2, points=10),
        Merge.objects.create(source=ann, target=bob, points=0, xp=0, by="fox"),
        Presence.objects.create(viewer=bob, since=now, until=now + timedelta(hours=1)),
        OBSConnection.objects.get_or_create(pk=1)[0],
        AIReplies.objects.get_or_create(pk=1)[0],
        OSCTarget.objects.create(name="VRChat"),
        WebhookTarget.objects.create(name="Lamp", url="https://example.org/"),
        Overlay.objects.create(name="Main"),
        Prize.objects.create(name="Nothing", weight=1),
        QueueItem.objects.create(kind="speak", lane="tts", title="hello", viewer=bob, state="done"),
        Media.objects.create(name="cat", kind="png", sha256="0" * 64),
        SavedSequence.objects.create(name="Party", effects=[{"kind": "chat_line", "text": "hi"}]),
        Sound.objects.create(name="horn", file="horn.wav"),
        SpeechSource.objects.create(name="test"),
        Spin.objects.create(viewer=bob, prize_name="Nothing", odds=[]),
        ViewerVoice.objects.create(viewer=bob, voice="Amy"),
        WheelLine.objects.create(text="Round it goes.", when=WheelLine.When.values[0]),
        WordFilter.objects.create(word="darn", replacement="dear"),
        Connection.objects.get_or_create(pk=1)[0],
        Gap.objects.create(began_at=now, reason="test"),
        InboundEvent.objects.create(uid="1", kind="chat", raw="{}", received_at=now),
        Install.objects.create(channel_id="1", username="fox"),
        Reaction.objects.create(occasion="follow"),
        ChatFilter.objects.create(kind="links"),
        ModeratedLine.objects.create(event="1", action="delete"),
        BuiltInCommand.objects.create(key="points", word="points"),
        CustomCommand.objects.create(word="hug", answers="{user} hugs"),
        Timer.objects.create(name="links", lines="hi"),
        TimerGroup.objects.create(name="ads"),
        Counter.objects.create(name="deaths"),
        Quote.objects.create(number=1, text="hello"),
        ShoutOut.objects.create(name="Ann"),
        PhraseText.objects.create(key="points.own"),
        Stream.objects.create(started_at=now, ended_at=now),
        Redeem.objects.create(key="own", title="Own", effects=[{"kind": "chat_line", "text": "hi"}]),
    ]
    user_entries = LogEntry.objects.log_actions(fox.pk, [fox], CHANGE, "test", single_object=True)
    made.append(user_entries)
    assert all(isinstance(row, Model) for row in made) and Viewer.objects.count() == 2
    return {row._meta.label_lower: row for row in made}
