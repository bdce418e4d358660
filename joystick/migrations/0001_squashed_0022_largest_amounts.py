"""Makes the tables of a new database at once. One of an earlier version goes on by the migrations that this replaces."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import pixelbot_site.kit.steps_field
import pixelbot_site.kit.words
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('joystick', '0001_initial'),
        ('joystick', '0002_in_full'),
        ('joystick', '0003_effects'),
        ('joystick', '0004_viewer_keys'),
        ('joystick', '0005_fill_viewer_keys'),
        ('joystick', '0006_feed_indexes'),
        ('joystick', '0007_connection_tries_and_unsaid'),
        ('joystick', '0008_names'),
        ('joystick', '0009_built_in_commands'),
        ('joystick', '0010_occasions'),
        ('joystick', '0011_labels'),
        ('joystick', '0012_commands_of_ones_own'),
        ('joystick', '0013_timers'),
        ('joystick', '0014_patterns'),
        ('joystick', '0015_overlay_gone'),
        ('joystick', '0016_tip_sizes'),
        ('joystick', '0017_always_shout_out'),
        ('joystick', '0018_alerts_of_reactions'),
        ('joystick', '0019_title_of_a_stream'),
        ('joystick', '0020_moderation'),
        ('joystick', '0021_lease_number'),
        ('joystick', '0022_largest_amounts'),
    ]

    dependencies = [
        ('economy', '0001_squashed_0017_largest_amounts'),
    ]

    operations = [
        migrations.CreateModel(
            name='BuiltInCommand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(editable=False, max_length=40, unique=True)),
                ('enabled', models.BooleanField(default=True)),
                ('word', models.CharField(max_length=40, validators=[django.core.validators.RegexValidator('^\\w+\\Z', 'One word, without the !.')], verbose_name='word after !')),
                ('aliases', models.CharField(blank=True, help_text='Divided by spaces, without the !.', max_length=200, verbose_name='other words')),
                ('role', models.PositiveSmallIntegerField(choices=[(0, 'everybody'), (1, 'followers'), (2, 'subscribers'), (3, 'moderators'), (4, 'the streamer')], default=0, verbose_name='for')),
                ('cooldown_seconds', models.PositiveIntegerField(blank=True, help_text='Seconds between two of one viewer. Blank: as in the settings.', null=True, verbose_name='pause of each viewer')),
                ('global_cooldown_seconds', models.PositiveIntegerField(default=0, help_text='Seconds between two of anybody.', verbose_name='pause of everybody')),
                ('is_whispered', models.BooleanField(default=False, help_text='Where the bot may whisper; else it answers in chat.', verbose_name='answer by whisper')),
                ('is_listed', models.BooleanField(default=True, verbose_name='named by !help')),
            ],
            options={
                'verbose_name': 'built-in command',
                'ordering': ['word'],
            },
        ),
        migrations.CreateModel(
            name='ChatFilter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('links', 'links'), ('words', 'words'), ('capitals', 'capitals'), ('repeats', 'repeats within a line'), ('length', 'long lines'), ('flood', 'a flood of equal lines')], max_length=10, verbose_name='looks for')),
                ('allowed', models.TextField(blank=True, help_text='For links: one a line, such as youtube.com. Their subdomains are allowed, too.', max_length=4000, verbose_name='allowed sites')),
                ('words', models.TextField(blank=True, help_text='For words: a word or a phrase a line, in any case. *bad* is found inside of other words, too.', max_length=4000)),
                ('limit', models.PositiveIntegerField(blank=True, help_text='Capitals: from this percent of the letters. Repeats: the same character or word so often in a row. Long lines: more characters than this. Flood: the same line so often. Blank: 80, 12, 400, 4.', null=True, validators=[django.core.validators.MinValueValidator(2), django.core.validators.MaxValueValidator(4000)])),
                ('seconds', models.PositiveSmallIntegerField(default=30, help_text='For a flood: within so many seconds, by one viewer or by several.', validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(300)])),
                ('action', models.CharField(choices=[('warn', 'tell its author'), ('delete', 'delete it'), ('mute', 'mute its author')], default='warn', max_length=6, verbose_name='then')),
                ('exempt_role', models.PositiveSmallIntegerField(choices=[(1, 'followers'), (2, 'subscribers'), (3, 'moderators')], default=3, help_text='They, and whoever is more. Moderators and the streamer are always exempt.', verbose_name='exempt')),
                ('exempt_level', models.PositiveIntegerField(default=0, help_text='0: no level is exempt.', verbose_name='exempt from level')),
                ('dry_run', models.BooleanField(default=True, help_text='Do nothing, and list under “Moderated lines” what would have been done.')),
                ('enabled', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'chat filter',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('state', models.CharField(default='off', max_length=20)),
                ('detail', models.CharField(blank=True, max_length=300)),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_frame_at', models.DateTimeField(blank=True, null=True)),
                ('holder', models.CharField(blank=True, max_length=100)),
                ('lease_until', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease_number', models.PositiveBigIntegerField(default=0, help_text='How often the lease was taken: a holder knows by it that nobody has taken it since.')),
                ('try_at', models.DateTimeField(blank=True, help_text='When staff asked for an attempt.', null=True)),
                ('unsaid', models.PositiveIntegerField(default=0, help_text='Lines that chat had no room for, on that day.', verbose_name='lines left out')),
                ('unsaid_on', models.DateField(blank=True, null=True)),
            ],
            options={
                'verbose_name_plural': 'connection',
            },
        ),
        migrations.CreateModel(
            name='Counter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, unique=True, validators=[django.core.validators.RegexValidator('^\\w+\\Z', 'One word of letters, digits and _.')])),
                ('value', models.BigIntegerField(default=0)),
                ('resets', models.BooleanField(default=False, verbose_name='from 0 with each stream')),
                ('reset_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='CustomCommand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.CharField(max_length=40, unique=True, validators=[django.core.validators.RegexValidator('^\\w+\\Z', 'One word, without the !.')], verbose_name='word after !')),
                ('aliases', models.CharField(blank=True, help_text='Divided by spaces, without the !.', max_length=200, verbose_name='other words')),
                ('answers', models.TextField(blank=True, help_text='One a line; one of them is said. {user}, {target}, {1} and other words are filled in.', max_length=4000, validators=[pixelbot_site.kit.words.KnownWords('user', 'text', 'uses')])),
                ('in_turn', models.BooleanField(default=False, help_text='Otherwise one is picked at random.', verbose_name='answers in turn')),
                ('effects', pixelbot_site.kit.steps_field.EffectsField(blank=True, default=list, help_text='What happens besides, with the same words filled in.', validators=[pixelbot_site.kit.words.KnownWords('user', 'text', 'uses')])),
                ('role', models.PositiveSmallIntegerField(choices=[(0, 'everybody'), (1, 'followers'), (2, 'subscribers'), (3, 'moderators'), (4, 'the streamer')], default=0, verbose_name='for')),
                ('min_level', models.PositiveIntegerField(default=0, help_text='0: for every level.', verbose_name='from level')),
                ('cooldown_seconds', models.PositiveIntegerField(blank=True, help_text='Seconds between two of one viewer. Blank: as in the settings.', null=True, validators=[django.core.validators.MaxValueValidator(31536000)], verbose_name='pause of each viewer')),
                ('global_cooldown_seconds', models.PositiveIntegerField(default=0, help_text='Seconds between two of anybody.', validators=[django.core.validators.MaxValueValidator(31536000)], verbose_name='pause of everybody')),
                ('cost', models.PositiveIntegerField(default=0, help_text='In points. They go back where an effect does not happen.', validators=[django.core.validators.MaxValueValidator(1000000000)])),
                ('live_only', models.BooleanField(default=False, verbose_name='only while live')),
                ('is_listed', models.BooleanField(default=True, verbose_name='named by !help')),
                ('enabled', models.BooleanField(default=True)),
                ('uses', models.PositiveBigIntegerField(default=0, editable=False)),
            ],
            options={
                'verbose_name': 'command of your own',
                'verbose_name_plural': 'commands of your own',
                'ordering': ['word'],
            },
        ),
        migrations.CreateModel(
            name='Gap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField(db_index=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'verbose_name': 'gap in the feed',
                'verbose_name_plural': 'gaps in the feed',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Install',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel_id', models.CharField(help_text="Joystick's id of the channel; survives renames.", max_length=100, unique=True)),
                ('username', models.CharField(blank=True, help_text='The streamer, as last seen.', max_length=100)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_event_at', models.DateTimeField(blank=True, null=True)),
                ('scopes', models.CharField(blank=True, help_text='What the streamer allowed, divided by spaces.', max_length=500)),
                ('access_token', models.TextField(blank=True, editable=False)),
                ('refresh_token', models.TextField(blank=True, editable=False)),
                ('connected_at', models.DateTimeField(blank=True, null=True)),
                ('refreshed_at', models.DateTimeField(blank=True, help_text='When the present access token was issued.', null=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text="The access token's end.", null=True)),
                ('refreshing_since', models.DateTimeField(blank=True, help_text='Somebody asks for new tokens, and has had no answer yet.', null=True)),
                ('trouble', models.CharField(blank=True, help_text='Why it must be connected again; blank: all well.', max_length=300)),
            ],
            options={
                'verbose_name': 'channel',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Reaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('occasion', models.CharField(max_length=40)),
                ('order', models.PositiveIntegerField(default=0, editable=False)),
                ('subject', models.CharField(blank=True, help_text='Only for this menu item, prize, word or the like. Blank: for all.', max_length=100)),
                ('match', models.CharField(choices=[('is', 'is exactly this'), ('contains', 'contains this'), ('begins', 'begins with this'), ('pattern', 'matches this pattern')], default='is', max_length=8, verbose_name='it')),
                ('least', models.PositiveBigIntegerField(blank=True, help_text='Blank: no lower limit.', null=True, verbose_name='from')),
                ('most', models.PositiveBigIntegerField(blank=True, help_text='Blank: no upper limit.', null=True, verbose_name='to')),
                ('role', models.PositiveSmallIntegerField(choices=[(0, 'everybody'), (1, 'followers'), (2, 'subscribers'), (3, 'moderators'), (4, 'the streamer')], default=0, verbose_name='for')),
                ('min_level', models.PositiveIntegerField(default=0, help_text='0: for every level.', verbose_name='from level')),
                ('chance', models.PositiveSmallIntegerField(default=100, help_text='Percent. If it does not run, the rows below get their turn.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)])),
                ('cooldown_seconds', models.PositiveIntegerField(default=0, help_text='Seconds between two of anybody.', validators=[django.core.validators.MaxValueValidator(31536000)], verbose_name='cooldown')),
                ('viewer_cooldown_seconds', models.PositiveIntegerField(blank=True, help_text='Seconds between two of one viewer. Blank: as usual for the occasion; after a follow, a day.', null=True, validators=[django.core.validators.MaxValueValidator(31536000)], verbose_name='cooldown of each viewer')),
                ('live_only', models.BooleanField(default=False, verbose_name='only while live')),
                ('lines', models.TextField(blank=True, help_text="One a line; one of them is said. {user} and the occasion's other words are filled in.", max_length=4000, verbose_name='lines in chat')),
                ('in_turn', models.BooleanField(default=False, help_text='Otherwise one is picked at random.', verbose_name='lines in turn')),
                ('effects', pixelbot_site.kit.steps_field.EffectsField(blank=True, default=list, help_text='What happens, one after the other, with the same filled in.')),
                ('goes_on', models.BooleanField(default=False, help_text='The rows below run as well. Otherwise this one runs instead of what follows.', verbose_name='and then go on')),
                ('enabled', models.BooleanField(default=True)),
                ('runs', models.PositiveBigIntegerField(default=0, editable=False)),
                ('evening_runs', models.PositiveIntegerField(default=0, editable=False)),
                ('evening', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'ordering': ['occasion', 'order', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Retention',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('blanked_to', models.BigIntegerField(default=0, help_text='The last event that was looked at.')),
            ],
            options={
                'verbose_name_plural': 'retention',
            },
        ),
        migrations.CreateModel(
            name='ShoutOut',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Their name at Joystick.tv.', max_length=100)),
                ('key', models.CharField(editable=False, max_length=200, unique=True)),
            ],
            options={
                'verbose_name': 'always shout out',
                'verbose_name_plural': 'always shout out',
                'ordering': ['key'],
            },
        ),
        migrations.CreateModel(
            name='TimerGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, unique=True)),
                ('pause_minutes', models.PositiveIntegerField(default=10, help_text='Minutes between two timers of the group.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)], verbose_name='pause')),
                ('ran_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'verbose_name': 'group of timers',
                'verbose_name_plural': 'groups of timers',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Count',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('change', models.BigIntegerField()),
                ('value', models.BigIntegerField(verbose_name='then')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('viewer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='economy.viewer')),
                ('counter', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='joystick.counter')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='InboundEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.CharField(max_length=100, unique=True)),
                ('kind', models.CharField(db_index=True, max_length=100)),
                ('channel_id', models.CharField(blank=True, max_length=100)),
                ('username', models.CharField(blank=True, max_length=100)),
                ('viewer_key', models.CharField(blank=True, editable=False, max_length=200, null=True)),
                ('text', models.TextField(blank=True)),
                ('tokens', models.PositiveBigIntegerField(blank=True, help_text='Of tips and wheel spins.', null=True)),
                ('state', models.CharField(choices=[('handled', 'Handled'), ('failed', 'failed: see the error'), ('unreadable', 'not understood')], default='handled', max_length=12)),
                ('error', models.TextField(blank=True)),
                ('raw', models.TextField(help_text='The frame, as it came. Blanked after FEED_RAW_DAYS, unless the event failed.')),
                ('occurred_at', models.DateTimeField(blank=True, null=True)),
                ('received_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('viewer_key__isnull', False)), fields=['viewer_key', 'id'], name='event_of_viewer'), models.Index(condition=models.Q(('state', 'failed')), fields=['id'], name='event_failed'), models.Index(condition=models.Q(('state', 'unreadable')), fields=['id'], name='event_unreadable')],
            },
        ),
        migrations.CreateModel(
            name='ModeratedLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(db_index=True, max_length=100, verbose_name="the line's uid")),
                ('action', models.CharField(choices=[('warn', 'tell its author'), ('delete', 'delete it'), ('mute', 'mute its author')], max_length=6)),
                ('dry_run', models.BooleanField(default=False)),
                ('failure', models.CharField(blank=True, max_length=300, verbose_name='why it was not done')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('filter', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='lines', to='joystick.chatfilter')),
            ],
            options={
                'verbose_name': 'moderated line',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='NameChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('old_key', models.CharField(max_length=200)),
                ('username', models.CharField(blank=True, help_text='The new name. Blank: forgotten.', max_length=100)),
                ('last_event', models.BigIntegerField(help_text="Later events of the old name may be somebody else's.")),
                ('step', models.CharField(choices=[('own', 'Own'), ('mentions', 'Mentions'), ('done', 'Done')], default='own', max_length=8)),
                ('cursor', models.BigIntegerField(default=0, help_text='The last event that this step looked at.')),
                ('viewer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='economy.viewer')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Quote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(editable=False, unique=True)),
                ('text', models.CharField(max_length=300)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('approved', models.BooleanField(default=True, help_text='Off: !quote does not tell it.')),
                ('added_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='economy.viewer')),
                ('viewer', models.ForeignKey(blank=True, help_text='Who said it.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='quotes', to='economy.viewer')),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='Stream',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel_id', models.CharField(blank=True, max_length=100)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('title', models.CharField(blank=True, help_text='As Joystick last said it.', max_length=200)),
                ('figures', models.JSONField(blank=True, default=dict, help_text='Counted when it ended.')),
                ('overlay_gone_at', models.DateTimeField(blank=True, editable=False, help_text='Since then no overlay with sound is open.', null=True)),
            ],
            options={
                'ordering': ['-started_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('channel_id',), name='one_open_stream_a_channel')],
            },
        ),
        migrations.CreateModel(
            name='Timer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('lines', models.TextField(blank=True, help_text='One a line; one is said.', max_length=4000, validators=[pixelbot_site.kit.words.KnownWords()], verbose_name='lines in chat')),
                ('in_turn', models.BooleanField(default=True, help_text='Otherwise one is picked at random.', verbose_name='lines in turn')),
                ('effects', pixelbot_site.kit.steps_field.EffectsField(blank=True, default=list, help_text='What happens besides, one after the other.', validators=[pixelbot_site.kit.words.KnownWords()])),
                ('every_minutes', models.PositiveIntegerField(default=15, help_text='Minutes.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1440)], verbose_name='every')),
                ('min_lines', models.PositiveIntegerField(default=5, help_text='So many lines must viewers have written since the last time. Until then it waits.', validators=[django.core.validators.MaxValueValidator(1000)], verbose_name='lines of viewers')),
                ('live_only', models.BooleanField(default=True, verbose_name='only while live')),
                ('enabled', models.BooleanField(default=True)),
                ('due_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='next')),
                ('ran_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='last')),
                ('last_event', models.BigIntegerField(default=0, editable=False)),
                ('runs', models.PositiveBigIntegerField(default=0, editable=False, verbose_name='times')),
                ('group', models.ForeignKey(blank=True, help_text='Two of a group do not follow each other within its pause.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='timers', to='joystick.timergroup')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
    ]
