from django.db import migrations


class Migration(migrations.Migration):
    # By itself: PostgreSQL changes no table that rows of the same transaction refer to.

    dependencies = [
        ('effects', '0016_overlay_widgets'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='overlay',
            name='shows_alerts',
        ),
    ]
