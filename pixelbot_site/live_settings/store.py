"""The settings that the dashboard stores: read and changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from pixelbot_site.kit import secrets_at_rest
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.settings_table import Section, Setting, declared, label, overrides, raw
from pixelbot_site.kit.stored import Stored
from pixelbot_site.kit.transactions import after_commit
from pixelbot_site.models import SettingOverride
from pixelbot_site.settings_table import SECTIONS

log = logging.getLogger("settings")

HIDDEN = "…"


def live(section: type[Section]) -> dict[str, Setting]:
    """Return the declarations of those settings of a section that the dashboard may change, by name."""
    if not section.is_live:
        return {}
    return {name: setting for name, setting in declared(section).items() if setting.is_live}


DECLARED: dict[str, Setting] = {name: setting for section in SECTIONS for name, setting in live(section).items()}
_SECTION_OF = {name: section for section in SECTIONS for name in live(section)}


class Overrides:
    """Reads the stored values for `Section.current`."""

    def __init__(self) -> None:
        self._refused: set[str] = set()

    def __call__(self) -> Mapping[str, Any]:
        """Return the stored values by name. One that is no longer allowed is left out, and logged once."""
        rows = dict(SettingOverride.objects.values_list("name", "value"))
        return {name: value for name, text in rows.items() for value in self._parsed(name, text)}

    def _parsed(self, name: str, text: str) -> list[Any]:
        setting = DECLARED.get(name)
        try:
            if setting is not None:
                return [parse(setting, secrets_at_rest.unseal(text) if setting.is_secret else text)]
            reason = "there is no such setting"
        except (ValueError, Failed) as error:
            reason = str(error)
        if name not in self._refused:
            self._refused.add(name)
            log.warning("the dashboard's value of %s is not used: %s", name, reason)
        return []


def parse(setting: Setting, text: str) -> Any:
    """Return the value that `text` stands for; an empty text is an empty list or text. Raise ValueError."""
    if text == "" and isinstance(setting.default, tuple | frozenset | dict | str) and not setting.choices:
        empty = type(setting.default)()
        return empty if setting.clean is None or empty == setting.default else setting.clean(empty)
    return setting.parse(text)


def default(name: str) -> Any:
    """Return the value that holds without the dashboard: of `.env` or the declared one."""
    return getattr(settings, name)


def current(name: str) -> Any:
    """Return the value that is in force."""
    return getattr(_SECTION_OF[name].current(), name.lower())


def change(values: Mapping[str, Any], *, by: User) -> list[str]:
    """Store values, in force with the next batch. Return a sentence for each that differs from what was in force.

    A value that is the default needs no row: then `.env` holds again.
    """
    changes = [_Change(name, current(name), value) for name, value in values.items()]
    changes = [change for change in changes if change.before != change.after]
    with transaction.atomic():
        for change in changes:
            if change.after == default(change.name):
                SettingOverride.objects.filter(name=change.name).delete()
            else:
                SettingOverride.objects.update_or_create(
                    name=change.name,
                    defaults={"value": change.stored, "changed_at": timezone.now(), "changed_by": by.get_username()},
                )
            _record(change, by)
        after_commit(overrides.read_again)
    return [change.sentence for change in changes]


class _Change:
    def __init__(self, name: str, before: Any, after: Any) -> None:
        self.name, self.before, self.after = name, before, after
        self._setting = DECLARED[name]

    @property
    def stored(self) -> str:
        text = raw(self.after)
        return secrets_at_rest.seal(text) if self._setting.is_secret else text

    @property
    def sentence(self) -> str:
        return f"{label(self.name, self._setting)}: {self._shown(self.before)} → {self._shown(self.after)}"

    def _shown(self, value: Any) -> str:
        text = raw(value) or "empty"
        return HIDDEN if self._setting.is_secret and value else text


def _record(change: _Change, by: User) -> None:
    log.info("%s changed %s: %s", by.get_username(), change.name, change.sentence)
    LogEntry.objects.log_actions(
        by.pk, [SettingOverride(name=change.name)], CHANGE, change_message=change.sentence, single_object=True
    )


def install() -> None:
    """Let the stored values win over those of `.env`, in this process."""
    overrides.use(Stored[Mapping[str, Any]](SettingOverride, Overrides(), {}))
