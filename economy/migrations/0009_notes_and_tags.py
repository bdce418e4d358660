from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('economy', '0008_given_rewards'),
    ]

    operations = [
        migrations.AddField(
            model_name='viewer',
            name='notes',
            field=models.TextField(blank=True, help_text='Only staff see them.', max_length=5000),
        ),
        migrations.AddField(
            model_name='viewer',
            name='tags',
            field=models.TextField(blank=True, help_text='Words to find the viewer by, separated by commas.'),
        ),
        migrations.AddIndex(
            model_name='viewer',
            index=models.Index(condition=models.Q(('tags__gt', '')), fields=['-last_seen_at'], name='viewer_tagged'),
        ),
    ]
