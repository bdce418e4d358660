from django.db import connections, migrations, transaction

PIECE = 5000


def fill(apps, schema_editor):
    """Store who an event is about, for the events of earlier versions, in pieces. Broken off, it goes on where it was."""
    events = apps.get_model("joystick", "InboundEvent").objects.order_by("pk")
    rows = events.filter(viewer_key=None).exclude(username="")
    using, last = schema_editor.connection.alias, 0
    while piece := list(rows.filter(pk__gt=last).values_list("pk", "username")[:PIECE]):
        # As `economy.models.viewer_key` made keys at the time of this migration.
        keys = [(username.strip().casefold()[:200] or None, pk) for pk, username in piece]
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.executemany("UPDATE joystick_inboundevent SET viewer_key = %s WHERE id = %s", keys)
        last = piece[-1][0]


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('joystick', '0004_viewer_keys'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
