"""Reactions become rows of an occasion, with a range, conditions and an order. What stands in the old rows is kept."""

import os

import django.core.validators
from django.db import migrations, models
from django.db.models import Q

# The occasion of each trigger that was renamed.
OCCASIONS = {"tip_item": "menu_item", "wheel_prize": "wheel"}
# Tips by size: the trigger, and the setting that had its largest tip, with its default. Those settings are gone since.
TIERS = (
    ("tip_low", "TIP_LOW_MAX", 14),
    ("tip_medium", "TIP_MEDIUM_MAX", 100),
    ("tip_high", "TIP_HIGH_MAX", 500),
    ("tip_extreme", "TIP_EXTREME_MAX", 1000),
    ("tip_beyond", None, None),
)


def borders(apps, schema_editor):
    """Return the range of each tier, by the settings that were in force: the dashboard's before those of `.env`."""
    model = apps.get_model("pixelbot_site", "SettingOverride")
    stored = dict(model.objects.using(schema_editor.connection.alias).values_list("name", "value"))
    ranges, least = {}, None
    for trigger, name, most in TIERS:
        # `.env` has been read into the environment.
        for value in (os.environ.get(name or "", "").strip(), stored.get(name, "")):
            if value.isdecimal():
                most = int(value)
        ranges[trigger] = (least, most)
        least = None if most is None else most + 1
    return ranges


def rows_to_occasions(apps, schema_editor):
    """Tips by size become tips from–to. Rows for one item or prize come before the one for all."""
    model = apps.get_model("joystick", "Reaction")
    ranges = borders(apps, schema_editor)
    tiers = [trigger for trigger, _, _ in TIERS]
    orders = {}
    # Of two rows for one subject in another spelling, the newer one held.
    for row in sorted(model.objects.all(), key=lambda row: (not row.subject.strip(), -row.pk)):
        occasion = "tip" if row.trigger in ranges else OCCASIONS.get(row.trigger, row.trigger)
        if row.trigger in ranges:
            row.least, row.most = ranges[row.trigger]
            row.order = tiers.index(row.trigger)
        else:
            row.order = orders.get(occasion, 0)
            orders[occasion] = row.order + 1
        row.occasion, row.lines = occasion, row.line
        row.save(update_fields=["occasion", "lines", "least", "most", "order"])


def cooldowns_to_rows(apps, schema_editor):
    """Let the day between two welcomes of a follower go on."""
    row = apps.get_model("joystick", "Reaction").objects.filter(occasion="follow").order_by("order").first()
    cooldowns = apps.get_model("economy", "Cooldown").objects.filter(key__startswith="cue.")
    if row is not None:
        for cooldown in cooldowns.filter(key__startswith="cue.follow:").iterator():
            apps.get_model("economy", "Cooldown").objects.update_or_create(
                key=f"reaction.{row.pk}:{cooldown.key.removeprefix('cue.follow:')}", defaults={"until": cooldown.until}
            )
    cooldowns.delete()


def keep_rows_apart(apps, schema_editor):
    """On the way back, name each row's trigger after the row: an earlier version knows none of them, and loses none."""
    rows = apps.get_model("joystick", "Reaction").objects
    for row in rows.all():
        rows.filter(pk=row.pk).update(trigger=f"row {row.pk}")


class Migration(migrations.Migration):

    dependencies = [
        ('joystick', '0009_built_in_commands'),
        ('economy', '0011_listed_names'),
        ('pixelbot_site', '0004_setting_override'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='reaction', name='one_reaction_to_an_occasion'),
        migrations.AddField(
            model_name='reaction',
            name='chance',
            field=models.PositiveSmallIntegerField(default=100, help_text='Percent. If it does not run, the rows below get their turn.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)]),
        ),
        migrations.AddField(
            model_name='reaction',
            name='cooldown_seconds',
            field=models.PositiveIntegerField(default=0, help_text='Seconds between two of anybody.', validators=[django.core.validators.MaxValueValidator(31536000)], verbose_name='cooldown'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='evening',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='reaction',
            name='evening_runs',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='reaction',
            name='goes_on',
            field=models.BooleanField(default=False, help_text='The rows below run as well. Otherwise this one runs instead of what follows.', verbose_name='and then go on'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='in_turn',
            field=models.BooleanField(default=False, help_text='Otherwise one is picked at random.', verbose_name='lines in turn'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='least',
            field=models.PositiveBigIntegerField(blank=True, help_text='Blank: no lower limit.', null=True, verbose_name='from'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='lines',
            field=models.TextField(blank=True, help_text="One a line; one of them is said. {user} and the occasion's other words are filled in.", max_length=4000, verbose_name='lines in chat'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='live_only',
            field=models.BooleanField(default=False, verbose_name='only while live'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='match',
            field=models.CharField(choices=[('is', 'is exactly this'), ('contains', 'contains this'), ('begins', 'begins with this')], default='is', max_length=8, verbose_name='it'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='min_level',
            field=models.PositiveIntegerField(default=0, help_text='0: for every level.', verbose_name='from level'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='most',
            field=models.PositiveBigIntegerField(blank=True, help_text='Blank: no upper limit.', null=True, verbose_name='to'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='occasion',
            field=models.CharField(default='', max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='reaction',
            name='order',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='reaction',
            name='role',
            field=models.PositiveSmallIntegerField(choices=[(0, 'everybody'), (1, 'followers'), (2, 'subscribers'), (3, 'moderators'), (4, 'the streamer')], default=0, verbose_name='for'),
        ),
        migrations.AddField(
            model_name='reaction',
            name='runs',
            field=models.PositiveBigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='reaction',
            name='viewer_cooldown_seconds',
            field=models.PositiveIntegerField(blank=True, help_text='Seconds between two of one viewer. Blank: as usual for the occasion; after a follow, a day.', null=True, validators=[django.core.validators.MaxValueValidator(31536000)], verbose_name='cooldown of each viewer'),
        ),
        migrations.AlterField(
            model_name='reaction',
            name='subject',
            field=models.CharField(blank=True, help_text='Only for this menu item, prize, word or the like. Blank: for all.', max_length=100),
        ),
        migrations.RunPython(rows_to_occasions, keep_rows_apart),
        migrations.RunPython(cooldowns_to_rows, migrations.RunPython.noop),
        # With defaults, so that the fields can come back.
        migrations.AlterField(
            model_name='reaction', name='trigger', field=models.CharField(max_length=20, default='')
        ),
        migrations.AlterField(
            model_name='reaction', name='line', field=models.CharField(blank=True, max_length=300, default='')
        ),
        migrations.RemoveField(model_name='reaction', name='trigger'),
        migrations.RemoveField(model_name='reaction', name='line'),
        migrations.AlterModelOptions(name='reaction', options={'ordering': ['occasion', 'order', 'id']}),
    ]
