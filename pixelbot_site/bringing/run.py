"""An import: compared without writing, brought over as a row that can be undone, and undone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from pixelbot_site.bringing import giving_back, rows
from pixelbot_site.bringing.difference import Difference, May, State, left_out
from pixelbot_site.bringing.pixel import env, viewers
from pixelbot_site.bringing.plan import Plan, plan
from pixelbot_site.kit import pieces
from pixelbot_site.kit.errors import Refused
from pixelbot_site.models import Import, ImportedChange, SettingOverride

log = logging.getLogger("import")

# An import that did nothing for so long was broken off.
ALIVE = timedelta(minutes=2)
NOTHING_FOUND = "there is nothing of the original Pixel's"
Tell = Callable[[str], None]


def anything(permission: str) -> bool:
    """Return True, for whoever works on the machine itself."""
    return True


def compare(place: Path, *, may: May = anything) -> Iterator[Difference]:
    """Yield what an import of the folder or file would do. Writes nothing. Raise Refused where nothing is found."""
    found = _found(place)
    for row in found.rows:
        yield row if isinstance(row, Difference) else rows.compare(row, may)
    if found.original is not None:
        if may(viewers.PERMISSION):
            yield from viewers.compare(found.original)
        else:
            yield left_out(viewers.SECTION, "all of them", rows.NOT_YOURS)


def bring(
    place: Path, *, by: str, origin: str, may: May = anything, tell: Tell = lambda progress: None
) -> Import | None:
    """Bring over what differs, and return the import; None where nothing did. `tell` hears how far it is.

    What is broken off half-way can be undone, and another run brings exactly what is missing.
    """
    found = _found(place)
    record = Import.objects.create(origin=origin[:200], by=by[:150])
    log.info("%s began: %s", record, origin)
    for row in found.rows:
        if not isinstance(row, Difference) and rows.bring(row, may, record).state in (State.NEW, State.CHANGED):
            _alive(record, f"{row.section}: {row.name}")
    if found.original is not None and may(viewers.PERMISSION):
        for progress in viewers.bring(found.original, record):
            _alive(record, progress)
            tell(progress)
    if not record.changes.exists():
        record.delete()
        return None
    record.ended_at = timezone.now()
    record.save(update_fields=["ended_at"])
    log.info("%s ended: %d changes", record, record.changes.count())
    return record


def state_of(record: Import) -> str:
    """Return what became of an import, in a word or two."""
    if record.undone_at is not None:
        if record.changes.filter(state=ImportedChange.State.STANDS).exists():
            return "undone in part"
        kept = record.changes.filter(state=ImportedChange.State.KEPT).exists()
        return "undone, but for what is named" if kept else "undone"
    if record.ended_at is not None:
        return "done"
    return "running" if _is_alive(record) else "broken off"


def undo(record: Import, *, by: str, may: May = anything) -> list[str]:
    """Undo an import, the last change first; return a sentence for each thing that was left as it is.

    What is broken off goes on when it is asked again. Raise Refused while the import runs, and for whoever may not
    change all that it changed.
    """
    _require_all(record, may)
    if record.undone_at is None:
        if record.ended_at is None and _is_alive(record):
            raise Refused("it is running: wait until it has ended")
        record.undone_at, record.undone_by = timezone.now(), by[:150]
        record.save(update_fields=["undone_at", "undone_by"])
    standing = record.changes.filter(state=ImportedChange.State.STANDS).order_by("-pk")
    for pk in list(standing.values_list("pk", flat=True)):
        began = time.monotonic()
        if _undo(pk, by) == viewers.PIECE:
            pieces.pause(began)
    log.info("%s was undone", record)
    return left_of(record)


def _require_all(record: Import, may: May) -> None:
    for name, key in set(record.changes.values_list("model", "key")):
        if name == viewers.PIECE:
            permission = viewers.PERMISSION
        elif name == SettingOverride._meta.label:
            permission = env.permission_of(key)
        else:
            permission = name.lower().replace(".", ".change_")
        if not may(permission):
            raise Refused("your login may not change all that this import changed")


def left_of(record: Import) -> list[str]:
    """Return a sentence for each thing of an undone import that was left as it is."""
    return [_sentence(change) for change in record.changes.exclude(note="").order_by("pk")]


def _sentence(change: ImportedChange) -> str:
    names = giving_back.kept_by(change) if change.model == viewers.PIECE else []
    who = f" ({', '.join(names)})" if names else ""
    return f"{change.what}: {change.note}{who}"


def _undo(pk: int, by: str) -> str:
    with transaction.atomic():
        change = ImportedChange.objects.select_for_update(of=("self",)).select_related("of").get(pk=pk)
        if change.state == ImportedChange.State.STANDS:  # another may have undone it meanwhile
            if change.model == viewers.PIECE:
                is_whole, change.note = giving_back.undo(change, by)
            else:
                change.note = rows.undo(change)
                is_whole = not change.note
            change.state = ImportedChange.State.UNDONE if is_whole else ImportedChange.State.KEPT
            change.save()
        return change.model


def _found(place: Path) -> Plan:
    if not place.exists():
        raise Refused(f"there is no file or folder {place}")
    found = plan(place)
    if found.is_empty:
        raise Refused(f"{NOTHING_FOUND} in {place}")
    return found


def _alive(record: Import, progress: str) -> None:
    record.alive_at, record.progress = timezone.now(), progress[:100]
    record.save(update_fields=["alive_at", "progress"])


def _is_alive(record: Import) -> bool:
    return timezone.now() - record.alive_at < ALIVE
