from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('effects', '0006_carry_over_results'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='queueitem',
            name='queue_redeem',
        ),
        migrations.RemoveField(
            model_name='queueitem',
            name='payment',
        ),
        migrations.RemoveField(
            model_name='queueitem',
            name='redeem',
        ),
        migrations.RemoveField(
            model_name='queueitem',
            name='result',
        ),
    ]
