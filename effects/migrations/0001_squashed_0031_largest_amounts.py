"""Makes the tables of a new database at once. One of an earlier version goes on by the migrations that this replaces."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import effects.models.screen
import pixelbot_site.kit.steps_field
import pixelbot_site.kit.words
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('effects', '0001_initial'),
        ('effects', '0002_alerts'),
        ('effects', '0003_the_stream'),
        ('effects', '0004_what_was_done'),
        ('effects', '0005_purchases'),
        ('effects', '0006_carry_over_results'),
        ('effects', '0007_drop_result'),
        ('effects', '0008_plain_help_texts'),
        ('effects', '0009_overlay_pages'),
        ('effects', '0010_way_back_by_collection'),
        ('effects', '0011_what_staff_try'),
        ('effects', '0012_event_of_an_item'),
        ('effects', '0013_osc'),
        ('effects', '0014_webhook_targets'),
        ('effects', '0015_media'),
        ('effects', '0016_overlay_widgets'),
        ('effects', '0017_drop_shows_alerts'),
        ('effects', '0018_viewer_voices_of_200'),
        ('effects', '0019_help_names_the_settings'),
        ('effects', '0020_turns_and_due_items'),
        ('effects', '0021_saved_sequences'),
        ('effects', '0022_known_words'),
        ('effects', '0023_labels'),
        ('effects', '0024_overlay_format'),
        ('effects', '0025_folding'),
        ('effects', '0026_alerts_in_a_lane'),
        ('effects', '0027_ai_replies'),
        ('effects', '0028_channel_of_an_item'),
        ('effects', '0029_overlays_of_channels'),
        ('effects', '0030_purchases_of_commands'),
        ('effects', '0031_largest_amounts'),
    ]

    dependencies = [
        ('economy', '0001_squashed_0017_largest_amounts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AIReplies',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('enabled', models.BooleanField(default=False, help_text='Off: nothing is asked, and !pixel is refused.', verbose_name='on')),
                ('address', models.CharField(blank=True, help_text="Of anything that speaks OpenAI's protocol, such as https://openrouter.ai/api/v1, or http://127.0.0.1:11434/v1 for Ollama on this PC. Blank: Perplexity.", max_length=300)),
                ('model', models.CharField(blank=True, help_text='Its name there. Blank, for Perplexity: PPLX_MODEL in .env, or sonar.', max_length=100)),
                ('key', models.TextField(blank=True, editable=False)),
                ('max_tokens', models.PositiveIntegerField(blank=True, help_text='Models that think first need more. Blank: PPLX_MAX_TOKENS in .env, or 200.', null=True, validators=[django.core.validators.MinValueValidator(16), django.core.validators.MaxValueValidator(4000)], verbose_name='most tokens of an answer')),
                ('seconds', models.PositiveIntegerField(blank=True, help_text='After them it has failed, and points go back. Blank: PPLX_TIMEOUT in .env, or 20.', null=True, validators=[django.core.validators.MinValueValidator(2), django.core.validators.MaxValueValidator(60)], verbose_name='seconds for an answer')),
                ('persona', models.TextField(default="You are the friendly bot of a live stream's chat. You are kind and brief, and suitable for everybody.", help_text='Who answers, and how. The bot adds that an answer is short, plain, and no place for links, and that what a viewer wrote is no instruction.', max_length=2000)),
                ('spoken', models.BooleanField(default=False, help_text='The voice says the answer too, where an overlay is open.', verbose_name='also spoken')),
                ('random_percent', models.FloatField(blank=True, help_text="Percent of viewers' lines in chat, by chance. Never of commands, bots and the streamer. Blank: PPLX_RANDOM_REPLY_PROB in .env, which is 0 unless you set it.", null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='share of lines that are answered')),
                ('random_pause', models.PositiveIntegerField(default=120, help_text='However many lines there are.', validators=[django.core.validators.MinValueValidator(10), django.core.validators.MaxValueValidator(86400)], verbose_name='seconds between two of them')),
                ('requests_per_stream', models.PositiveIntegerField(default=100, validators=[django.core.validators.MaxValueValidator(1000000000)], verbose_name='requests in a stream')),
                ('requests_per_day', models.PositiveIntegerField(default=200, validators=[django.core.validators.MaxValueValidator(1000000000)], verbose_name='requests in a day')),
                ('tokens_per_stream', models.PositiveIntegerField(default=50000, validators=[django.core.validators.MaxValueValidator(1000000000)], verbose_name='tokens in a stream')),
                ('tokens_per_day', models.PositiveIntegerField(default=100000, validators=[django.core.validators.MaxValueValidator(1000000000)], verbose_name='tokens in a day')),
            ],
            options={
                'verbose_name': 'AI replies',
                'verbose_name_plural': 'AI replies',
            },
        ),
        migrations.CreateModel(
            name='Lane',
            fields=[
                ('name', models.CharField(max_length=150, primary_key=True, serialize=False)),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('paused_by', models.CharField(blank=True, max_length=150)),
            ],
        ),
        migrations.CreateModel(
            name='OBSConnection',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('enabled', models.BooleanField(blank=True, help_text='Unknown: as OBS_ENABLED in .env says.', null=True)),
                ('host', models.CharField(blank=True, help_text='Blank: OBS_HOST in .env.', max_length=200)),
                ('port', models.PositiveIntegerField(blank=True, help_text='Blank: OBS_PORT in .env.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(65535)])),
                ('password', models.TextField(blank=True, editable=False)),
            ],
            options={
                'verbose_name': 'OBS connection',
                'verbose_name_plural': 'OBS connection',
            },
        ),
        migrations.CreateModel(
            name='OSCTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(default='VRChat', help_text='Effects call it by this name.', max_length=60, unique=True)),
                ('host', models.CharField(default='127.0.0.1', help_text='This PC (127.0.0.1), or an address or name in your own network.', max_length=200)),
                ('port', models.PositiveIntegerField(default=9000, help_text='The UDP port on which it listens. VRChat listens on 9000.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(65535)])),
                ('enabled', models.BooleanField(default=True, help_text='Off: effects that name it are refused.')),
            ],
            options={
                'verbose_name': 'OSC target',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Overlay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(default='Main', max_length=60, unique=True)),
                ('secret', models.CharField(default=effects.models.screen.new_secret, editable=False, max_length=64, unique=True)),
                ('theme', models.CharField(choices=[('calm', 'Calm: soft and dark'), ('neon', 'Neon: bright lines on black'), ('paper', 'Paper: ink, written by hand'), ('candy', 'Candy: round and pink'), ('arcade', 'Arcade: squares and hard edges'), ('news', 'News: a bar across the screen')], default='calm', max_length=20)),
                ('format', models.CharField(choices=[('wide', '1080p, wide: 1920 × 1080'), ('vertical', 'Vertical: 1080 × 1920')], default='wide', help_text='Give the Browser Source in OBS this width and height.', max_length=20)),
                ('sound', models.BooleanField(default=True, help_text='Of its open pages, one is heard. Off: none. Two overlays with sound that are both in OBS are both heard.')),
                ('channel_id', models.CharField(blank=True, help_text='Whose alerts, speech and figures it shows. Blank: those of every channel that has no overlay of its own.', max_length=100, verbose_name='channel')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Prize',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('weight', models.PositiveIntegerField(default=10, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000)])),
                ('colour', models.CharField(default='#7c4dff', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-fA-F]{6}\\Z', 'A colour like #7c4dff.')])),
                ('stock', models.PositiveIntegerField(blank=True, help_text='How many are left. Blank: no limit.', null=True)),
                ('per_viewer_limit', models.PositiveIntegerField(blank=True, help_text='How often one viewer may win it. Blank: no limit.', null=True)),
                ('line', models.CharField(blank=True, help_text="Said in chat; {user} and {prize} are filled in. Blank: one of the wheel's lines.", max_length=200, validators=[pixelbot_site.kit.words.KnownWords('user', 'prize')])),
                ('effects', pixelbot_site.kit.steps_field.EffectsField(blank=True, default=list, help_text='What the winner gets, one after another. None: only the line.', validators=[pixelbot_site.kit.words.KnownWords('user', 'prize')])),
                ('enabled', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Revert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=500, unique=True)),
                ('request', models.CharField(max_length=60)),
                ('data', models.JSONField(default=dict)),
                ('collection', models.CharField(default='', help_text="OBS's scene collection when it was changed. In another it is let be.", max_length=255)),
                ('ours', models.JSONField(default=dict, help_text='What the bot had set. If it was changed since, it stays.')),
                ('wanted_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(db_index=True, help_text='When to try next; at first the same as wanted at.')),
            ],
        ),
        migrations.CreateModel(
            name='SavedSequence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Effects name it so.', max_length=60, unique=True)),
                ('effects', pixelbot_site.kit.steps_field.EffectsField(blank=True, default=list, help_text='They happen in this order, wherever the sequence is named.')),
            ],
            options={
                'verbose_name': 'saved sequence',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Sound',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, unique=True, validators=[django.core.validators.RegexValidator('^[\\w-]+\\Z', 'One word: letters, digits, - and _.')])),
                ('aliases', models.CharField(blank=True, help_text='Other names for it, separated by spaces.', max_length=200)),
                ('file', models.FileField(help_text='wav, mp3, ogg or opus.', max_length=200, upload_to='sounds')),
                ('volume', models.FloatField(default=1.0, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)])),
                ('cost', models.PositiveIntegerField(blank=True, help_text='Points. Blank: what the redeem “sound” costs.', null=True, validators=[django.core.validators.MaxValueValidator(1000000000)])),
                ('enabled', models.BooleanField(default=True, help_text="Off: viewers can't play it; effects still can.")),
                ('content_type', models.CharField(editable=False, max_length=40)),
                ('seconds', models.FloatField(default=0, editable=False)),
                ('loudness', models.FloatField(default=0, editable=False, help_text='LUFS, as measured.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Turn',
            fields=[
                ('counter', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('taken', models.PositiveBigIntegerField(default=0)),
                ('used_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='ViewerVoice',
            fields=[
                ('viewer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='voice', serialize=False, to='economy.viewer')),
                ('voice', models.CharField(max_length=200)),
            ],
            options={
                'ordering': ['viewer'],
            },
        ),
        migrations.CreateModel(
            name='WebhookTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Effects call it by this name.', max_length=60, unique=True)),
                ('url', models.CharField(help_text='One that WEBHOOK_ADDRESSES in .env allows.', max_length=500, verbose_name='address')),
                ('method', models.CharField(choices=[('POST', 'POST'), ('PUT', 'PUT'), ('GET', 'GET')], default='POST', max_length=10)),
                ('body', models.JSONField(blank=True, help_text='JSON. In its texts, words are filled in: {user}, {text}, {amount}, {action}, {item} and {at}. A text that is “{amount}” alone becomes a number. Blank: item, viewer, text and at.', null=True)),
                ('headers', models.TextField(blank=True, editable=False)),
            ],
            options={
                'verbose_name': 'webhook target',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='WheelLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('when', models.CharField(choices=[('spin', 'the wheel begins'), ('prize', 'a prize is won')], max_length=5)),
                ('text', models.CharField(help_text='{user} is filled in, and {prize} when a prize is won.', max_length=200, validators=[pixelbot_site.kit.words.KnownWords('user', 'prize')])),
                ('spoken', models.BooleanField(default=True, help_text='Spoken by the voice too. Off: only in chat.')),
                ('enabled', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='WordFilter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.CharField(help_text='A whole word, or several, in any case.', max_length=100, unique=True)),
                ('replacement', models.CharField(blank=True, help_text='Spoken and shown instead. Blank: nothing.', max_length=100)),
            ],
            options={
                'ordering': ['word'],
            },
        ),
        migrations.CreateModel(
            name='AIUsage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('span', models.CharField(max_length=10)),
                ('began', models.DateTimeField()),
                ('requests', models.PositiveIntegerField(default=0)),
                ('tokens', models.PositiveBigIntegerField(default=0, help_text='Used, or put aside for what is being asked.')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('span', 'began'), name='one_usage_of_a_span')],
            },
        ),
        migrations.CreateModel(
            name='Media',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Effects name it so.', max_length=40, unique=True, validators=[django.core.validators.RegexValidator('^[\\w-]+\\Z', 'One word: letters, digits, - and _.')])),
                ('kind', models.CharField(choices=[('png', 'PNG'), ('jpg', 'JPEG'), ('webp', 'WebP'), ('gif', 'GIF'), ('apng', 'animated PNG'), ('webm', 'WebM video'), ('mp4', 'MP4 video')], editable=False, max_length=4)),
                ('width', models.PositiveIntegerField(default=0, editable=False, help_text='Pixels. 0: not known.')),
                ('height', models.PositiveIntegerField(default=0, editable=False, help_text='Pixels. 0: not known.')),
                ('seconds', models.FloatField(editable=False, help_text='Of a video, or of an animation once. Empty: it does not move.', null=True)),
                ('size', models.PositiveIntegerField(default=0, editable=False, verbose_name='bytes')),
                ('sha256', models.CharField(editable=False, max_length=64, unique=True, verbose_name='SHA-256')),
                ('is_decoded', models.BooleanField(default=False, editable=False, help_text='A program that shows it could decode it at the upload.', verbose_name='decoded')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='uploaded at')),
                ('uploaded_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'picture or video',
                'verbose_name_plural': 'pictures and videos',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='OSCChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=200)),
                ('type', models.CharField(help_text='float, int, bool or text.', max_length=10)),
                ('value', models.CharField(blank=True, max_length=500)),
                ('back', models.CharField(blank=True, help_text='The resting value.', max_length=500)),
                ('until', models.DateTimeField()),
                ('due_at', models.DateTimeField(db_index=True, help_text='When to try next; at first the same as until.')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='effects.osctarget')),
            ],
        ),
        migrations.CreateModel(
            name='OverlayPage',
            fields=[
                ('channel', models.CharField(max_length=200, primary_key=True, serialize=False)),
                ('widget', models.CharField(blank=True, help_text='The one that it shows alone. Blank: all.', max_length=40)),
                ('in_obs', models.BooleanField(default=False, help_text='OBS shows it, not another browser.')),
                ('may_sound', models.BooleanField(default=True, help_text='Its browser lets it play sound without a click.')),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField(db_index=True)),
                ('overlay', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pages', to='effects.overlay')),
            ],
        ),
        migrations.CreateModel(
            name='Purchase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('redeem', models.CharField(blank=True, help_text="The redeem's key. Blank: an old purchase.", max_length=41)),
                ('took_stock', models.BooleanField(default=False)),
                ('cooldowns', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('refunded_at', models.DateTimeField(blank=True, null=True)),
                ('payment', models.OneToOneField(blank=True, help_text='Given back if it does not happen. Blank: it cost nothing.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='purchase', to='economy.transaction')),
                ('viewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='purchases', to='economy.viewer')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='QueueItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('lane', models.CharField(blank=True, max_length=150)),
                ('payload', models.JSONField(default=dict)),
                ('sequel', models.JSONField(blank=True, default=list)),
                ('title', models.CharField(blank=True, max_length=200)),
                ('part_of', models.CharField(blank=True, help_text='What it belongs to; the viewer reads this if it does not happen.', max_length=100)),
                ('priority', models.IntegerField(default=0, help_text='Higher ones go first.')),
                ('state', models.CharField(choices=[('waiting', 'waits for approval'), ('pending', 'Pending'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('expired', 'Expired'), ('skipped', 'Skipped'), ('cancelled', 'Cancelled')], default='pending', max_length=10)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('by', models.CharField(blank=True, help_text='The member of staff who last decided on it.', max_length=150)),
                ('tried_by', models.CharField(blank=True, help_text='The member of staff who tries it. Blank: it is no test.', max_length=150)),
                ('event', models.CharField(blank=True, help_text='The event that set it off, by its uid. Blank: none did.', max_length=100, null=True)),
                ('channel_id', models.CharField(blank=True, help_text="Joystick's id of the channel that it is for. Blank: of none.", max_length=100, null=True)),
                ('is_follow_up', models.BooleanField(help_text='It came of another item: as the next of a sequence, or by doing one again.', null=True)),
                ('is_own', models.BooleanField(editable=False, null=True)),
                ('fold_key', models.CharField(editable=False, max_length=64, null=True)),
                ('folded', models.PositiveIntegerField(editable=False, null=True)),
                ('fold', models.JSONField(editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(blank=True, help_text='It does not begin before. Blank: it is due at once.', null=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text='If it has not begun by then, it expires.', null=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('told_at', models.DateTimeField(blank=True, null=True)),
                ('received_at', models.DateTimeField(blank=True, null=True)),
                ('playing_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, db_index=True, null=True)),
                ('is_prepared', models.BooleanField(default=False, help_text='Its slow part was done while another item played.')),
                ('caption', models.TextField(blank=True, help_text='The text that the overlays show with speech.')),
                ('speech_text', models.TextField(blank=True, help_text='The text as it is spoken.')),
                ('speech_file', models.CharField(blank=True, help_text='Blank: there is no WAV (any more).', max_length=200)),
                ('speech_seconds', models.FloatField(default=0)),
                ('is_spoken_by_page', models.BooleanField(default=False, help_text="The overlay's browser speaks.")),
                ('saved_path', models.TextField(blank=True, help_text='Where OBS saved the clip or the recording.')),
                ('overlay_message', models.JSONField(blank=True, default=dict)),
                ('overlay_seconds', models.FloatField(default=0, help_text='How long the overlays need for it.')),
                ('purchase', models.ForeignKey(blank=True, help_text='The purchase it belongs to. Blank: nobody bought it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='effects.purchase')),
                ('viewer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='queue_items', to='economy.viewer')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Deed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.CharField(max_length=150)),
                ('what', models.CharField(max_length=100)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deeds', to='effects.queueitem')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='SpeechSource',
            fields=[
                ('name', models.CharField(help_text='redeem, level, tip, wheel or system.', max_length=20, primary_key=True, serialize=False)),
                ('prefix', models.CharField(blank=True, help_text='Spoken before the text; {user} is filled in.', max_length=100)),
                ('silent', models.BooleanField(default=False, verbose_name='no sound before it')),
                ('pre_sound', models.ForeignKey(blank=True, help_text='Blank: the one of the settings.', null=True, on_delete=django.db.models.deletion.SET_NULL, to='effects.sound')),
            ],
            options={
                'verbose_name': 'how speech begins',
                'verbose_name_plural': 'how speech begins',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Spin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('prize_name', models.CharField(max_length=60)),
                ('odds', models.JSONField()),
                ('effects', models.JSONField(blank=True, default=list)),
                ('line', models.CharField(blank=True, max_length=200)),
                ('drawn_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('paid_at', models.DateTimeField(blank=True, null=True)),
                ('item', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='spin', to='effects.queueitem')),
                ('prize', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='spins', to='effects.prize')),
                ('viewer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='spins', to='economy.viewer')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='OverlayWidget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('name', models.SlugField(help_text="Its address below the overlay's, to show it alone.", max_length=40)),
                ('enabled', models.BooleanField(default=True, verbose_name='shown')),
                ('x', models.FloatField(default=0, help_text="Percent of the overlay's width, from the left.", validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)])),
                ('y', models.FloatField(default=0, help_text="Percent of the overlay's height, from the top.", validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)])),
                ('width', models.FloatField(default=100, help_text="Percent of the overlay's width.", validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)])),
                ('height', models.FloatField(default=100, help_text="Percent of the overlay's height.", validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)])),
                ('order', models.SmallIntegerField(default=0, help_text='Higher ones cover lower ones.')),
                ('scale', models.FloatField(default=1, help_text='The size of what is in it, of its letters too: 1 is as designed.', validators=[django.core.validators.MinValueValidator(0.25), django.core.validators.MaxValueValidator(4)])),
                ('options', models.JSONField(blank=True, default=dict)),
                ('overlay', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='widgets', to='effects.overlay')),
            ],
            options={
                'verbose_name': 'widget',
                'ordering': ['order', 'id'],
                'constraints': [models.UniqueConstraint(fields=('overlay', 'name'), name='one_widget_of_a_name_in_an_overlay')],
            },
        ),
        migrations.AddIndex(
            model_name='purchase',
            index=models.Index(fields=['redeem', 'created_at'], name='purchase_redeem'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(fields=['lane', 'state', '-priority', 'id'], name='queue_next'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'pending'])), fields=['expires_at'], name='queue_stale'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(condition=models.Q(('due_at__isnull', False), ('state', 'pending')), fields=['due_at'], name='queue_due'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(condition=models.Q(('fold_key__isnull', False)), fields=['fold_key'], name='queue_fold'),
        ),
        migrations.AddIndex(
            model_name='queueitem',
            index=models.Index(condition=models.Q(('event__isnull', False)), fields=['event'], name='queue_of_event'),
        ),
        migrations.AddConstraint(
            model_name='queueitem',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'running'), models.Q(('lane', ''), _negated=True)), fields=('lane',), name='one_running_item_in_a_lane'),
        ),
    ]
