"""Carries payments over to purchases, and what `QueueItem.result` held to columns of their own."""

from __future__ import annotations

from django.db import migrations, transaction
from django.db.migrations.exceptions import IrreversibleError
from django.db.models import Q

PIECE = 500
ENDED_WITHOUT = ('failed', 'expired', 'skipped', 'cancelled')
FIELDS = (
    'purchase', 'part_of', 'is_prepared', 'caption', 'speech_text', 'speech_file', 'speech_seconds',
    'is_spoken_by_page', 'saved_path', 'overlay_message', 'overlay_seconds',
)


def carry_over(apps, schema_editor):
    # In pieces, each a transaction of its own. Interrupted, it is done again from the start: an item that has its
    # purchase already keeps it, and the other columns come out the same.
    alias = schema_editor.connection.alias
    items = apps.get_model('effects', 'QueueItem').objects.using(alias)
    rows = items.filter(Q(payment__isnull=False) | ~Q(redeem='') | ~Q(result={})).order_by('pk')
    last = 0
    while piece := list(rows.filter(pk__gt=last).select_related('payment')[:PIECE]):
        with transaction.atomic(using=alias):
            purchase_items(apps, alias, [item for item in piece if item.purchase_id is None])
            for item in piece:
                unpack(item)
            items.bulk_update(piece, FIELDS)
        last = piece[-1].pk
    extend_merges(apps, alias)


def purchase_items(apps, alias, items):
    Purchase, Transaction = apps.get_model('effects', 'Purchase'), apps.get_model('economy', 'Transaction')
    payments = [item.payment_id for item in items if item.payment_id is not None]
    refunds = Transaction._base_manager.using(alias).filter(kind='refund', undoes_id__in=payments)
    refunded_at = dict(refunds.values_list('undoes_id', 'created_at'))
    for item in items:
        viewer = item.viewer_id or (item.payment.viewer_id if item.payment else None)
        if viewer is None or not (item.payment_id or item.redeem):
            continue
        took = item.result.get('took') or {}
        back_at = refunded_at.get(item.payment_id)
        if item.payment_id is None and item.state in ENDED_WITHOUT:
            back_at = item.finished_at
        item.purchase = Purchase.objects.using(alias).create(
            viewer_id=viewer,
            redeem=item.redeem,
            payment_id=item.payment_id,
            took_stock=bool(took.get('stock')),
            cooldowns=took.get('cooldowns') or {},
            created_at=item.created_at,
            refunded_at=back_at,
        )


def unpack(item):
    result = item.result
    overlay = result.get('overlay') or {}
    seconds = float(result.get('seconds') or 0)
    item.part_of = (result.get('part_of') or '')[:100]
    item.is_prepared = bool(result.get('is_ready'))
    item.caption = result.get('caption') or ''
    item.speech_text = result.get('said') or ''
    item.speech_file = result.get('speech') or ''
    item.is_spoken_by_page = bool(result.get('by_browser'))
    item.saved_path = result.get('path') or ''
    item.overlay_message = overlay
    item.overlay_seconds = seconds if overlay else 0
    # Once the overlays were told, `seconds` was the length of speech together with the sound before it.
    item.speech_seconds = float(overlay.get('seconds', seconds)) if 'said' in result else 0


def extend_merges(apps, alias):
    # Undoing a merge moves back the rows that it names: with its items, their purchases.
    items = apps.get_model('effects', 'QueueItem').objects.using(alias)
    for merge in apps.get_model('economy', 'Merge').objects.using(alias).filter(undone_at=None):
        moved = items.filter(pk__in=merge.moved.get('effects.QueueItem.viewer', []), purchase__isnull=False)
        purchases = list(moved.values_list('purchase', flat=True))
        if purchases:
            merge.moved['effects.Purchase.viewer'] = purchases
            merge.save(update_fields=['moved'])


def only_without_rows(apps, schema_editor):
    if apps.get_model('effects', 'Purchase').objects.using(schema_editor.connection.alias).exists():
        raise IrreversibleError('There are purchases: the columns of before cannot hold what they say.')


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('effects', '0005_purchases'),
    ]

    operations = [
        migrations.RunPython(carry_over, only_without_rows),
    ]
