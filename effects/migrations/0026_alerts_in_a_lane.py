from django.db import migrations

UNFINISHED = ("waiting", "pending", "running")
# Where new overlays had their alert box, and where they have it now: alerts have their places in it.
BEFORE = {"x": 15, "y": 38, "width": 70, "height": 22}
NOW = {"x": 0, "y": 0, "width": 100, "height": 100}


def to_their_lane(apps, schema_editor):
    """Alerts that have not ended go to the lane of their own, which is paused where the one was that they were in."""
    apps.get_model("effects", "QueueItem").objects.filter(kind="alert", lane="effect", state__in=UNFINISHED).update(
        lane="notification"
    )
    lanes = apps.get_model("effects", "Lane").objects
    for lane in lanes.filter(name="effect", paused_at__isnull=False):
        lanes.update_or_create(
            name="notification", defaults={"paused_at": lane.paused_at, "paused_by": lane.paused_by}
        )


def back_to_effects(apps, schema_editor):
    """Put alerts where the version before looks for them; what runs there waits for its turn."""
    items = apps.get_model("effects", "QueueItem").objects.filter(lane="notification", state__in=UNFINISHED)
    items.filter(state="running").update(state="pending", lease_until=None)
    items.update(lane="effect")
    apps.get_model("effects", "Lane").objects.filter(name="notification").delete()


def widen(apps, schema_editor):
    """Alert boxes that stand where they were put at first get the whole screen; moved ones stay as they are."""
    apps.get_model("effects", "OverlayWidget").objects.filter(kind="alert", **BEFORE).update(**NOW)


def narrow(apps, schema_editor):
    """Put them back."""
    apps.get_model("effects", "OverlayWidget").objects.filter(kind="alert", **NOW).update(**BEFORE)


class Migration(migrations.Migration):

    dependencies = [
        ('effects', '0025_folding'),
    ]

    operations = [
        migrations.RunPython(to_their_lane, back_to_effects),
        migrations.RunPython(widen, narrow),
    ]
