"""The sizes of tips are in the rows by now. What the dashboard stored of them as settings is not used any more."""

from django.db import migrations

NAMES = ("TIP_LOW_MAX", "TIP_MEDIUM_MAX", "TIP_HIGH_MAX", "TIP_EXTREME_MAX")


def delete_settings(apps, schema_editor):
    """Delete the stored settings: each start would warn of them."""
    apps.get_model("pixelbot_site", "SettingOverride").objects.filter(name__in=NAMES).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('joystick', '0015_overlay_gone'),
        ('pixelbot_site', '0004_setting_override'),
    ]

    operations = [
        migrations.RunPython(delete_settings, migrations.RunPython.noop),
    ]
