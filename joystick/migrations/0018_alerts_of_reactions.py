from django.db import migrations

# The rows of a first start, by occasion, lines and what is spoken: the alert that they show from now on.
THANKS = "Thank you for {tokens} tokens, {user}!"
TIPPED = "*{user}* tipped *{tokens} tokens*"
ALERTS = {
    ("follow", "Welcome, {user}, and thank you for following!", ""): (
        "toast", "*{user}* is following now", "Welcome!",
    ),
    ("subscribe", "Thank you for subscribing, {user}!", "{user} subscribed. Thank you!"): (
        "card", "*{user}* subscribed!", "Thank you!",
    ),
    ("resubscribe", "Thank you for staying, {user}!", "{user} subscribed again. Thank you!"): (
        "card", "*{user}* subscribed again!", "Thank you for staying!",
    ),
    ("gift", "{user} gave away {count} subscriptions. Thank you!", "{user} gave away {count} subscriptions!"): (
        "ribbon", "*{user}* gave away {count} subscriptions!", "Thank you!",
    ),
    (
        "raid",
        "{user} drops in with {viewers} viewers: welcome, everybody! Have a look at {user}'s channel, too.",
        "{user} drops in with {viewers} viewers. Welcome!",
    ): ("banner", "*{user}* drops in with {viewers} viewers", "Welcome, everybody!"),
    ("tip", "", ""): ("toast", TIPPED, ""),
    ("tip", THANKS, ""): ("toast", TIPPED, "Thank you!"),
    ("tip", THANKS, "{user} tipped {tokens} tokens!"): ("card", TIPPED, "Thank you!"),
    ("tip", "Wow, {tokens} tokens! Thank you, {user}!", "Wow! {user} tipped {tokens} tokens!"): (
        "ribbon", f"{TIPPED}!", "Wow! Thank you!",
    ),
    ("tip", "{tokens} tokens! Thank you, {user}!", "Incredible! {user} tipped {tokens} tokens!"): (
        "words", f"{TIPPED}!", "Incredible! Thank you!",
    ),
}
# What nobody has set of these rows.
UNSET = {"subject": "", "role": 0, "min_level": 0, "chance": 100, "cooldown_seconds": 0, "enabled": True}


def step_of(design, text, detail):
    step = {"kind": "alert", "text": text, "design": design}
    if detail:
        step["detail"] = detail
    if design == "toast":
        step["seconds"] = 4
    return step


def show_alerts(apps, schema_editor):
    """Rows that stand as they were made at a first start show an alert: the overlay's corner leaves out their events."""
    widgets = apps.get_model("effects", "OverlayWidget").objects.filter(enabled=True)
    boxes = widgets.filter(kind="alert").values("overlay")
    if widgets.filter(kind="events").exclude(overlay__in=boxes).exists():
        return  # an overlay that shows events in its corner has no place for alerts: it would show neither
    rows = apps.get_model("joystick", "Reaction").objects
    for row in rows.filter(occasion__in={occasion for occasion, _, _ in ALERTS}, **UNSET):
        source = "tip" if row.occasion == "tip" else "system"
        spoken = row.effects[0].get("text", "") if row.effects else ""
        as_made = [{"kind": "speak", "text": spoken, "source": source}] if spoken else []
        alert = ALERTS.get((row.occasion, row.lines, spoken))
        # Of the rows for tips, the one that says nothing was the first; one of another place was emptied by somebody.
        is_emptied = row.occasion == "tip" and not row.lines and (row.least is not None or row.most is None)
        if alert is not None and row.effects == as_made and not is_emptied:
            rows.filter(pk=row.pk).update(effects=[step_of(*alert), *as_made])


class Migration(migrations.Migration):

    dependencies = [
        ('joystick', '0017_always_shout_out'),
        ('effects', '0026_alerts_in_a_lane'),
    ]

    operations = [
        # An earlier version knows alerts, though not their designs: on the way back the rows stay as they are.
        migrations.RunPython(show_alerts, migrations.RunPython.noop),
    ]
