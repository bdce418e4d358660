"""Makes the tables of a new database at once. One of an earlier version goes on by the migrations that this replaces."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import pixelbot_site.kit.steps_field
import pixelbot_site.kit.words
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('economy', '0001_initial'),
        ('economy', '0002_in_full'),
        ('economy', '0003_audit'),
        ('economy', '0004_the_economy'),
        ('economy', '0005_indexes_for_flags'),
        ('economy', '0006_inventory'),
        ('economy', '0007_first_seen'),
        ('economy', '0008_given_rewards'),
        ('economy', '0009_notes_and_tags'),
        ('economy', '0010_names'),
        ('economy', '0011_listed_names'),
        ('economy', '0012_not_on_screen'),
        ('economy', '0013_known_words'),
        ('economy', '0014_labels'),
        ('economy', '0015_channel_roles'),
        ('economy', '0016_reward_message'),
        ('economy', '0017_largest_amounts'),
    ]

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Audit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ran_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('seconds', models.FloatField(default=0)),
                ('findings', models.TextField(blank=True, help_text='A sentence for each fault. Blank: all is right.')),
            ],
            options={
                'verbose_name': 'audit of the ledger',
                'verbose_name_plural': 'audits of the ledger',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Cooldown',
            fields=[
                ('key', models.CharField(max_length=300, primary_key=True, serialize=False)),
                ('until', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='DailyTotal',
            fields=[
                ('key', models.CharField(max_length=120, primary_key=True, serialize=False)),
                ('amount', models.BigIntegerField()),
                ('day', models.DateField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='ForgottenName',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name='GivenReward',
            fields=[
                ('reference', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('given_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=40, unique=True, validators=[django.core.validators.RegexValidator('^[\\w-]+\\Z', 'One word.')])),
                ('name', models.CharField(max_length=100)),
                ('description', models.TextField(blank=True)),
            ],
            options={
                'verbose_name_plural': 'items',
                'ordering': ['key'],
            },
        ),
        migrations.CreateModel(
            name='Viewer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(editable=False, max_length=200, unique=True)),
                ('username', models.CharField(help_text='As last seen.', max_length=100)),
                ('first_seen_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('last_seen_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, editable=False)),
                ('is_follower', models.BooleanField(default=False, verbose_name='follower')),
                ('is_subscriber', models.BooleanField(default=False, verbose_name='subscriber')),
                ('is_moderator', models.BooleanField(default=False, verbose_name='moderator')),
                ('is_streamer', models.BooleanField(default=False, verbose_name='streamer')),
                ('is_bot', models.BooleanField(default=False, verbose_name='bot')),
                ('excluded', models.BooleanField(blank=True, help_text='From rewards and leaderboards. Unknown: bots, the streamer, and who is in EXCLUDED_USERNAMES.', null=True)),
                ('is_unseen', models.BooleanField(db_default=False, default=False, help_text='Overlays call them “somebody”, and show no line of theirs in chat.', verbose_name='not on screen')),
                ('notes', models.TextField(blank=True, help_text='Only staff see them.', max_length=5000)),
                ('tags', models.TextField(blank=True, help_text='Words to find the viewer by, separated by commas.')),
                ('merged_into', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='merged_from', to='economy.viewer')),
            ],
            options={
                'ordering': ['key'],
            },
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, help_text='Sent twice, it runs once.', unique=True)),
                ('currency', models.CharField(choices=[('points', 'points'), ('xp', 'XP')], max_length=6)),
                ('operation', models.CharField(choices=[('add', 'Add'), ('subtract', 'Subtract'), ('set', 'Set'), ('reverse', 'reverse another batch')], max_length=8)),
                ('amount', models.BigIntegerField(default=0)),
                ('target', models.JSONField(blank=True, default=dict)),
                ('skips', models.BooleanField(default=False, help_text='Who has too little is left out. Otherwise such a balance becomes zero.')),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('by', models.CharField(blank=True, max_length=150)),
                ('state', models.CharField(choices=[('preview', 'Preview'), ('running', 'Running'), ('done', 'Done')], default='preview', max_length=8)),
                ('total', models.PositiveBigIntegerField(default=0, help_text='Viewers aimed at.')),
                ('done', models.PositiveBigIntegerField(default=0, help_text='Viewers looked at so far.')),
                ('success', models.PositiveBigIntegerField(default=0)),
                ('failed', models.PositiveBigIntegerField(default=0)),
                ('changed', models.BigIntegerField(default=0, help_text='Points or XP minted; destroyed where negative.')),
                ('level_ups', models.PositiveBigIntegerField(default=0)),
                ('cursor', models.BigIntegerField(default=0)),
                ('last', models.BigIntegerField(default=0, help_text='The newest viewer when it began: later ones are left out.')),
                ('lease_until', models.DateTimeField(default=django.utils.timezone.now)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('reverses', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='economy.batch')),
            ],
            options={
                'verbose_name_plural': 'batches',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='LevelReward',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveIntegerField(validators=[django.core.validators.MinValueValidator(1)])),
                ('repeats', models.BooleanField(default=False, help_text='Not only this level, but all its multiples: 5, 10, 15, …', verbose_name='every so many levels')),
                ('points', models.PositiveIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(1000000000)])),
                ('line', models.CharField(blank=True, default='{user} reached level {level}!', help_text='Said in chat; {user} and {level} are filled in. Blank: nothing is said.', max_length=200, validators=[pixelbot_site.kit.words.KnownWords('user', 'level')])),
                ('spoken', models.BooleanField(default=True, help_text='The line is spoken on the stream, too.')),
                ('effects', pixelbot_site.kit.steps_field.EffectsField(blank=True, default=list, help_text='What else happens, one after the other. {user} and {level} are filled in.', validators=[pixelbot_site.kit.words.KnownWords('user', 'level')])),
                ('enabled', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ['level', 'repeats'],
                'constraints': [models.UniqueConstraint(fields=('level', 'repeats'), name='one_reward_for_a_level', violation_error_message='There is a reward for this level already.')],
            },
        ),
        migrations.CreateModel(
            name='ListedName',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=200)),
                ('flag', models.CharField(max_length=20)),
                ('channel', models.CharField(max_length=100)),
                ('listed_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('key', 'flag', 'channel'), name='once_on_each_list')],
            },
        ),
        migrations.CreateModel(
            name='Presence',
            fields=[
                ('viewer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='presence', serialize=False, to='economy.viewer')),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
                ('until', models.DateTimeField(db_index=True, help_text='Without another sign by then, the viewer counts as gone.')),
            ],
            options={
                'verbose_name': 'viewer here now',
                'verbose_name_plural': 'here now',
                'ordering': ['-since'],
            },
        ),
        migrations.CreateModel(
            name='Merge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('points', models.BigIntegerField(default=0)),
                ('xp', models.BigIntegerField(default=0, verbose_name='XP')),
                ('moved', models.JSONField(default=dict, help_text='What else was moved, so that it can be moved back.')),
                ('by', models.CharField(blank=True, max_length=150)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merges_away', to='economy.viewer')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merges_here', to='economy.viewer')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ItemGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.IntegerField(default=1)),
                ('reference', models.CharField(max_length=300, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='economy.item')),
                ('viewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='item_grants', to='economy.viewer')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='ChannelRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(max_length=100)),
                ('is_follower', models.BooleanField(default=False)),
                ('is_subscriber', models.BooleanField(default=False)),
                ('is_moderator', models.BooleanField(default=False)),
                ('is_streamer', models.BooleanField(default=False)),
                ('viewer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='economy.viewer')),
            ],
        ),
        migrations.CreateModel(
            name='Transaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(help_text='What it came from: chat, tip, follow, redeem, level, …', max_length=40)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('reference', models.CharField(help_text='The cause. One cause pays once.', max_length=300, unique=True)),
                ('event', models.CharField(blank=True, help_text='The event that caused it.', max_length=100)),
                ('by', models.CharField(blank=True, help_text='Who did it by hand.', max_length=150)),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('kind', models.CharField(choices=[('grant', 'Grant'), ('spend', 'Spend'), ('refund', 'Refund'), ('adjust', 'Adjust'), ('transfer', 'Transfer'), ('merge', 'Merge'), ('reversal', 'Reversal')], max_length=10)),
                ('delta', models.BigIntegerField(verbose_name='change')),
                ('balance_after', models.BigIntegerField(verbose_name='points then')),
                ('counterpart', models.ForeignKey(blank=True, db_index=False, help_text='From or to whom.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='economy.viewer')),
                ('undoes', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_by', to='economy.transaction')),
                ('viewer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='transactions', to='economy.viewer')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='XPTransaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(help_text='What it came from: chat, tip, follow, redeem, level, …', max_length=40)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('reference', models.CharField(help_text='The cause. One cause pays once.', max_length=300, unique=True)),
                ('event', models.CharField(blank=True, help_text='The event that caused it.', max_length=100)),
                ('by', models.CharField(blank=True, help_text='Who did it by hand.', max_length=150)),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('delta', models.BigIntegerField(verbose_name='change')),
                ('total_after', models.BigIntegerField(verbose_name='XP then')),
                ('level_after', models.PositiveIntegerField(verbose_name='level then')),
                ('viewer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='xp_transactions', to='economy.viewer')),
            ],
            options={
                'verbose_name': 'XP transaction',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Points',
            fields=[
                ('viewer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='points', serialize=False, to='economy.viewer')),
                ('balance', models.BigIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'points',
                'indexes': [models.Index(fields=['-balance'], name='points_leaderboard')],
                'constraints': [models.CheckConstraint(condition=models.Q(('balance__gte', 0)), name='points_never_below_zero')],
            },
        ),
        migrations.CreateModel(
            name='XP',
            fields=[
                ('viewer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='xp', serialize=False, to='economy.viewer')),
                ('total', models.BigIntegerField(default=0)),
                ('level', models.PositiveIntegerField(default=1)),
                ('rewarded_level', models.PositiveIntegerField(default=1)),
            ],
            options={
                'verbose_name': 'XP',
                'verbose_name_plural': 'XP',
                'indexes': [models.Index(fields=['-total'], name='xp_leaderboard')],
                'constraints': [models.CheckConstraint(condition=models.Q(('total__gte', 0)), name='xp_never_below_zero')],
            },
        ),
        migrations.AddIndex(
            model_name='viewer',
            index=models.Index(condition=models.Q(('is_follower', True)), fields=['-last_seen_at'], name='viewer_follower'),
        ),
        migrations.AddIndex(
            model_name='viewer',
            index=models.Index(condition=models.Q(('is_subscriber', True)), fields=['-last_seen_at'], name='viewer_subscriber'),
        ),
        migrations.AddIndex(
            model_name='viewer',
            index=models.Index(condition=models.Q(('is_moderator', True)), fields=['-last_seen_at'], name='viewer_moderator'),
        ),
        migrations.AddIndex(
            model_name='viewer',
            index=models.Index(condition=models.Q(('is_streamer', True)), fields=['-last_seen_at'], name='viewer_streamer'),
        ),
        migrations.AddIndex(
            model_name='viewer',
            index=models.Index(condition=models.Q(('is_bot', True)), fields=['-last_seen_at'], name='viewer_bot'),
        ),
        migrations.AddIndex(
            model_name='viewer',
            index=models.Index(condition=models.Q(('tags__gt', '')), fields=['-last_seen_at'], name='viewer_tagged'),
        ),
        migrations.AddIndex(
            model_name='viewer',
            index=models.Index(condition=models.Q(('is_unseen', True)), fields=['username'], name='viewer_unseen'),
        ),
        migrations.AddIndex(
            model_name='viewer',
            index=models.Index(fields=['first_seen_at'], name='viewer_first_seen'),
        ),
        migrations.AddConstraint(
            model_name='channelrole',
            constraint=models.UniqueConstraint(fields=('viewer', 'channel'), name='one_role_in_a_channel'),
        ),
        migrations.AddIndex(
            model_name='transaction',
            index=models.Index(fields=['viewer', 'id'], name='transaction_of_viewer'),
        ),
        migrations.AddIndex(
            model_name='transaction',
            index=models.Index(fields=['kind', 'id'], name='transaction_of_kind'),
        ),
        migrations.AddIndex(
            model_name='transaction',
            index=models.Index(fields=['source', 'id'], name='transaction_of_source'),
        ),
        migrations.AddConstraint(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(('delta', 0), _negated=True), name='transaction_changes_something'),
        ),
        migrations.AddConstraint(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(('balance_after__gte', 0)), name='transaction_balance_never_below_zero'),
        ),
        migrations.AddConstraint(
            model_name='transaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ('refund', 'reversal')), ('undoes__isnull', False)), models.Q(models.Q(('kind__in', ('refund', 'reversal')), _negated=True), ('undoes__isnull', True)), _connector='OR'), name='transaction_undoes_another'),
        ),
        migrations.AddConstraint(
            model_name='transaction',
            constraint=models.UniqueConstraint(condition=models.Q(('undoes__isnull', False)), fields=('undoes',), name='transaction_undone_once'),
        ),
        migrations.AddIndex(
            model_name='xptransaction',
            index=models.Index(fields=['viewer', 'id'], name='xp_transaction_of_viewer'),
        ),
        migrations.AddIndex(
            model_name='xptransaction',
            index=models.Index(fields=['source', 'id'], name='xp_transaction_of_source'),
        ),
        migrations.AddConstraint(
            model_name='xptransaction',
            constraint=models.CheckConstraint(condition=models.Q(('delta', 0), _negated=True), name='xp_transaction_changes_something'),
        ),
    ]
