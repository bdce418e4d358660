"""The form in which staff make up an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms

from economy.models import USERNAME_MAX
from joystick.models import Install
from joystick.simulator import happenings
from joystick.simulator.happenings import Happening


@dataclass(frozen=True, slots=True)
class Sort:
    """An event that can be made up: its label, how it is made of (who, amount, words), and which of these it needs."""

    label: str
    make: Callable[[str, int, str], Happening]
    needs: frozenset[str] = frozenset({"who"})


SORTS = {
    "tip": Sort(
        "a tip",
        lambda who, amount, words: happenings.tip(who, amount, words or None),
        frozenset({"who", "amount"}),
    ),
    "chat": Sort(
        "a line in chat, or a command",
        lambda who, _, words: happenings.chat(who, words),
        frozenset({"who", "words"}),
    ),
    "follow": Sort("a new follower", lambda who, *_: happenings.follow(who)),
    "subscription": Sort("a subscription", lambda who, amount, _: happenings.subscribe(who, amount)),
    "gift": Sort("subscriptions given away", lambda who, amount, _: happenings.gift(who, amount)),
    "raid": Sort("a raid", lambda who, amount, _: happenings.raid(who, amount)),
    "drop-in": Sort("somebody comes in", lambda who, *_: happenings.enter(who)),
    "wheel": Sort(
        "Joystick's wheel stops",
        lambda who, amount, words: happenings.spin(who, amount, words),
        frozenset({"who", "words"}),
    ),
    "started": Sort(
        "the channel goes live", lambda *_: Happening("stream_started", text="The stream began"), frozenset()
    ),
    "ended": Sort("the channel ends", lambda *_: Happening("stream_ended", text="The stream is over"), frozenset()),
}
MISSING = {"who": "Say who.", "words": "Write the words.", "amount": "Say how much."}


class SimulateForm(forms.Form):
    """Occasion, who, amount and words; where there are several, the channel. `happening` makes the event of them."""

    occasion = forms.ChoiceField(choices=[(name, sort.label) for name, sort in SORTS.items()])
    who = forms.CharField(max_length=USERNAME_MAX, required=False, help_text="A viewer's name, known or new.")
    amount = forms.IntegerField(
        min_value=1, max_value=10**9, required=False, help_text="Tokens, months, subscriptions or viewers."
    )
    words = forms.CharField(
        max_length=500, required=False, help_text="The line in chat, an item of the tip menu, or the prize."
    )

    channel = forms.ChoiceField(required=False, help_text="Where it happens.")

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        channels = [(install.channel_id, str(install)) for install in Install.in_use()]
        if len(channels) > 1:
            self.fields["channel"].choices = channels  # type: ignore[attr-defined]
        else:
            del self.fields["channel"]

    @property
    def channel_id(self) -> str:
        """Return the channel that was chosen; "" where there is one alone."""
        return str(self.cleaned_data.get("channel", ""))

    def clean(self) -> dict[str, Any]:
        """Add an error for each field that the occasion needs and that is blank."""
        cleaned: dict[str, Any] = super().clean() or {}
        sort = SORTS.get(cleaned.get("occasion", ""))
        for name in sort.needs if sort is not None else ():
            if name not in self.errors and not cleaned.get(name):
                self.add_error(name, MISSING[name])
        return cleaned

    def happening(self) -> Happening:
        """Return the event. Call it on a valid form."""
        values = self.cleaned_data
        return SORTS[values["occasion"]].make(values["who"], values["amount"] or 1, values["words"])
