"""The queue's page: what each button and each action does, who may use them, and what is shown of what viewers typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from economy.ledger import points
from economy.models import Points, Viewer
from effects.models import Deed, Lane, Purchase, QueueItem, State
from effects.queue import control, items, worker
from effects.registry import Effect, OverlayTask
from pixelbot_site.kit.errors import Failed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken", "frames", "said")]

PAGE = "/admin/effects/queueitem/"
MARKUP = "<script>alert('x')</script>"
ESCAPED = "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"

Enqueue = Callable[..., QueueItem]


@pytest.fixture
def fox() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    return client


@pytest.fixture
def helper() -> Callable[..., Client]:
    """Makes the client of a helper who holds some permissions: `helper("view_queueitem")`."""

    def make(*codenames: str) -> Client:
        user = get_user_model().objects.create_user("helper", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def enqueue(viewer: Callable[..., Viewer], kind: Callable[..., str]) -> Enqueue:
    """Puts an item into the lane `test` that Bob, who had 100 points, bought for 10."""
    kind("show", lambda item: OverlayTask({"type": "show"}, seconds=2))
    bob = viewer("Bob", points=100)

    def put(title: str = "a thing", *, redeem: str = "thing", **more: Any) -> QueueItem:
        reference = f"r:{QueueItem.objects.count()}"
        payment = points.spend(bob, 10, source="redeem", reference=reference)
        purchase = Purchase.objects.create(viewer=bob, redeem=redeem, payment=payment)
        return items.enqueue(Effect("show", {}, title), viewer=bob, purchase=purchase, **more)

    return put


def press(client: Client, button: str) -> str:
    return client.post(f"{PAGE}{button}/", follow=True).text


def act(client: Client, action: str, chosen: Iterable[QueueItem]) -> str:
    form = {"action": action, "_selected_action": [item.pk for item in chosen]}
    return client.post(PAGE, form, follow=True).text


def state(item: QueueItem) -> str:
    item.refresh_from_db()
    return item.state


def balance() -> int:
    return Points.objects.get(viewer__key="bob").balance


class TestLaneButtons:
    """The table above the list."""

    def test_every_lane_has_its_row_with_what_waits_and_what_runs(self, fox: Client, enqueue: Enqueue) -> None:
        running = enqueue("the first")
        enqueue("the second")
        enqueue("the third", waits=True)
        worker.drain("test")
        page = fox.get(PAGE)
        rows = {lane.name: (lane.waiting, lane.running) for lane in page.context["lanes"]}
        assert rows == {
            "effect": (0, None),
            "notification": (0, None),
            "reply": (0, None),
            "test": (2, running),
            "tts": (0, None),
            "wheel": (0, None),
        }
        assert f"<td>#{running.pk} the first</td>" in page.text

    def test_a_paused_lane_says_who_paused_it_and_offers_to_resume(self, fox: Client) -> None:
        assert "/lane/wheel/resume/" not in fox.get(PAGE).text
        press(fox, "lane/wheel/pause")
        page = fox.get(PAGE).text
        assert "<b>wheel</b> (paused: fox)" in page
        assert "/lane/wheel/resume/" in page and "/lane/wheel/pause/" not in page
        assert "/lane/tts/pause/" in page
        press(fox, "lane/wheel/resume")
        assert "(paused" not in fox.get(PAGE).text

    def test_pausing_lets_what_runs_go_on_and_holds_back_the_rest(self, fox: Client, enqueue: Enqueue) -> None:
        running = enqueue()
        worker.drain("test")
        waiting = enqueue()
        press(fox, "lane/test/pause")
        worker.drain("test")
        assert (state(running), state(waiting)) == ("running", "pending")

    def test_skipping_ends_what_runs_and_gives_its_points_back(self, fox: Client, enqueue: Enqueue) -> None:
        running, waiting = enqueue(), enqueue()
        worker.drain("test")
        assert f"Skipped: show {running.pk}: a thing." in press(fox, "lane/test/skip")
        assert (state(running), state(waiting)) == ("skipped", "pending")
        assert balance() == 90

    def test_skipping_where_nothing_runs_says_so(self, fox: Client, enqueue: Enqueue) -> None:
        waiting = enqueue()
        assert "Nothing runs in test." in press(fox, "lane/test/skip")
        assert state(waiting) == "pending"

    def test_clearing_gives_all_points_back_and_leaves_what_runs(self, fox: Client, enqueue: Enqueue) -> None:
        running = enqueue()
        worker.drain("test")
        waiting = [enqueue(), enqueue(waits=True)]
        assert "Cancelled in test: 2." in press(fox, "lane/test/clear")
        assert [state(item) for item in waiting] == ["cancelled", "cancelled"]
        assert state(running) == "running" and balance() == 90

    @pytest.mark.parametrize("verb", ["pause", "resume", "skip", "clear"])
    def test_a_lane_that_does_not_exist_is_refused(self, fox: Client, verb: str) -> None:
        assert "There is no lane nosuch: there are effect, notification, reply, tts, wheel." in press(
            fox, f"lane/nosuch/{verb}"
        )
        assert not Lane.objects.exists()

    def test_a_button_that_does_not_exist_is_refused(self, fox: Client) -> None:
        assert "There is no button explode." in press(fox, "lane/tts/explode")

    def test_addresses_are_shown_as_text_whatever_they_hold(self, fox: Client) -> None:
        page = fox.post(f"{PAGE}lane/<b>x/pause/", follow=True).text
        assert "There is no lane &lt;b&gt;x" in page and "<b>x" not in page


class TestPanicButton:
    """Stop everything, and the way back."""

    def test_panic_ends_everything_and_pauses_every_lane(self, fox: Client, enqueue: Enqueue) -> None:
        running = enqueue()
        worker.drain("test")
        waiting = enqueue()
        assert "Everything is stopped. Items cancelled: 2." in press(fox, "panic")
        assert (state(running), state(waiting), balance()) == ("cancelled", "cancelled", 100)
        assert {lane.paused_by for lane in Lane.objects.all()} == {"panic by fox"}

    def test_the_panic_button_gives_way_to_the_button_that_ends_it(self, fox: Client) -> None:
        assert "PANIC: stop everything" in fox.get(PAGE).text
        press(fox, "panic")
        page = fox.get(PAGE).text
        assert "PANIC: stop everything" not in page and f'action="{PAGE}calm/"' in page
        press(fox, "calm")
        assert "PANIC: stop everything" in fox.get(PAGE).text

    def test_a_lane_paused_by_hand_is_no_panic(self, fox: Client) -> None:
        press(fox, "lane/tts/pause")
        assert "PANIC: stop everything" in fox.get(PAGE).text

    def test_calm_leaves_a_lane_that_was_paused_by_hand(self, fox: Client) -> None:
        press(fox, "lane/tts/pause")
        press(fox, "panic")
        assert "Resumed: effect, notification, reply, wheel." in press(fox, "calm")
        assert list(Lane.objects.exclude(paused_at=None).values_list("name", "paused_by")) == [("tts", "fox")]

    def test_calm_without_a_panic_says_so(self, fox: Client) -> None:
        assert "Resumed: nothing, since nothing was stopped." in press(fox, "calm")


class TestActions:
    """What is done with the chosen items."""

    def test_each_action_counts_the_items_that_it_changed(self, fox: Client, enqueue: Enqueue) -> None:
        waiting, pending = enqueue(waits=True), enqueue()
        assert "1 approved." in act(fox, "approve", [waiting, pending])
        assert "0 rejected." in act(fox, "reject", [waiting, pending])
        assert "2 cancelled." in act(fox, "cancel", [waiting, pending])
        assert "0 cancelled." in act(fox, "cancel", [waiting, pending])
        assert "0 put first." in act(fox, "put_first", [waiting, pending])

    def test_rejecting_gives_the_points_back(self, fox: Client, enqueue: Enqueue) -> None:
        item = enqueue(waits=True)
        assert balance() == 90
        act(fox, "reject", [item])
        assert (state(item), item.by, balance()) == ("cancelled", "fox", 100)

    def test_cancelling_what_runs_skips_it(self, fox: Client, enqueue: Enqueue) -> None:
        item = enqueue()
        worker.drain("test")
        act(fox, "cancel", [item])
        assert (state(item), balance()) == ("skipped", 100)

    def test_what_is_put_first_overtakes_an_earlier_item(self, fox: Client, enqueue: Enqueue) -> None:
        earlier, later = enqueue(), enqueue()
        act(fox, "put_first", [later])
        worker.drain("test")
        assert (state(earlier), state(later)) == ("pending", "running")

    def test_doing_again_makes_a_free_copy_of_what_has_ended(self, fox: Client, enqueue: Enqueue) -> None:
        ended, waiting = enqueue("once more"), enqueue()
        control.cancel(ended, by="ann")
        page = act(fox, "retry", [ended, waiting])
        assert "1 in the queue again." in page and "it is pending" not in page  # what waits is left out, without a word
        copy = QueueItem.objects.latest("pk")
        assert (copy.title, copy.state, copy.purchase, copy.viewer) == ("once more", State.PENDING, None, ended.viewer)
        assert balance() == 90

    def test_an_item_that_cannot_be_done_again_does_not_stop_the_others(
        self, fox: Client, enqueue: Enqueue, kind: Callable[..., str]
    ) -> None:
        broken, fine = enqueue(), enqueue()
        for item in (broken, fine):
            control.cancel(item, by="ann")
        QueueItem.objects.filter(pk=broken.pk).update(kind="gone", title=MARKUP)
        page = act(fox, "retry", [broken, fine])
        assert "1 in the queue again." in page
        assert f"gone {broken.pk}: {ESCAPED}" in page and MARKUP not in page

    def test_an_error_of_one_item_is_shown_beside_the_count(
        self, fox: Client, enqueue: Enqueue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(item: QueueItem, *, by: str) -> bool:
            raise Failed("the world did not")

        monkeypatch.setattr(control, "cancel", fail)
        item = enqueue()
        page = act(fox, "cancel", [item])
        assert f"show {item.pk}: a thing: the world did not." in page.replace("Show", "show") and "0 cancelled." in page


class TestPermissions:
    """What a helper may do."""

    def test_with_view_only_there_are_no_buttons_and_no_actions(
        self, helper: Callable[..., Client], enqueue: Enqueue
    ) -> None:
        item = enqueue("a visible title")
        page = helper("view_queueitem").get(PAGE).text
        assert "a visible title" in page and "<b>tts</b>" in page
        assert f"{PAGE}lane/" not in page and f"{PAGE}panic/" not in page
        assert 'name="action"' not in page
        assert state(item) == "pending"

    @pytest.mark.parametrize(
        "button", ["panic", "calm", "lane/tts/pause", "lane/tts/resume", "lane/tts/skip", "lane/tts/clear"]
    )
    def test_with_view_only_no_button_can_be_pressed(self, helper: Callable[..., Client], button: str) -> None:
        assert helper("view_queueitem").post(f"{PAGE}{button}/").status_code == 403
        assert not Lane.objects.exists()

    @pytest.mark.parametrize("action", ["approve", "reject", "cancel", "put_first", "retry"])
    def test_with_view_only_no_action_changes_an_item(
        self, helper: Callable[..., Client], enqueue: Enqueue, action: str
    ) -> None:
        waiting, ended = enqueue(waits=True), enqueue()
        control.cancel(ended, by="ann")
        act(helper("view_queueitem"), action, [waiting, ended])
        assert (state(waiting), QueueItem.objects.count()) == ("waiting", 2)

    def test_the_permission_to_change_items_is_enough_for_the_buttons(
        self, helper: Callable[..., Client], enqueue: Enqueue
    ) -> None:
        client = helper("view_queueitem", "change_queueitem")
        item = enqueue(waits=True)
        act(client, "approve", [item])
        press(client, "lane/test/pause")
        assert (state(item), item.by) == ("pending", "helper")
        assert Lane.objects.get().paused_by == "helper"

    def test_doing_again_for_nothing_takes_the_permission_to_add_items(
        self, helper: Callable[..., Client], enqueue: Enqueue
    ) -> None:
        ended = enqueue()
        control.cancel(ended, by="ann")
        client = helper("view_queueitem", "change_queueitem")
        assert 'value="retry"' not in client.get(PAGE).text
        act(client, "retry", [ended])
        answer = client.post(f"/admin/api/queue/{ended.pk}/retry")
        assert (answer.status_code, answer.json()["detail"]) == (
            403,
            "This needs the permission effects.add_queueitem.",
        )
        assert QueueItem.objects.count() == 1

    def test_who_may_only_steer_reads_the_text_and_not_where_a_webhook_leads(
        self, fox: Client, helper: Callable[..., Client], enqueue: Enqueue
    ) -> None:
        item = enqueue(waits=True)
        secret = "https://hooks.example/a-secret"
        payload = {"url": secret, "text": "read me"}
        sequel = [{"kind": "webhook", "url": secret}]
        QueueItem.objects.filter(pk=item.pk).update(payload=payload, sequel=sequel, overlay_message={"at": secret})
        page = helper("view_queueitem", "change_queueitem").get(f"{PAGE}{item.pk}/change/").text
        assert "read me" in page and "a-secret" not in page
        assert fox.get(f"{PAGE}{item.pk}/change/").text.count("a-secret") == 3

    @pytest.mark.parametrize("button", ["panic", "calm", "lane/tts/pause"])
    def test_a_link_presses_no_button(self, fox: Client, button: str) -> None:
        assert fox.get(f"{PAGE}{button}/").status_code == 403
        assert not Lane.objects.exists()

    def test_a_page_elsewhere_presses_no_button(self, fox: Client) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = fox.cookies
        assert strict.post(f"{PAGE}panic/").status_code == 403
        assert not Lane.objects.exists()

    def test_viewers_without_a_login_are_sent_to_it(self, client: Client) -> None:
        answer = client.post(f"{PAGE}panic/")
        assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={PAGE}panic/")

    def test_even_the_streamer_adds_edits_and_deletes_no_row(self, fox: Client, enqueue: Enqueue) -> None:
        item = enqueue()
        assert fox.get(f"{PAGE}add/").status_code == 403
        assert fox.post(f"{PAGE}{item.pk}/delete/", {"post": "yes"}).status_code == 403
        assert fox.post(f"{PAGE}{item.pk}/change/", {"state": "done"}).status_code == 403
        assert state(item) == "pending"


class TestHistory:
    """An item's own page."""

    def test_the_deeds_are_listed_in_their_order(self, fox: Client, enqueue: Enqueue) -> None:
        item = enqueue(waits=True)
        act(fox, "approve", [item])
        control.put_first(item, by="ann")
        act(fox, "cancel", [item])
        page = fox.get(f"{PAGE}{item.pk}/change/").text
        cells = re.findall(r'field-(?:by|what)">\s*<p>([^<]+)</p>', page)
        assert cells == ["fox", "it was approved", "ann", "it was put first", "fox", "it was cancelled"]

    def test_the_payment_and_the_redeem_are_shown(self, fox: Client, enqueue: Enqueue) -> None:
        item = enqueue(redeem="fireworks")
        page = fox.get(f"{PAGE}{item.pk}/change/").text
        assert "fireworks" in page and item.purchase is not None and str(item.purchase.payment) in page

    def test_an_item_that_nobody_bought_has_neither(self, fox: Client, kind: Callable[..., str]) -> None:
        kind("show", lambda item: None)
        item = items.enqueue(Effect("show", {}, "for free"))
        assert fox.get(f"{PAGE}{item.pk}/change/").status_code == 200

    def test_deeds_cannot_be_edited_or_added(self, fox: Client, enqueue: Enqueue) -> None:
        item = enqueue()
        control.put_first(item, by="ann")
        page = fox.get(f"{PAGE}{item.pk}/change/").text
        assert "it was put first" in page and 'name="deeds-0-what"' not in page
        assert 'name="deeds-MAX_NUM_FORMS" value="0"' in page and 'name="deeds-0-DELETE"' not in page

    def test_of_a_traceback_the_list_shows_the_last_line_and_the_page_all(self, fox: Client, enqueue: Enqueue) -> None:
        item = enqueue()
        QueueItem.objects.filter(pk=item.pk).update(
            state="failed", error="Traceback (most recent call last):\n  File x\nKeyError: 'colour'\n"
        )
        listed = fox.get(PAGE).text
        assert "KeyError: &#x27;colour&#x27;" in listed and "Traceback" not in listed
        assert "Traceback" in fox.get(f"{PAGE}{item.pk}/change/").text


