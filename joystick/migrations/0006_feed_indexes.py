from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('joystick', '0005_fill_viewer_keys'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='inboundevent',
            index=models.Index(condition=models.Q(('viewer_key__isnull', False)), fields=['viewer_key', 'id'], name='event_of_viewer'),
        ),
        migrations.AddIndex(
            model_name='inboundevent',
            index=models.Index(condition=models.Q(('state', 'failed')), fields=['id'], name='event_failed'),
        ),
        migrations.AddIndex(
            model_name='inboundevent',
            index=models.Index(condition=models.Q(('state', 'unreadable')), fields=['id'], name='event_unreadable'),
        ),
    ]
