"""Declarations of settings. A section is a frozen dataclass, and each of its fields is declared by `setting`.

A declaration names a setting's type, bounds, unit, default and sentence. From it come the value read from the
environment (`kit.env`), the typed snapshot (`Section.current`), the entry in `.env.example` (`kit.env_example`) and the
dashboard's form. Values that the dashboard stores win over the environment's (`overrides`), in every process within
a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from dataclasses import field as dataclass_field
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

from pixelbot_site.kit.live import Live

T = TypeVar("T")

MAX_NUMBER = 10**9  # the bound of every number that declares no other

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One declaration. The default's type is the setting's type: bool, int, float, str, tuple or frozenset (of str), or
    dict (of whole numbers by name). `clean` returns the value to use, or raises ValueError saying what is allowed.
    """

    default: Any
    sentence: str
    minimum: float = 0
    maximum: float = MAX_NUMBER
    unit: str = ""
    choices: tuple[str, ...] = ()
    may_be_empty: bool = False  # `NAME=` means an empty text, not the default
    is_secret: bool = False  # never repeated in a message, nor shown in a snapshot's repr
    in_example: bool = True
    clean: Callable[[Any], Any] | None = None
    label: str = ""  # the name for people; empty: made of the field's name
    is_live: bool = True  # the dashboard may change it, where its section is live
    is_voice: bool = False  # it names voices of the engine

    @property
    def allowed(self) -> str:
        """Return what a value must be, to follow "must be"; empty where any text will do."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if isinstance(self.default, bool):
            return "true or false"
        if isinstance(self.default, int | float):
            kind = "a whole number" if isinstance(self.default, int) else "a number"
            unit = f" of {self.unit}" if self.unit else ""
            return f"{kind}{unit} from {_shown(self.minimum)} to {_shown(self.maximum)}"
        if isinstance(self.default, tuple | frozenset):
            return "a list, separated by commas"
        return "whole numbers by name, like chat=500,dropin=50" if isinstance(self.default, dict) else ""

    def parse(self, raw: str) -> Any:
        """Return the value that `raw` stands for. Raises ValueError saying what is allowed."""
        value = self._parse(raw)
        return value if self.clean is None else self.clean(value)

    def _parse(self, raw: str) -> Any:
        kind = type(self.default)
        if kind is bool:
            return self._flag(raw)
        if kind is int or kind is float:
            return self._number(raw, kind)
        if kind is tuple or kind is frozenset:
            return kind(item.strip() for item in raw.split(",") if item.strip())
        if kind is dict:
            return dict(self._amount(part) for part in raw.split(","))
        if self.choices and raw not in self.choices:
            raise ValueError(self.allowed)
        return raw

    def _flag(self, raw: str) -> bool:
        if raw.lower() not in TRUE | FALSE:
            raise ValueError(self.allowed)
        return raw.lower() in TRUE

    def _number(self, raw: str, kind: type[int] | type[float]) -> float:
        try:
            value = kind(raw)
        except ValueError:
            raise ValueError(self.allowed) from None
        if not (math.isfinite(value) and self.minimum <= value <= self.maximum):
            raise ValueError(self.allowed)
        return value

    def _amount(self, part: str) -> tuple[str, int]:
        name, _, amount = (text.strip() for text in part.partition("="))
        if not name or not amount.isdecimal():
            raise ValueError(self.allowed)
        return name, int(amount)


def setting(
    default: T,
    sentence: str,
    *,
    minimum: float = 0,
    maximum: float = MAX_NUMBER,
    unit: str = "",
    choices: tuple[str, ...] = (),
    may_be_empty: bool = False,
    is_secret: bool = False,
    in_example: bool = True,
    clean: Callable[[Any], Any] | None = None,
    label: str = "",
    is_live: bool = True,
    is_voice: bool = False,
) -> T:
    """Declare a field of a section: `points_per_chat: int = setting(1, "Points for a line in chat.")`."""
    declaration = Setting(
        default,
        sentence,
        minimum,
        maximum,
        unit,
        choices,
        may_be_empty,
        is_secret,
        in_example,
        clean,
        label,
        is_live,
        is_voice,
    )
    field: T = dataclass_field(default_factory=lambda: default, repr=not is_secret, metadata={"setting": declaration})
    return field


@dataclass(frozen=True, slots=True)
class Mistake:
    """Values that contradict each other: the name (or names), the value as it was read, and what is allowed."""

    name: str
    value: str
    allowed: str


@dataclass(frozen=True)
class Section:
    """Settings that belong together. An instance is a snapshot: it doesn't change when a setting does.

    A class that inherits from several sections is a snapshot of all of them.
    """

    title: ClassVar[str] = ""
    is_live: ClassVar[bool] = True  # whether the dashboard may change its settings

    @classmethod
    def current(cls) -> Self:
        """Return the present settings. Take them once for each batch, since they must not change within it."""
        present = _present()
        snapshot: Self | None = present.snapshots.get(cls)
        if snapshot is None:
            names = {field.name: field.name.upper() for field in fields(cls)}
            values = {
                key: present.overrides[name] if name in present.overrides else getattr(settings, name)
                for key, name in names.items()
            }
            snapshot = present.snapshots[cls] = cls(**values)
        return snapshot

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the snapshot of `values`, which are keyed by the settings' names in capitals; others are ignored."""
        return cls(**{field.name: values[field.name.upper()] for field in fields(cls)})

    def mistakes(self) -> Iterator[Mistake]:
        """Yield the contradictions between settings of this section."""
        yield from ()


@dataclass(frozen=True, slots=True)
class _Present:
    """What is in force: the dashboard's values, and the snapshots made with them, which is quicker than making one for
    every event. A snapshot stays with the values that it was made of, whatever other threads do meanwhile.
    """

    overrides: Mapping[str, Any] = dataclass_field(default_factory=dict)
    snapshots: dict[type[Section], Any] = dataclass_field(default_factory=dict)


# The dashboard's values by the settings' names in capitals.
overrides: Live[Mapping[str, Any]] = Live({})
_made = _Present(overrides.current())


def _present() -> _Present:
    global _made
    values = overrides.current()
    if _made.overrides is not values:
        _made = _Present(values)
    return _made


@receiver(setting_changed)
def _forget_snapshots(**_: Any) -> None:
    global _made
    _made = _Present(_made.overrides)


def declared(section: type[Section]) -> Mapping[str, Setting]:
    """Return the section's declarations by the settings' names in capitals, in their order."""
    return {field.name.upper(): field.metadata["setting"] for field in fields(section)}


def label(name: str, setting: Setting) -> str:
    """Return the name of a setting for people: of POINTS_PER_CHAT, `Points per chat`."""
    if setting.label:
        return setting.label
    words = name.lower().replace("xp", "XP").replace("obs", "OBS").split("_")
    text = " ".join(words)
    return text[0].upper() + text[1:]


def raw(value: object) -> str:
    """Return a value as it is written in `.env`, which `Setting.parse` reads."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ",".join(f"{name}={amount}" for name, amount in value.items())
    if isinstance(value, tuple | frozenset):
        return ",".join(sorted(value) if isinstance(value, frozenset) else value)
    return str(value)


def _shown(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"
