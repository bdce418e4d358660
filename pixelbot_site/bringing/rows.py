"""Rows that an import makes or changes: compared, written with what undoes them, and undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Field, Model, ProtectedError
from django.db.models.fields.files import FieldFile

from pixelbot_site.bringing.difference import Difference, LeftOut, May, State, Wanted, left_out
from pixelbot_site.kit import steps
from pixelbot_site.kit.settings_table import overrides
from pixelbot_site.kit.steps_field import EffectsField, in_words
from pixelbot_site.kit.transactions import after_commit
from pixelbot_site.models import Import, ImportedChange, SettingOverride

MAX_TRIES = 3
NOT_YOURS = "Your login may not change this."
BUSY = "Somebody changes it just now. Import again for it."
USED = "It is used by something now."
CHANGED_SINCE = "It was changed since."


@dataclass(frozen=True, slots=True)
class _Look:
    """A row before it is written: the instance holds the new values, `before` the present ones of `changed`."""

    difference: Difference
    instance: Model | None = None
    changed: tuple[str, ...] = ()
    before: Mapping[str, Any] | None = None


def compare(wanted: Wanted, may: May) -> Difference:
    """Return how the row compares with what is here. Writes nothing."""
    return _look(wanted, may).difference


def bring(wanted: Wanted, may: May, record: Import) -> Difference:
    """Make or change the row, with what undoes it in the same transaction; returns what was done."""
    for _ in range(MAX_TRIES):
        look = _look(wanted, may)
        if look.instance is None:
            return look.difference
        try:
            with transaction.atomic():
                present = wanted.model._default_manager.select_for_update().filter(**wanted.key).first()
                if _values(present, look.changed) == look.before:
                    _write(look, wanted, record)
                    return look.difference
        except IntegrityError:
            continue  # somebody else made such a row since it was looked at
    return left_out(wanted.section, wanted.name, BUSY)


def undo(change: ImportedChange) -> str:
    """Undo what was made or changed, as far as it still is what the import made of it.

    Return what was left and why; "" for nothing. Call it inside a transaction.
    """
    model = apps.get_model(change.model)
    row = model._default_manager.select_for_update().filter(pk=change.key).first()
    if model is SettingOverride:
        after_commit(overrides.read_again)
    if row is None:
        return "" if change.before is None else "It is not there any more."
    now = _values(row, tuple(change.after)) or {}
    if change.before is None:
        return _delete(row) if now == change.after else CHANGED_SINCE
    own = [name for name in change.before if now[name] == change.after[name]]
    for name in own:
        setattr(row, name, _field(row, name).to_python(change.before[name]))
    row.save(update_fields=own)
    others = [str(_field(row, name).verbose_name) for name in change.before if name not in own]
    return f"Changed since: {', '.join(others)}." if others else ""


def _look(wanted: Wanted, may: May) -> _Look:
    try:
        if not may(wanted.permission):
            raise LeftOut(NOT_YOURS)
        row = wanted.model._default_manager.filter(**wanted.key).first()
        return _compared(wanted, row, wanted.values(row))
    except LeftOut as why:
        return _Look(left_out(wanted.section, wanted.name, str(why)))
    except ValidationError as error:
        return _Look(left_out(wanted.section, wanted.name, _sentence(error)))


def _compared(wanted: Wanted, row: Model | None, values: Mapping[str, Any]) -> _Look:
    instance = wanted.model() if row is None else row
    before = _values(instance, tuple(values)) or {}
    for name, value in values.items():
        setattr(instance, name, value)
    after = _values(instance, tuple(values)) or {}
    changed = tuple(name for name in values if row is None or before[name] != after[name])
    if not changed:
        return _Look(Difference(wanted.section, wanted.name, State.SAME))
    _check(instance, changed, is_new=row is None)
    told = wanted.details() if wanted.details else tuple(_details(wanted, instance, changed, before, row is None))
    # A setting has a value without a row, too: what tells its own details changes one.
    state = State.NEW if row is None and wanted.details is None else State.CHANGED
    difference = Difference(wanted.section, wanted.name, state, told, wanted.note)
    return _Look(difference, instance, changed, None if row is None else {name: before[name] for name in changed})


def _check(instance: Model, changed: tuple[str, ...], *, is_new: bool) -> None:
    if is_new:
        instance.full_clean()
    else:
        instance.clean_fields(exclude=[field.name for field in instance._meta.fields if field.name not in changed])
    for name in changed:
        if isinstance(_field(instance, name), EffectsField):
            steps.check(getattr(instance, name))


def _write(look: _Look, wanted: Wanted, record: Import) -> None:
    instance = look.instance
    assert instance is not None
    if look.before is None:
        instance.save(force_insert=True)
        names = tuple(field.attname for field in instance._meta.concrete_fields if not field.primary_key)
    else:
        instance.save(update_fields=look.changed)
        names = look.changed
    ImportedChange.objects.create(
        of=record,
        what=f"{wanted.section}: {wanted.name}"[:200],
        model=instance._meta.label,
        key=str(instance.pk),
        before=look.before,
        after=_values(instance, names),
    )
    if wanted.model is SettingOverride:
        after_commit(overrides.read_again)


def _delete(row: Model) -> str:
    try:
        with transaction.atomic():
            row.delete()
    except (ProtectedError, IntegrityError):
        return USED
    return ""


def _values(row: Model | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the fields as JSON has them; None without a row."""
    return None if row is None else {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, FieldFile):
        return value.name or ""
    return value.isoformat() if isinstance(value, datetime) else value


def _field(row: Model, name: str) -> Field[Any, Any]:
    return next(field for field in row._meta.concrete_fields if name in (field.name, field.attname))


def _details(
    wanted: Wanted, instance: Model, changed: tuple[str, ...], before: Mapping[str, Any], is_new: bool
) -> list[str]:
    told = []
    for name in changed:
        if name in wanted.quiet or name in wanted.key or (is_new and not _is_told(getattr(instance, name))):
            continue
        field = _field(instance, name)
        after = "…" if name in wanted.hidden else _shown(field, getattr(instance, name))
        was = "" if is_new else f"{'…' if name in wanted.hidden else _shown(field, before[name])} → "
        told.append(f"{field.verbose_name}: {was}{after}")
    return told


def _is_told(value: Any) -> bool:
    """Return whether a new row's value says anything."""
    return value not in (None, "", [])


def _shown(field: Field[Any, Any], value: Any) -> str:
    if isinstance(field, EffectsField):
        return ", ".join(map(_step, value)) or "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "nothing" if value in (None, "") else str(value)


def _step(step: Mapping[str, Any]) -> str:
    told = [
        f"{name} {value}" for name, value in step.items() if name != "kind" and isinstance(value, str | int | float)
    ]
    return f"{in_words([step])} ({', '.join(told)})" if told else in_words([step])


def _sentence(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return str(error.messages[0])
    name, messages = next(iter(error.message_dict.items()))
    return str(messages[0]) if name == "__all__" else f"{name.replace('_', ' ')}: {messages[0]}"
