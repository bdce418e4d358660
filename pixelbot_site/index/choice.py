"""Which channel a page of the dashboard shows: all of them, or one that is chosen, where the bot is on several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from joystick.models import Install


@dataclass(frozen=True, slots=True)
class Option:
    """What can be chosen: `number` goes into the address, "" for all channels."""

    label: str
    number: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """The options, none where there is nothing to choose, and the channel that was chosen, "" for all."""

    options: tuple[Option, ...] = ()
    channel_id: str = ""

    @property
    def query(self) -> str:
        """Return the choice as an address has it."""
        return next((f"channel={option.number}" for option in self.options if option.is_chosen and option.number), "")


def choice(asked: str, installs: Iterable[Install] | None = None) -> Choice:
    """Return the options and what is chosen by `asked`, the number in the address. Other numbers choose all."""
    known = Install.objects.all() if installs is None else installs
    in_use = [install for install in known if install.is_in_use]
    if len(in_use) < 2:
        return Choice()
    chosen = next((install for install in in_use if str(install.pk) == asked), None)
    options = [Option(str(install), str(install.pk), install is chosen) for install in in_use]
    everything = Option("All channels", "", chosen is None)
    return Choice((everything, *options), chosen.channel_id if chosen is not None else "")
