from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('joystick', '0006_feed_indexes'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='try_at',
            field=models.DateTimeField(blank=True, help_text='When staff asked for an attempt.', null=True),
        ),
        migrations.AddField(
            model_name='connection',
            name='unsaid',
            field=models.PositiveIntegerField(default=0, help_text='Lines that chat had no room for, on that day.'),
        ),
        migrations.AddField(
            model_name='connection',
            name='unsaid_on',
            field=models.DateField(blank=True, null=True),
        ),
    ]
