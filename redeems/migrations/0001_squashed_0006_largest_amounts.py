"""Makes the tables of a new database at once. One of an earlier version goes on by the migrations that this replaces."""

import django.core.validators
import pixelbot_site.kit.steps_field
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('redeems', '0001_initial'),
        ('redeems', '0002_in_full'),
        ('redeems', '0003_priority_in_bounds'),
        ('redeems', '0004_help_names_the_settings'),
        ('redeems', '0005_labels'),
        ('redeems', '0006_largest_amounts'),
    ]

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Redeem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text='The word after ! in chat.', max_length=40, unique=True, validators=[django.core.validators.RegexValidator('^[\\w]+\\Z', 'One word.')])),
                ('title', models.CharField(max_length=100)),
                ('cost', models.PositiveIntegerField(default=0, help_text='Points. 0 is free.', validators=[django.core.validators.MaxValueValidator(1000000000)])),
                ('pricing', models.CharField(choices=[('fixed', 'each time'), ('character', 'each character of the text'), ('second', 'each second that it lasts')], default='fixed', max_length=9, verbose_name='the cost is for')),
                ('enabled', models.BooleanField(default=True)),
                ('live_only', models.BooleanField(default=False, help_text='Only while the channel is live.')),
                ('cooldown_seconds', models.PositiveIntegerField(blank=True, help_text='Between two of one viewer. Blank: the default of this redeem.', null=True, validators=[django.core.validators.MaxValueValidator(31536000)], verbose_name='pause of each viewer')),
                ('global_cooldown_seconds', models.PositiveIntegerField(default=0, help_text='Seconds between two of anybody.', validators=[django.core.validators.MaxValueValidator(31536000)], verbose_name='pause of everybody')),
                ('limit_per_stream', models.PositiveIntegerField(blank=True, help_text='Blank: no limit.', null=True)),
                ('limit_per_viewer', models.PositiveIntegerField(blank=True, help_text='Blank: no limit.', null=True, verbose_name='limit per viewer and stream')),
                ('stock', models.PositiveIntegerField(blank=True, help_text='How many there are left. Blank: no end.', null=True)),
                ('least_role', models.PositiveSmallIntegerField(choices=[(0, 'everybody'), (1, 'followers'), (2, 'subscribers'), (3, 'moderators'), (4, 'the streamer')], default=0, verbose_name='for')),
                ('least_level', models.PositiveIntegerField(default=1, help_text='The level that a viewer needs.', verbose_name='from level')),
                ('needs_text', models.BooleanField(default=False, help_text='Without words after the command it is refused.', verbose_name='needs words')),
                ('approval', models.CharField(choices=[('none', "nobody's"), ('first', 'of viewers who never had one approved'), ('always', "everybody's")], default='none', max_length=6, verbose_name='wait for approval')),
                ('priority', models.IntegerField(default=0, help_text='In its lane, higher ones go first.', validators=[django.core.validators.MinValueValidator(-1000), django.core.validators.MaxValueValidator(1000)])),
                ('effects', pixelbot_site.kit.steps_field.EffectsField(blank=True, default=list, help_text='What happens, one after the other; {user} and {text} are filled in. None: what this redeem does by itself.')),
                ('choices', models.TextField(blank=True, help_text='For “scene” and “source”: what viewers may choose, one a line; sources as Scene/Source.')),
                ('seconds', models.PositiveIntegerField(default=15, help_text='For “scene” and “source”: then back again. 0: it stays.', validators=[django.core.validators.MaxValueValidator(3600)])),
                ('voice', models.CharField(blank=True, help_text='For spoken ones. Blank: as in the settings.', max_length=200)),
                ('rate', models.PositiveIntegerField(blank=True, help_text='Words a minute.', null=True, validators=[django.core.validators.MinValueValidator(50), django.core.validators.MaxValueValidator(500)])),
                ('volume', models.FloatField(blank=True, help_text='From 0 to 1.', null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)])),
            ],
            options={
                'ordering': ['key'],
            },
        ),
    ]
