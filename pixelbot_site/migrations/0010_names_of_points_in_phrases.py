"""In phrases, {points} is what the viewer has, as in every other text; what they are called is {points.name}."""

from __future__ import annotations

from django.db import migrations

NEW_NAMES = {"{points}": "{points.name}", "{point}": "{point.name}"}


def rename(apps, schema_editor):
    _replace(apps, NEW_NAMES)


def rename_back(apps, schema_editor):
    _replace(apps, {new: old for old, new in NEW_NAMES.items()})


def _replace(apps, names):
    for row in apps.get_model("pixelbot_site", "PhraseText").objects.exclude(text=""):
        text = row.text
        for old, new in names.items():
            text = text.replace(old, new)
        if text != row.text:
            row.text = text
            row.save(update_fields=["text"])


class Migration(migrations.Migration):
    dependencies = [("pixelbot_site", "0009_phrases")]

    operations = [migrations.RunPython(rename, rename_back)]
