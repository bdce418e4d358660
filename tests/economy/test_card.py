"""A viewer's card in the dashboard: what it shows to whom, its form, its buttons, and the search that leads there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from economy.ledger import audit, points, xp
from economy.ledger.accounts import MAX_BALANCE
from economy.models import XP, Item, Points, Presence, Transaction, Viewer, XPTransaction
from economy.viewers import inventory, merging, people
from effects.models import Purchase, QueueItem, State
from tests.threads import at_once

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]
MAX_QUERIES = 15
HOSTILE = '"><img src=x onerror=alert(1)>\u202e'


def address(viewer: Viewer) -> str:
    return f"/admin/economy/viewer/{viewer.pk}/change/"


def by_hand(
    amount: object, *, currency: str = "points", reason: str = "Won a game", key: object = ""
) -> dict[str, Any]:
    return {"amount": amount, "reason": reason, "currency": currency, "by_hand_key": key or uuid4()}


def staff(*permissions: str) -> Client:
    """Log in a member of staff who has these permissions."""
    user = get_user_model().objects.create_user("mo", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def card_of(page: Any) -> str:
    """Return the card's text, without markup."""
    (card,) = re.findall(r'<section id="card".*?</section>', page.text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", card).split())


class TestWhatItShows:
    """Name, badges, level, balance, presence, items, notes, tags, receipts."""

    def test_a_viewer_with_everything(self, admin_client: Client, viewer: Make) -> None:
        bob, ann = viewer("Bob", points=100), viewer("Ann")
        xp.adjust(bob, 150, source="chat", reference="x")
        points.transfer(bob, ann, 30, source="give", reference="g")
        points.adjust(bob, 7, source="moderator", reference="m", moderator=ann)
        Viewer.objects.filter(pk=bob.pk).update(
            is_moderator=True, excluded=True, notes="Likes cats.", tags="artist, a & b"
        )
        Item.objects.create(key="hat", name="Hat")
        inventory.give(bob, "hat", 2, reference="h")
        now = timezone.now()
        Presence.objects.create(viewer=bob, since=now - timedelta(hours=1), until=now + timedelta(minutes=5))
        page = admin_client.get(address(bob))
        card = card_of(page)
        for words in (
            "moderator excluded from rewards # artist # a &amp; b",
            "Points 77 Level 2 50 of 348 XP XP 150",
            f"Here since {timezone.localtime(now - timedelta(hours=1)):%H:%M}",
            "2 × Hat",
            "Notes Likes cats.",
            "-30 points Given to Ann",
            "+7 points By a moderator in chat Ann",
            "+150 XP Chat",
            "+100 points test",
        ):
            assert words in card, words
        assert '<progress max="348" value="50"' in page.text
        assert "?tag=a%20%26%20b" in page.text

    def test_who_is_gone_was_seen_last_and_has_no_lease(self, admin_client: Client, viewer: Make) -> None:
        bob = viewer("Bob")
        Presence.objects.create(viewer=bob, since=timezone.now(), until=timezone.now() - timedelta(seconds=1))
        card = card_of(admin_client.get(address(bob)))
        assert "Last seen" in card and "Here since" not in card

    def test_who_was_merged_is_called_a_part_of_the_other(self, admin_client: Client, viewer: Make) -> None:
        bob, new = viewer("Bob"), viewer("New")
        merging.merge(bob, new)
        page = admin_client.get(address(bob))
        assert "This viewer is a part of New now." in card_of(page)
        assert 'id="by-hand"' not in page.text

    def test_the_newest_rows_come_first_and_only_some(self, admin_client: Client, viewer: Make) -> None:
        bob = viewer("Bob")
        for number in range(30):
            points.grant(bob, number + 1, source="tip", reference=f"t:{number}")
        card = card_of(admin_client.get(address(bob)))
        assert card.index("+30 points") < card.index("+29 points")
        assert "+16 points" in card and "+15 points" not in card

    def test_names_and_words_of_others_are_escaped_and_isolated(self, admin_client: Client, viewer: Make) -> None:
        bob, other = viewer(f"b{HOSTILE}"), viewer(f"o{HOSTILE}", points=50)
        points.transfer(other, bob, 5, source="give", reference="g")
        points.grant(bob, 1, source=HOSTILE, reference="s", reason=HOSTILE)
        Viewer.objects.filter(pk=bob.pk).update(notes=HOSTILE, tags=HOSTILE)
        paid = points.spend(bob, 1, source="redeem", reference="p", reason=HOSTILE)
        Purchase.objects.create(viewer=bob, redeem="tts", payment=paid)
        page = admin_client.get(address(bob)).text
        assert "<img src=x" not in page
        shown = page.partition('<section id="card"')[2].partition("</section>")[0]
        assert shown.count("onerror") >= 6
        for text in re.split(r"<bdi>.*?</bdi>|<[^>]+>", shown, flags=re.DOTALL):
            assert "onerror" not in text, text
        answer = admin_client.post(address(bob), by_hand(5), follow=True).text
        assert "<img src=x" not in answer and "<bdi>b&quot;&gt;" in answer


@pytest.fixture
def rich(viewer: Make) -> Viewer:
    """Return a viewer with much history of every kind, some of it reversed, some with others."""
    bob, ann = viewer("Bob", points=100_000), viewer("Ann", points=500)
    Viewer.objects.filter(pk=bob.pk).update(is_follower=True, is_subscriber=True, notes="x" * 900, tags="artist, vip")
    for number in range(60):
        given = points.grant(bob, 5, source="tip", reference=f"t:{number}")
        points.transfer(ann, bob, 1, source="give", reference=f"g:{number}")
        earned = xp.adjust(bob, 10, source="chat", reference=f"x:{number}")
        if number % 3 == 0:
            points.reverse(given, by="fox")
            xp.reverse(earned, by="fox")
        item = Item.objects.create(key=f"item{number}", name=f"Item {number}")
        inventory.give(bob, item.key, 1, reference=f"i:{number}")
        paid = points.spend(bob, 25, source="redeem", reference=f"r:{number}", reason="Text to speech")
        bought = Purchase.objects.create(viewer=bob, redeem="tts", payment=paid)
        for state in (State.DONE, State.FAILED, State.WAITING):
            QueueItem.objects.create(kind="speak", lane="tts", viewer=bob, purchase=bought, state=state)
    Presence.objects.create(viewer=bob, until=timezone.now() + timedelta(minutes=5))
    return bob


def test_the_page_takes_few_queries_however_much_there_is(
    admin_client: Client, rich: Viewer, capsys: pytest.CaptureFixture[str]
) -> None:
    admin_client.get(address(rich))  # what Django reads once in a process, and the red lines, once in three seconds
    with CaptureQueriesContext(connection) as asked:
        page = admin_client.get(address(rich))
    for words in ("Text to speech", "Item 59", "reversed", "+10 XP"):
        assert words in page.text
    with capsys.disabled():
        print(f"the card: {len(asked)} queries")
    assert len(asked) <= MAX_QUERIES, [query["sql"][:120] for query in asked]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan")
def test_each_query_of_the_card_goes_by_an_index(admin_client: Client, rich: Viewer) -> None:
    with CaptureQueriesContext(connection) as asked:
        admin_client.get(address(rich))
    plans = []
    for query in asked:
        if "economy_" in query["sql"] or "effects_purchase" in query["sql"]:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                plans += [row[3] for row in cursor.fetchall()]
    assert any("transaction_of_viewer" in step for step in plans)
    assert any("xp_transaction_of_viewer" in step for step in plans)
    whole = (
        "SCAN economy_viewer",
        "SCAN economy_transaction",
        "SCAN economy_xptransaction",
        "SCAN effects_",
        "SCAN U0",
    )
    assert [step for step in plans if step.startswith(whole)] == []


class TestGivingAndTaking:
    """The form of the card."""

    @pytest.mark.parametrize(("currency", "amount", "points_then", "xp_then"), [
        ("points", 500, 530, 0), ("points", -30, 0, 0), ("xp", 150, 30, 150),
    ])  # fmt: skip
    def test_one_press_changes_the_balance_and_writes_a_row(
        self, admin_client: Client, viewer: Make, currency: str, amount: int, points_then: int, xp_then: int
    ) -> None:
        bob = viewer("Bob", points=30)
        page = admin_client.post(address(bob), by_hand(amount, currency=currency), follow=True)
        held = f"{xp_then} XP" if currency == "xp" else f"{points_then} points"
        assert f"<bdi>Bob</bdi> now has {held}." in page.text
        assert Points.objects.get(viewer=bob).balance == points_then
        assert XP.objects.get(viewer=bob).total == xp_then
        model = XPTransaction if currency == "xp" else Transaction
        row = model._default_manager.latest("pk")
        assert (row.delta, row.source, row.reason, row.by) == (amount, "dashboard", "Won a game", "admin")
        assert list(audit.findings()) == []

    @pytest.mark.parametrize(("form", "sentence"), [
        (by_hand(-31), "Only 30 points can be taken."),
        (by_hand(MAX_BALANCE), f"Nobody can have more than {MAX_BALANCE} points."),
        (by_hand(-6, currency="xp"), "Only 5 XP can be taken."),
        (by_hand(MAX_BALANCE, currency="xp"), f"Nobody can have more than {MAX_BALANCE} XP."),
        (by_hand(0), "Write how many to give, or to take with a minus."),
        (by_hand(""), "This field is required."),
        (by_hand("many"), "Enter a whole number."),
        (by_hand(10**30), "Ensure this value is less than"),
        (by_hand(5, reason=" "), "This field is required."),
        (by_hand(5, reason="x" * 201), "at most 200 characters"),
        (by_hand(5, currency="gold"), "Select a valid choice."),
        (by_hand(5, key="no key"), "Enter a valid UUID."),
    ])  # fmt: skip
    def test_a_refusal_stands_beside_what_was_typed_and_nothing_changes(
        self, admin_client: Client, viewer: Make, form: dict[str, Any], sentence: str
    ) -> None:
        bob = viewer("Bob", points=30)
        xp.adjust(bob, 5, source="test", reference="x")
        page = admin_client.post(address(bob), form)
        alert = page.text.partition('role="alert"')[2].partition("</form>")[0]
        assert sentence in alert
        typed = page.text.partition('id="by-hand"')[2]
        assert f'value="{form["amount"]}"' in typed and f'value="{form["reason"]}"' in typed
        assert (Points.objects.get(viewer=bob).balance, XP.objects.get(viewer=bob).total) == (30, 5)

    def test_the_same_press_again_pays_nothing_and_another_amount_pays(
        self, admin_client: Client, viewer: Make
    ) -> None:
        bob = viewer("Bob", points=30)
        key = uuid4()
        for _ in range(2):
            page = admin_client.post(address(bob), by_hand(-30, key=key), follow=True)
            assert "now has 0 points." in page.text
        admin_client.post(address(bob), by_hand(40, key=key))
        assert Points.objects.get(viewer=bob).balance == 40

    def test_a_page_offers_a_key_of_its_own(self, admin_client: Client, viewer: Make) -> None:
        bob = viewer("Bob")
        keys = {re.findall(r'name="by_hand_key" value="([^"]+)"', admin_client.get(address(bob)).text)[0] for _ in "12"}
        assert len(keys) == 2

    def test_what_is_meant_for_one_who_was_merged_meanwhile_reaches_the_other(
        self, admin_client: Client, viewer: Make
    ) -> None:
        bob, new = viewer("Bob"), viewer("New")
        merging.merge(bob, new)
        page = admin_client.post(address(bob), by_hand(5), follow=True)
        assert "<bdi>New</bdi> now has 5 points." in page.text

    def test_the_pages_own_form_is_saved_beside_it(self, admin_client: Client, viewer: Make) -> None:
        bob = viewer("Bob", points=30)
        form = {"username": "Bob", "excluded": "unknown", "notes": "Likes cats.", "tags": ""}
        admin_client.post(address(bob), form)
        assert Viewer.objects.get(pk=bob.pk).notes == "Likes cats."


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("amount", [500, -30])
def test_a_double_click_pays_once(viewer: Make, amount: int) -> None:
    user = get_user_model().objects.create_superuser("fox", password="x")
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(user)
    bob = viewer("Bob", points=30)
    form = by_hand(amount)
    answers = at_once(2, lambda number: clients[number].post(address(bob), form).status_code)
    assert answers == [302, 302]
    assert Points.objects.get(viewer=bob).balance == 30 + amount
    assert Transaction.objects.filter(source="dashboard").count() == 1


class TestReversing:
    """The buttons of the receipts."""

    def press(self, client: Client, row: Transaction | XPTransaction) -> Any:
        currency = "points" if isinstance(row, Transaction) else "xp"
        return client.post(f"/admin/economy/viewer/{row.viewer_id}/reverse/{currency}/{row.pk}/", follow=True)

    def test_points_are_taken_back_once_and_the_card_says_so(self, admin_client: Client, viewer: Make) -> None:
        bob = viewer("Bob", points=30)
        row = Transaction.objects.get()
        button = f"/admin/economy/viewer/{bob.pk}/reverse/points/{row.pk}/"
        assert button in admin_client.get(address(bob)).text
        for _ in range(2):
            page = self.press(admin_client, row)
            card = card_of(page)
            assert button not in page.text
            assert "reversed" in card and "Reversal of test admin" in card and "Points 0" in card
        assert Transaction.objects.count() == 2
        assert list(audit.findings()) == []

    def test_xp_is_taken_back_once_and_the_card_says_so(self, admin_client: Client, viewer: Make) -> None:
        bob = viewer("Bob")
        row = xp.adjust(bob, 150, source="tip", reference="x")
        for _ in range(2):
            card = card_of(self.press(admin_client, row))
            assert "+150 XP Tip reversed" in card and "-150 XP Reversed: tip admin" in card
        assert list(XPTransaction.objects.order_by("pk").values_list("delta", flat=True)) == [150, -150]
        assert XP.objects.get(viewer=bob).level == 1
        assert list(audit.findings()) == []

    @pytest.mark.parametrize("source", ["merge", "batch", "reversal"])
    def test_what_is_undone_as_a_whole_has_no_button(self, admin_client: Client, viewer: Make, source: str) -> None:
        row = xp.adjust(viewer("Bob"), 150, source=source, reference="x")
        assert "/reverse/" not in admin_client.get(address(row.viewer)).text
        assert "be reversed" in self.press(admin_client, row).text
        assert XPTransaction.objects.count() == 1

    def test_what_was_spent_is_not_taken_back(self, admin_client: Client, viewer: Make) -> None:
        bob = viewer("Bob", points=30)
        points.spend(bob, 20, source="redeem", reference="r")
        page = self.press(admin_client, Transaction.objects.earliest("pk"))
        assert "you need 20 more points" in page.text
        assert Points.objects.get(viewer=bob).balance == 10

    def test_the_row_of_another_viewer_is_not_found(self, admin_client: Client, viewer: Make) -> None:
        viewer("Bob", points=30)
        row = Transaction.objects.get()
        ann = viewer("Ann")
        for path in (f"{ann.pk}/reverse/points/{row.pk}/", f"{row.viewer_id}/reverse/gold/{row.pk}/"):
            assert admin_client.post(f"/admin/economy/viewer/{path}").status_code == 404
        assert Transaction.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_who_reverse_xp_at_once_take_it_once(viewer: Make) -> None:
    bob = viewer("Bob")
    row = xp.adjust(bob, 150, source="tip", reference="x")
    xp.adjust(bob, 500, source="tip", reference="y")
    results = at_once(8, lambda number: xp.reverse(row, by=f"mo{number}"))
    assert {getattr(result, "reference", result) for result in results} == {f"reversal:{row.pk}"}
    assert XP.objects.get(viewer=bob).total == 500


class TestWhoMay:
    """Staff see and press what their permissions allow."""

    def test_who_may_see_viewers_sees_figures_and_neither_ledgers_nor_forms(self, rich: Viewer) -> None:
        page = staff("view_viewer").get(address(rich))
        assert "Points" in card_of(page)
        for words in ('id="by-hand"', 'id="receipts"', 'id="purchases"', "/reverse/", "/give-back/"):
            assert words not in page.text, words

    @pytest.mark.parametrize(
        ("permission", "shown", "hidden"),
        [
            ("view_transaction", "+5 points", "+10 XP"),
            ("view_xptransaction", "+10 XP", "+5 points"),
            ("view_queueitem", "Text to speech", "+5 points"),
        ],
    )
    def test_each_part_asks_for_the_permission_of_its_own_page(
        self, rich: Viewer, permission: str, shown: str, hidden: str
    ) -> None:
        page = staff("view_viewer", permission).get(address(rich))
        assert shown in card_of(page) and hidden not in card_of(page)
        assert "/reverse/" not in page.text and "/give-back/" not in page.text

    def test_nothing_is_changed_without_the_permission(self, viewer: Make) -> None:
        bob = viewer("Bob", points=30)
        row = Transaction.objects.get()
        client = staff("view_viewer", "change_viewer", "view_transaction", "change_transaction")
        assert client.post(address(bob), by_hand(5)).status_code == 403
        assert client.post(f"/admin/economy/viewer/{bob.pk}/reverse/points/{row.pk}/").status_code == 403
        assert Transaction.objects.count() == 1

    def test_the_permission_for_balances_is_enough_to_give(self, viewer: Make) -> None:
        bob = viewer("Bob", points=30)
        client = staff("view_viewer", "change_points")
        assert 'id="by-hand"' in client.get(address(bob)).text
        client.post(address(bob), by_hand(5))
        assert Points.objects.get(viewer=bob).balance == 35
        assert "Only 35 points can be taken" in client.post(address(bob), by_hand(-36)).text

    def test_a_link_reverses_nothing(self, admin_client: Client, viewer: Make) -> None:
        bob = viewer("Bob", points=30)
        row = Transaction.objects.get()
        assert admin_client.get(f"/admin/economy/viewer/{bob.pk}/reverse/points/{row.pk}/").status_code == 403
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(get_user_model().objects.get(username="admin"))
        assert strict.post(f"/admin/economy/viewer/{bob.pk}/reverse/points/{row.pk}/").status_code == 403
        assert strict.post(address(bob), by_hand(5)).status_code == 403


class TestSearch:
    """The field in every page's header."""

    @pytest.mark.parametrize("name", ["Bob", " bOB ", "@bob"])
    def test_a_name_leads_to_the_card(self, admin_client: Client, viewer: Make, name: str) -> None:
        bob = viewer("Bob")
        viewer("Bobby")
        answer = admin_client.get("/admin/economy/viewer/find/", {"q": name})
        assert answer["Location"] == address(bob)

    @pytest.mark.parametrize(("typed", "found"), [("bo", ["Bob", "Bobby"]), ("x&y", []), ("#vip", ["Bobby"])])
    def test_anything_else_leads_to_the_list(
        self, admin_client: Client, viewer: Make, typed: str, found: list[str]
    ) -> None:
        viewer("Bob")
        Viewer.objects.filter(pk=viewer("Bobby").pk).update(tags="vip")
        page = admin_client.get("/admin/economy/viewer/find/", {"q": typed}, follow=True)
        assert [row.username for row in page.context["cl"].result_list] == found

    @pytest.mark.parametrize("typed", ["", "\0", "x" * 5000, "\u202e"])
    def test_nonsense_leads_to_the_list(self, admin_client: Client, typed: str) -> None:
        answer = admin_client.get("/admin/economy/viewer/find/", {"q": typed}, follow=True)
        assert answer.redirect_chain[-1][0].startswith("/admin/economy/viewer/?")
        assert answer.status_code == 200

    @pytest.mark.parametrize("path", ["", "economy/viewer/", "effects/queueitem/", "backups/", "password_change/"])
    def test_it_is_in_the_header_of_every_page(self, admin_client: Client, path: str) -> None:
        assert 'id="find-viewer"' in admin_client.get(f"/admin/{path}").text

    def test_who_may_not_see_viewers_finds_no_search_and_no_card(self, viewer: Make) -> None:
        bob = viewer("Bob")
        client = staff("view_queueitem")
        assert 'id="find-viewer"' not in client.get("/admin/").text
        assert client.get("/admin/economy/viewer/find/?q=Bob").status_code == 403
        assert client.get(address(bob)).status_code == 403
        assert 'id="find-viewer"' not in Client().get("/admin/login/").text

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite finds and sorts by the same index")
    def test_a_list_by_name_is_read_from_where_the_names_begin(self) -> None:
        names = [f"viewer{number:04}" for number in range(5000)]
        Viewer.objects.bulk_create(Viewer(key=name, username=name) for name in names)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE economy_viewer")
        found = Viewer.objects.filter(people.named("viewer3")).order_by("key")[:100]
        plan = json.loads(found.explain(analyze=True, format="json"))
        removed = sum(int(count) for count in re.findall(r'"Rows Removed by Filter": (\d+)', json.dumps(plan)))
        assert removed < 100
        assert [viewer.key for viewer in found] == names[3000:3100]
