"""Makes the tables of a new database at once. One of an earlier version goes on by the migrations that this replaces."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('pixelbot_site', '0001_api_tokens'),
        ('pixelbot_site', '0002_heartbeat'),
        ('pixelbot_site', '0003_api_tokens_end'),
        ('pixelbot_site', '0004_setting_override'),
        ('pixelbot_site', '0005_heartbeat_milliseconds'),
        ('pixelbot_site', '0006_skipped_step'),
        ('pixelbot_site', '0007_roles'),
        ('pixelbot_site', '0008_invitations'),
        ('pixelbot_site', '0009_phrases'),
        ('pixelbot_site', '0010_names_of_points_in_phrases'),
        ('pixelbot_site', '0011_imports'),
        ('pixelbot_site', '0012_caps_of_known_sources'),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('milliseconds', models.PositiveIntegerField(help_text='How long it took, where that is measured.', null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin', models.CharField(help_text='The folder or file that it came from.', max_length=200)),
                ('by', models.CharField(blank=True, max_length=150)),
                ('began_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('alive_at', models.DateTimeField(default=django.utils.timezone.now, help_text='When it last did something.')),
                ('progress', models.CharField(blank=True, max_length=100)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('undone_at', models.DateTimeField(blank=True, help_text='When undoing it began.', null=True)),
                ('undone_by', models.CharField(blank=True, max_length=150)),
            ],
            options={
                'ordering': ['-id'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='PhraseText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(editable=False, max_length=60, unique=True, verbose_name='phrase')),
                ('text', models.TextField(blank=True, help_text='One a line: of several, one is picked at random each time. Blank: the text that the bot brings.', max_length=4000, verbose_name='your own text')),
                ('is_off', models.BooleanField(default=False, help_text='The bot does not say this.', verbose_name='off')),
            ],
            options={
                'verbose_name': 'phrase',
                'ordering': ['key'],
            },
        ),
        migrations.CreateModel(
            name='SettingOverride',
            fields=[
                ('name', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('value', models.TextField(blank=True)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_by', models.CharField(blank=True, max_length=150)),
            ],
            options={
                'verbose_name': 'setting',
            },
        ),
        migrations.CreateModel(
            name='SkippedStep',
            fields=[
                ('key', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('scopes', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('ends_at', models.DateTimeField(blank=True, help_text='From then on the token is refused. Empty: it has no end.', null=True, verbose_name='ends')),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('owner', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'API token',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='ImportedChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(help_text='In words.', max_length=200)),
                ('model', models.CharField(max_length=60)),
                ('key', models.CharField(blank=True, help_text="The row's primary key.", max_length=200)),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField()),
                ('state', models.CharField(choices=[('stands', 'Stands'), ('undone', 'Undone'), ('kept', 'left as it is')], default='stands', max_length=6)),
                ('note', models.TextField(blank=True, help_text='Why it was left as it is.')),
                ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='pixelbot_site.import')),
            ],
            options={
                'ordering': ['id'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('note', models.CharField(blank=True, help_text='Only for you to remember.', max_length=100, verbose_name='for whom')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('invited_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('role', models.ForeignKey(help_text='What they may see and do.', on_delete=django.db.models.deletion.CASCADE, related_name='+', to='auth.group')),
                ('used_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Role',
            fields=[
                ('key', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('given', models.JSONField(default=list, help_text='The permissions that the bot gave to the group, each once.')),
                ('group', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='auth.group')),
            ],
            options={
                'permissions': (('use_backups', 'Can make and download backups'),),
                'default_permissions': (),
            },
        ),
    ]
