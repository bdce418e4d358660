"""The page of what staff did: everything is on it, newest first, and a forgotten viewer's name is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client

from economy.models import Batch, Merge, Transaction, Viewer
from effects.models import Deed, QueueItem
from effects.queue import control
from pixelbot_site.models import ApiToken
from redeems.models import Redeem
from tests.logins.rows import make_rows

pytestmark = pytest.mark.django_db

PAGE = "/admin/admin/logentry/"


@pytest.fixture
def rows(settings: Any) -> dict[str, Model]:
    settings.OBS_ENABLED = False
    made = make_rows()
    LogEntry.objects.all().delete()
    return made


@pytest.fixture
def fox(rows: dict[str, Model]) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="fox"))
    return client


def lines(page: str) -> list[tuple[str, ...]]:
    """Return who, what and on what of each line."""
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in table.split("<tr>")[1:]]
    return [tuple(re.sub(r"<[^>]+>", "", cell).strip() for cell in row[1:]) for row in cells]


def test_the_dashboards_changes_and_the_queues_deeds_are_one_list_newest_first(
    fox: Client, rows: dict[str, Any]
) -> None:
    fox.post("/admin/effects/wordfilter/add/", {"word": "heck", "replacement": "dear"})
    control.requeue(rows["effects.queueitem"], by="ann")
    fox.post("/admin/effects/queueitem/lane/tts/pause/")
    page = fox.get(PAGE).text
    first, second = QueueItem.objects.order_by("pk")
    assert lines(page) == [
        ("fox", "Pause: the lane tts.", "queue item"),
        ("ann", f"Done again, from {first.pk}.", f"queue item: {second}"),
        ("ann", f"Done again, as {second.pk}.", f"queue item: {first}"),
        ("fox", "Added.", "word filter: heck"),
    ]
    assert f'<a href="/admin/effects/queueitem/{first.pk}/change/">' in page
    assert re.search(r'<a href="/admin/effects/wordfilter/\d+/change/">heck', page)


def test_one_can_look_for_who_did_it(fox: Client, rows: dict[str, Any]) -> None:
    fox.post("/admin/effects/queueitem/lane/tts/pause/")
    Deed.objects.create(item=rows["effects.queueitem"], by="Ann", what="it was approved")
    assert [who for who, *_ in lines(fox.get(f"{PAGE}?who=an").text)] == ["Ann"]
    assert [who for who, *_ in lines(fox.get(f"{PAGE}?who=FOX").text)] == ["fox"]
    page = fox.get(PAGE, {"who": '"><script>x\x00'}).text
    assert "There is nothing by that name." in page and "<script>x" not in page


def test_older_pages_bring_each_line_once(fox: Client, rows: dict[str, Any]) -> None:
    for number in range(60):
        for _ in range(2 if number < 20 else 1):
            Deed.objects.create(item=rows["effects.queueitem"], by="ann", what=f"deed {number}")
        LogEntry.objects.create(user=User.objects.get(), action_flag=2, change_message=f"entry {number}")
    seen: list[str] = []
    address = PAGE
    while address:
        assert len(seen) <= 140  # else it goes round in a circle
        page = fox.get(address).text
        assert len(lines(page)) <= 50
        seen += [what for _, what, _ in lines(page)]
        found = re.search(r'<a href="(\?[^"]+)">Older', page)
        address = PAGE + found[1].replace("&amp;", "&") if found else ""
    numbers = [int(re.findall(r"\d+", what)[0]) for what in seen]
    assert len(seen) == 140 and numbers == sorted(numbers, reverse=True)
    assert fox.get(f"{PAGE}?entries=x&deeds=99999999999999999999").status_code == 200


def test_there_are_links_only_to_what_the_reader_may_see(fox: Client, rows: dict[str, Any]) -> None:
    fox.post("/admin/effects/wordfilter/add/", {"word": "heck", "replacement": "dear"})
    Deed.objects.create(item=rows["effects.queueitem"], by="ann", what="it was approved")
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_logentry"))
    client = Client()
    client.force_login(reader)
    page = client.get(PAGE).text.partition("<tbody>")[2]
    assert "heck" in page and "/change/" not in page


# What is pressed on a page, and the line that it leaves.
PRESSED: list[tuple[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]], str]] = [
    ("forget", lambda rows: chosen("economy/viewer", "forget", rows["economy.viewer"], sure="yes"), "Forget: take name and words"),
    ("undo", lambda rows: chosen("economy/merge", "undo", Merge.objects.get()), "Undo."),
    ("reverse", lambda rows: chosen("economy/transaction", "reverse", Transaction.objects.get()), "Reverse."),
    ("revoke", lambda rows: chosen("pixelbot_site/apitoken", "revoke", ApiToken.objects.get()), "Revoke."),
    ("change address", lambda rows: chosen("effects/overlay", "change_address", rows["effects.overlay"]), "Change the address (the old one stops working)."),
    ("roll credits", lambda rows: chosen("effects/overlay", "roll_credits", rows["effects.overlay"]), "Roll the credits of this stream."),
    ("run", lambda rows: (f"economy/batch/{Batch.objects.get().pk}/run/", {}), "Run."),
    ("use", lambda rows: (f"redeems/redeem/{Redeem.objects.get().pk}/use/", {"viewer": "Bob"}), "Used for a viewer: queue item"),
    ("panic", lambda rows: ("effects/queueitem/panic/", {}), "Stopped everything."),
    ("go on", lambda rows: ("effects/queueitem/calm/", {}), "Went on after everything was stopped."),
    ("clear", lambda rows: ("effects/queueitem/lane/tts/clear/", {}), "Clear: the lane tts."),
    ("try now", lambda rows: ("joystick/install/try/", {}), "Had a refused connection tried again."),
    ("disconnect", lambda rows: (f"joystick/install/{rows['joystick.install'].pk}/disconnect/", {}), "Disconnected."),
    ("back up", lambda rows: ("backups/", {}), "Had a backup made."),
]  # fmt: skip


def chosen(page: str, action: str, row: Model, **more: str) -> tuple[str, dict[str, Any]]:
    return f"{page}/", {"action": action, "_selected_action": row.pk, **more}


@pytest.mark.parametrize(("press", "line"), [case[1:] for case in PRESSED], ids=[case[0] for case in PRESSED])
def test_what_actions_and_buttons_do_is_on_the_page(
    fox: Client, rows: dict[str, Any], monkeypatch: pytest.MonkeyPatch, press: Any, line: str
) -> None:
    monkeypatch.setattr("pixelbot_site.celery.app.send_task", lambda *_, **__: None)  # no worker runs here
    address, form = press(rows)
    assert fox.post(f"/admin/{address}", form).status_code == 302
    (who, what, on) = lines(fox.get(PAGE).text)[0]
    assert who == "fox" and what.startswith(line) and "Bob" not in on


def test_an_action_that_only_leads_to_a_form_leaves_no_line(fox: Client, rows: dict[str, Any]) -> None:
    address, form = chosen("economy/viewer", "change_balances", rows["economy.viewer"])
    assert "batch/add" in fox.post(f"/admin/{address}", form)["Location"]
    assert not LogEntry.objects.exists()


def test_a_forgotten_viewers_name_is_on_no_line(fox: Client, rows: dict[str, Any]) -> None:
    bob = Viewer.objects.get(key="bob")
    item = QueueItem.objects.get()
    QueueItem.objects.filter(pk=item.pk).update(title="hello from Bob")
    Deed.objects.create(item=item, by="Bob", what="it was approved")  # as a moderator in chat
    fox.post(f"/admin/economy/viewer/{bob.pk}/change/", {"username": "Bob", "excluded": "on"})
    voice = f"/admin/effects/viewervoice/{bob.pk}/"
    fox.post(f"{voice}change/", {"viewer": bob.pk, "voice": "Ben"})
    fox.post(f"{voice}delete/", {"post": "yes"})
    fox.post(f"/admin/redeems/redeem/{Redeem.objects.get().pk}/use/", {"viewer": "Bob"})
    assert "Bob" in fox.get(PAGE).text
    address, form = chosen("economy/viewer", "forget", bob, sure="yes")
    fox.post(f"/admin/{address}", form)
    page = fox.get(PAGE).text
    assert len(lines(page)) == 6 and "bob" not in page.casefold()
    assert "bob" not in str(list(LogEntry.objects.values())).casefold()


def test_the_index_names_the_page(fox: Client) -> None:
    assert re.search(r'<a href="/admin/admin/logentry/"[^>]*>What staff did</a>', fox.get("/admin/").text)


def test_a_login_that_did_something_is_not_deleted_but_its_page_says_what_to_do(fox: Client) -> None:
    ann = User.objects.create_user("ann", password="x")
    LogEntry.objects.create(user=ann, content_type=None, object_repr="x", action_flag=CHANGE)
    single = fox.get(f"/admin/auth/user/{ann.pk}/delete/").text
    several = fox.post("/admin/auth/user/", {"action": "delete_selected", "_selected_action": ann.pk}).text
    for page in (single, several):
        assert "Untick <i>Active</i> on its page instead" in page
