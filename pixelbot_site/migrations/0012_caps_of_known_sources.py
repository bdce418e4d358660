"""Daily caps that were stored with a source that there is not would not be used at all: that source is left out."""

from django.db import migrations

SOURCES = {"chat", "tip", "wheel", "follow", "sub", "resub", "gift", "raid", "dropin"}


def leave_out_unknown(apps, schema_editor):
    stored = apps.get_model("pixelbot_site", "SettingOverride").objects.using(schema_editor.connection.alias)
    for name, sources in (("POINTS_DAILY_CAPS", SOURCES), ("XP_DAILY_CAPS", SOURCES | {"effect"})):
        for row in stored.filter(name=name):
            caps = [part for part in row.value.split(",") if part.partition("=")[0].strip() in sources]
            stored.filter(name=name).update(value=",".join(caps))


class Migration(migrations.Migration):
    dependencies = [("pixelbot_site", "0011_imports")]

    operations = [migrations.RunPython(leave_out_unknown, migrations.RunPython.noop)]