class TestFilters:
    """What narrows the list."""

    def titles(self, client: Client, query: str) -> set[str]:
        return {item.title for item in client.get(f"{PAGE}?{query}").context["cl"].result_list}

    def test_by_state(self, fox: Client, enqueue: Enqueue) -> None:
        control.cancel(enqueue("out"), by="ann")
        enqueue("in")
        assert self.titles(fox, "state__exact=cancelled") == {"out"}

    def test_by_the_redeem_that_was_bought(self, fox: Client, enqueue: Enqueue) -> None:
        enqueue("one", redeem="clip")
        enqueue("two", redeem="scene")
        assert self.titles(fox, "redeem=clip") == {"one"}
        assert self.titles(fox, "") == {"one", "two"}
        page = fox.get(PAGE).text
        assert 'href="?redeem=clip"' in page and 'href="?redeem=scene"' in page

    def test_by_title_and_viewer(self, fox: Client, enqueue: Enqueue) -> None:
        enqueue("a confetti cannon")
        enqueue("a drum roll")
        assert self.titles(fox, "q=confetti") == {"a confetti cannon"}
        assert self.titles(fox, "q=bob") == {"a confetti cannon", "a drum roll"}
        assert self.titles(fox, "q=nobody") == set()


class TestEscaping:
    """Titles, names and errors are text, whatever viewers typed."""

    def test_in_the_list_and_in_the_lanes(self, fox: Client, enqueue: Enqueue) -> None:
        item = enqueue(MARKUP)
        worker.drain("test")
        page = fox.get(PAGE).text
        assert page.count(ESCAPED) >= 2 and MARKUP not in page  # the row, and the lane's "now"
        QueueItem.objects.filter(pk=item.pk).update(state="failed", error=f"OBS said {MARKUP}", title="x", by=MARKUP)
        page = fox.get(PAGE).text
        assert f"OBS said {ESCAPED}" in page and MARKUP not in page

    def test_in_the_page_of_an_item_and_its_deeds(self, fox: Client, enqueue: Enqueue) -> None:
        item = enqueue(MARKUP)
        Deed.objects.create(item=item, by=MARKUP, what=f"did {MARKUP}")
        QueueItem.objects.filter(pk=item.pk).update(error=MARKUP, caption=MARKUP, payload={"text": MARKUP})
        page = fox.get(f"{PAGE}{item.pk}/change/").text
        assert MARKUP not in page and f"did {ESCAPED}" in page

    def test_a_viewers_name_and_who_paused_a_lane(
        self, fox: Client, viewer: Callable[..., Viewer], kind: Callable[..., str]
    ) -> None:
        kind("show", lambda item: None)
        ann = viewer("Ann")
        Viewer.objects.filter(pk=ann.pk).update(username="<i>Ann</i>")
        ann.refresh_from_db()
        items.enqueue(Effect("show", {}, "x"), viewer=ann)
        control.pause("test", by="<u>mo</u>")
        page = fox.get(PAGE).text
        assert "&lt;i&gt;Ann&lt;/i&gt;" in page and "<i>Ann</i>" not in page
        assert "(paused: &lt;u&gt;mo&lt;/u&gt;)" in page and "<u>mo" not in page

    def test_in_the_message_after_a_button(self, fox: Client, enqueue: Enqueue) -> None:
        enqueue(MARKUP)
        worker.drain("test")
        page = press(fox, "lane/test/skip")
        assert f": {ESCAPED}." in page and MARKUP not in page
