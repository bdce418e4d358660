import pixelbot_site.kit.steps_field
from django.db import migrations

REDEEMS = {"redeem:tts": "speak"}


def words_to_effects(apps, schema_editor):
    """What a reaction did with one effect and its words becomes a list of effects. A redeem becomes what it did."""
    for row in apps.get_model("joystick", "Reaction").objects.exclude(effect=""):
        kind = REDEEMS.get(row.effect, row.effect)
        if kind == "speak" and row.words.strip():
            source = "tip" if row.trigger.startswith("tip_") else "system"
            row.effects = [{"kind": "speak", "text": row.words, "source": source}]
            row.save(update_fields=["effects"])


class Migration(migrations.Migration):

    dependencies = [
        ('joystick', '0002_in_full'),
    ]

    operations = [
        migrations.AddField(
            model_name='reaction',
            name='effects',
            field=pixelbot_site.kit.steps_field.EffectsField(blank=True, default=list, help_text='What happens, one after the other, with the same filled in.'),
        ),
        migrations.RunPython(words_to_effects, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name='reaction',
            name='effect',
        ),
        migrations.RemoveField(
            model_name='reaction',
            name='words',
        ),
    ]
