"""OSC: what is on the wire at a real UDP server, how often, what goes back and when, and where nothing is sent."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from economy.models import Viewer
from effects import tasks
from effects.models import OSCChange, OSCTarget, QueueItem, State, WordFilter
from effects.outside import hosts, osc, osc_changes
from effects.queue import control, items, worker
from effects.registry import Effect
from joystick.simulator.happenings import chat, tip
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.steps import mistakes
from redeems import purchase
from redeems.models import Redeem
from tests.effects.osc_listener import OSCListener
from tests.processes import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken", "frames", "alone_here")]

HAT = "/avatar/parameters/Hat"


@pytest.fixture
def alone_here(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A sender of this test's own; in how many seconds a worker would be asked to send back."""
    asked: list[float] = []
    monkeypatch.setattr(osc, "_sender", osc.Sender())
    monkeypatch.setattr("effects.queue.wakeups.revert_in", asked.append)
    return asked


@pytest.fixture
def vrchat() -> Iterator[OSCListener]:
    with OSCListener() as listener:
        OSCTarget.objects.create(port=listener.port)
        yield listener


def sent(**payload: Any) -> QueueItem:
    """Have the effect happen, and return its item."""
    item = items.enqueue(
        Effect("osc", {"target": "VRChat", "address": HAT, "type": "bool", "value": "true", **payload})
    )
    worker.drain("effect")
    item.refresh_from_db()
    return item


def is_heard(listener: OSCListener, *values: Any, address: str = HAT) -> None:
    wait_until(lambda: listener.values(address) == list(values), f"{values} came, and nothing else", within=5)


def pass_time(seconds: float) -> None:
    """Let the changes be older by so many seconds, and send back what is due."""
    for row in OSCChange.objects.all():
        shift = timedelta(seconds=seconds)
        OSCChange.objects.filter(pk=row.pk).update(until=row.until - shift, due_at=row.due_at - shift)
    osc_changes.send_back_due()


class TestOnTheWire:
    @pytest.mark.parametrize(
        ("kind", "value", "ending"),
        [
            ("bool", "true", b",T\0\0"),
            ("bool", False, b",F\0\0"),
            ("int", "-2", b",i\0\0\xff\xff\xff\xfe"),
            ("int", 2**31 - 1, b",i\0\0\x7f\xff\xff\xff"),
            ("float", "1", b",f\0\0\x3f\x80\0\0"),
            ("float", -0.5, b",f\0\0\xbf\0\0\0"),
            ("text", "hello", b",s\0\0hello\0\0\0"),
            ("text", "1", b",s\0\x001\0\0\0"),
        ],
    )
    def test_each_type_is_written_as_osc_says(self, vrchat: OSCListener, kind: str, value: Any, ending: bytes) -> None:
        item = sent(address="/a/b", type=kind, value=value)
        assert item.state == State.DONE, item.error
        wait_until(lambda: vrchat.heard, "a datagram came")
        ((_, datagram),) = vrchat.heard
        assert datagram == b"/a/b\0\0\0\0" + ending

    def test_a_viewers_text_is_sent_as_a_text_with_the_streamers_filters(
        self, vrchat: OSCListener, deliver: Callable[..., None]
    ) -> None:
        purchase.seed()
        step = {"kind": "osc", "target": "VRChat", "address": "/chatbox/input", "type": "text", "value": "{text}"}
        Redeem.objects.create(key="vr", title="VR", effects=[step])
        WordFilter.objects.create(word="darn", replacement="gosh")
        deliver(tip("Bob", 100), chat("Bob", '!vr darn "}, /x ,T ünï \u202e{user} 1'))
        worker.drain("effect")
        is_heard(vrchat, 'gosh "}, /x ,T ünï {user} 1', address="/chatbox/input")
        assert len(vrchat.heard) == 1

    def test_a_zero_in_a_text_does_not_end_it(self, vrchat: OSCListener) -> None:
        sent(type="text", value="a\0b")
        is_heard(vrchat, "a b")

    def test_a_viewers_number_is_a_number_or_refused_before_it_costs(
        self, vrchat: OSCListener, deliver: Callable[..., None], said: list[str]
    ) -> None:
        purchase.seed()
        step = {"kind": "osc", "target": "VRChat", "address": HAT, "type": "int", "value": "{text}"}
        Redeem.objects.create(key="size", title="Size", cost=5, effects=[step])
        deliver(tip("Bob", 100), chat("Bob", "!size huge"))
        assert any("“huge” is no whole number" in line for line in said)
        assert not QueueItem.objects.exists()
        deliver(chat("Bob", "!size 7"))
        worker.drain("effect")
        is_heard(vrchat, 7)

    def test_what_the_occasion_can_not_fill_in_is_refused_before_it_costs(
        self, vrchat: OSCListener, deliver: Callable[..., None], said: list[str]
    ) -> None:
        purchase.seed()
        step = {"kind": "osc", "target": "VRChat", "address": HAT, "type": "int", "value": "{tokens}"}
        Redeem.objects.create(key="size", title="Size", cost=5, effects=[step])
        deliver(tip("Bob", 100), chat("Bob", "!size"))
        assert any("“{tokens}” is no whole number" in line for line in said)
        assert not QueueItem.objects.exists()

    def test_the_queue_says_sent_since_nobody_answers(self, vrchat: OSCListener, client: Client) -> None:
        item = sent()
        assert control.state_word(item) == "sent"
        client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
        page = client.get("/admin/effects/queueitem/").text
        assert '<td class="field-stands">sent</td>' in page
        assert ">sent</div>" in client.get(f"/admin/effects/queueitem/{item.pk}/change/").text

    def test_a_test_of_staff_is_sent_too(self, vrchat: OSCListener) -> None:
        items.enqueue(Effect("osc", {"target": "VRChat", "address": HAT, "value": "1"}), tried_by="fox")
        worker.drain("effect")
        is_heard(vrchat, 1.0)


class TestRate:
    def test_no_second_has_more_than_ten_and_the_newest_value_comes_last(self, vrchat: OSCListener) -> None:
        endpoint = hosts.resolve("127.0.0.1", vrchat.port)
        for number in range(60):
            osc.send(endpoint, osc.Message(f"/slider/{number % 15}", number))
        # Ten go at once, and of each address that waits the newest goes.
        wait_until(lambda: len(vrchat.heard) >= 10 + 15, "the newest of the last address came")
        moments = [moment for moment, _ in vrchat.heard]
        # Less than a second: the moments are those at which a busy process read them.
        assert all(later - first > 0.8 for first, later in zip(moments, moments[10:], strict=False))
        assert {number: vrchat.values(f"/slider/{number}")[-1] for number in range(15)} == {
            number: number + 45 for number in range(15)
        }

    def test_nobody_waits_for_the_rate(self, vrchat: OSCListener) -> None:
        began = time.monotonic()
        endpoint = hosts.resolve("127.0.0.1", vrchat.port)
        for number in range(1000):
            osc.send(endpoint, osc.Message(HAT, number))
        assert time.monotonic() - began < 0.5
        wait_until(lambda: vrchat.values()[-1:] == [999], "the newest came")
        assert len(vrchat.heard) == 11

    def test_another_target_has_a_rate_of_its_own(self, vrchat: OSCListener) -> None:
        with OSCListener() as other:
            OSCTarget.objects.create(name="Lights", port=other.port)
            for number in range(12):
                sent(type="int", value=number)
            sent(target="Lights")
            wait_until(lambda: other.values() == [True], "it came at once", within=0.5)

    def test_what_waits_is_bounded(self, vrchat: OSCListener) -> None:
        endpoint = hosts.resolve("127.0.0.1", vrchat.port)
        with pytest.raises(Failed, match="too many values wait"):
            for number in range(1000):
                osc.send(endpoint, osc.Message(f"/a/{number}", 1))


class TestThenBack:
    def test_it_goes_back_after_its_seconds_and_not_before(self, vrchat: OSCListener, alone_here: list[float]) -> None:
        sent(seconds=30)
        assert alone_here == [30]
        pass_time(29)
        is_heard(vrchat, True)
        pass_time(2)
        is_heard(vrchat, True, False)
        assert not OSCChange.objects.exists()

    def test_a_pulse_goes_back_after_its_milliseconds(self, vrchat: OSCListener, alone_here: list[float]) -> None:
        sent(type="float", value="0.8", back="0.25", pulse_ms=150)
        assert alone_here == [0.15]
        osc_changes.send_back_due()
        is_heard(vrchat, pytest.approx(0.8))
        time.sleep(0.16)
        tasks.revert()
        is_heard(vrchat, pytest.approx(0.8), 0.25)

    @pytest.mark.parametrize(
        ("kind", "value", "resting"), [("bool", "true", False), ("int", "5", 0), ("float", "5", 0.0), ("text", "x", "")]
    )
    def test_without_a_resting_value_it_is_off(
        self, vrchat: OSCListener, kind: str, value: str, resting: object
    ) -> None:
        sent(type=kind, value=value, seconds=5)
        pass_time(6)
        wait_until(lambda: len(vrchat.heard) == 2, "it went back")
        assert vrchat.values()[1] == resting and type(vrchat.values()[1]) is type(resting)

    def test_without_seconds_it_stays(self, vrchat: OSCListener) -> None:
        sent()
        assert not OSCChange.objects.exists()

    def test_the_same_again_lasts_until_the_last_is_over(self, vrchat: OSCListener) -> None:
        sent(seconds=10)
        pass_time(6)
        sent(seconds=10)
        pass_time(6)
        is_heard(vrchat, True, True)
        pass_time(6)
        is_heard(vrchat, True, True, False)

    def test_a_short_one_inside_a_long_one_goes_back_to_the_long_one(self, vrchat: OSCListener) -> None:
        sent(type="int", value=1, back="7", seconds=60)
        sent(type="int", value=2, back="7", seconds=5)
        pass_time(6)
        is_heard(vrchat, 1, 2, 1)
        pass_time(60)
        is_heard(vrchat, 1, 2, 1, 7)

    def test_what_is_over_below_a_longer_one_is_not_sent_back(self, vrchat: OSCListener) -> None:
        sent(type="int", value=1, back="7", seconds=5)
        sent(type="int", value=2, back="7", seconds=60)
        pass_time(6)
        is_heard(vrchat, 1, 2)
        pass_time(60)
        is_heard(vrchat, 1, 2, 7)

    def test_a_value_that_stays_ends_what_lasts_there(self, vrchat: OSCListener) -> None:
        sent(type="int", value=1, seconds=5)
        sent(type="int", value=2)
        pass_time(6)
        is_heard(vrchat, 1, 2)

    def test_addresses_and_targets_go_back_each_by_itself(self, vrchat: OSCListener) -> None:
        with OSCListener() as other:
            OSCTarget.objects.create(name="Lights", port=other.port)
            sent(seconds=60)
            sent(seconds=5, address="/other")
            sent(seconds=5, target="Lights")
            pass_time(6)
            is_heard(vrchat, True)
            is_heard(vrchat, True, False, address="/other")
            is_heard(other, True, False)

    def test_at_a_panic_everything_goes_back_at_once(self, vrchat: OSCListener) -> None:
        sent(type="int", value=1, back="7", seconds=600)
        sent(type="int", value=2, back="7", seconds=60)
        sent(seconds=600, address="/other")
        control.panic(by="fox")
        tasks.rescue_items()
        is_heard(vrchat, 1, 2, 7)
        is_heard(vrchat, True, False, address="/other")
        assert not OSCChange.objects.exists()

    def test_at_a_panic_two_workers_bring_back_the_resting_value_together(self, vrchat: OSCListener) -> None:
        sent(type="int", value=1, back="7", seconds=600)
        sent(type="int", value=2, back="7", seconds=60)
        control.panic(by="fox")
        # The older one was just claimed by another worker, which has not got any further.
        older = OSCChange.objects.earliest("pk")
        OSCChange.objects.filter(pk=older.pk).update(due_at=timezone.now() + osc_changes.RETRY_AFTER)
        osc_changes.send_back_due()
        is_heard(vrchat, 1, 2, 7)

    def test_one_that_ends_while_the_one_above_it_waits_to_go_back_is_not_left_there(self, vrchat: OSCListener) -> None:
        sent(type="int", value=1, back="7", seconds=20)
        sent(type="int", value=2, back="7", seconds=5)
        endpoint = hosts.resolve("127.0.0.1", vrchat.port)
        for number in range(12):
            osc.send(endpoint, osc.Message("/busy", number))
        pass_time(6)  # the value below it waits for the rate
        pass_time(20)
        is_heard(vrchat, 1, 2, 7)
        wait_until(lambda: not OSCChange.objects.exists(), "the rows are gone")

    def test_it_is_stored_before_it_is_sent(self, vrchat: OSCListener, monkeypatch: pytest.MonkeyPatch) -> None:
        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(osc, "send", killed)
        with pytest.raises(KeyboardInterrupt):
            sent(seconds=5)
        monkeypatch.undo()
        pass_time(6)
        is_heard(vrchat, False)

    def test_its_time_begins_when_it_was_sent(self, vrchat: OSCListener, monkeypatch: pytest.MonkeyPatch) -> None:
        sent_at = []

        def slow(*_: object) -> None:
            time.sleep(0.2)
            sent_at.append(timezone.now())

        monkeypatch.setattr(osc, "send", slow)
        sent(pulse_ms=100)
        assert OSCChange.objects.get().until >= sent_at[0] + timedelta(milliseconds=100)

    def test_what_could_not_be_sent_has_no_way_back(self, vrchat: OSCListener, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuses(*_: object) -> None:
            raise Failed("it could not be sent (no network)")

        monkeypatch.setattr(osc, "send", refuses)
        item = sent(seconds=5)
        assert (item.state, item.error) == (State.FAILED, "it could not be sent (no network)")
        assert not OSCChange.objects.exists()

    def test_one_that_waits_for_the_rate_is_forgotten_only_once_it_has_left(self, vrchat: OSCListener) -> None:
        sent(seconds=5)
        endpoint = hosts.resolve("127.0.0.1", vrchat.port)
        for number in range(12):
            osc.send(endpoint, osc.Message("/busy", number))
        pass_time(6)
        assert OSCChange.objects.exists()  # a process that is killed now sends it when it is started again
        is_heard(vrchat, True, False)
        wait_until(lambda: not OSCChange.objects.exists(), "the row is gone")

    def test_a_target_that_is_switched_off_is_still_sent_back(self, vrchat: OSCListener) -> None:
        sent(seconds=5)
        OSCTarget.objects.update(enabled=False)
        assert sent().error == "the OSC target VRChat is switched off"
        pass_time(6)
        is_heard(vrchat, True, False)

    def test_a_host_that_is_gone_is_tried_for_an_hour_and_told(
        self, vrchat: OSCListener, caplog: pytest.LogCaptureFixture
    ) -> None:
        sent(seconds=5)
        OSCTarget.objects.update(host="gone.invalid")
        pass_time(6)
        row = OSCChange.objects.get()
        assert row.due_at > timezone.now()
        pass_time(3600)
        assert not OSCChange.objects.exists()
        assert "not sent back to VRChat: /avatar/parameters/Hat: there is no host called gone.invalid" in caplog.text


PUBLIC = "203.0.113.7"


class TestWhere:
    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "127.8.8.8", "10.1.2.3", "172.31.0.1", "192.168.0.9", "::1", "fd00::1"]
    )
    def test_this_pc_and_private_networks_are_allowed(self, host: str) -> None:
        assert hosts.resolve(host, 9000) == hosts.Endpoint(ipaddress.ip_address(host), 9000)

    @pytest.mark.parametrize(
        "host",
        [
            *("8.8.8.8", PUBLIC, "172.32.0.1", "100.64.0.1", "169.254.169.254", "0.0.0.0", "255.255.255.255"),
            *(
                "224.0.0.1",
                "134744072",
                "2606:4700::1111",
                "::ffff:8.8.8.8",
                "::ffff:127.0.0.1",
                "::",
                "fe80::1",
                "ff02::1",
            ),
        ],
    )
    def test_every_other_address_is_refused(self, host: str) -> None:
        with pytest.raises(Failed, match="neither this PC nor a private network"):
            hosts.resolve(host, 9000)

    @pytest.mark.parametrize("host", ["", "nobody.invalid", "a" * 200, "a\0b", "é" * 70, "[::1]"])
    def test_what_is_no_host_is_refused(self, host: str) -> None:
        with pytest.raises(Failed):
            hosts.resolve(host, 9000)

    def test_env_can_allow_more(self, settings: Any) -> None:
        settings.OSC_NETWORKS = ("203.0.113.0/24", "fe80::/10")
        assert str(hosts.resolve(PUBLIC, 9000).ip) == PUBLIC
        with pytest.raises(Failed):
            hosts.resolve("203.0.114.1", 9000)

    def test_ipv4_comes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names(monkeypatch, ["::1", "127.0.0.1"])
        assert str(hosts.resolve("localhost", 9000).ip) == "127.0.0.1"

    def test_a_name_with_one_public_address_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names(monkeypatch, ["127.0.0.1", PUBLIC])
        with pytest.raises(Failed, match=PUBLIC):
            hosts.resolve("lights.example", 9000)

    def test_a_name_that_moves_to_a_public_address_after_it_was_saved_is_refused_when_it_is_sent(
        self, vrchat: OSCListener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        OSCTarget.objects.update(host="lights.example")
        names(monkeypatch, [PUBLIC])
        item = sent(seconds=5)
        assert item.state == State.FAILED and f"lights.example is at {PUBLIC}" in item.error
        assert not OSCChange.objects.exists()

    def test_it_is_sent_to_the_address_that_was_checked(
        self, vrchat: OSCListener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        OSCTarget.objects.update(host="lights.example")
        asked = names(monkeypatch, ["127.0.0.1"], [PUBLIC])
        sent()
        is_heard(vrchat, True)
        assert asked == ["lights.example"]  # a second question would have had another answer

    def test_a_value_that_goes_back_is_checked_too(self, vrchat: OSCListener, monkeypatch: pytest.MonkeyPatch) -> None:
        sent(seconds=5)
        OSCTarget.objects.update(host=PUBLIC)
        pass_time(6)
        assert OSCChange.objects.exists()
        is_heard(vrchat, True)


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Have the name server answer with these addresses, one list after the other; return the names it is asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, port: int, **options: Any) -> Any:
        asked.append(host)
        ips = answers[min(len(asked), len(answers)) - 1]
        return [found for ip in ips for found in real(ip, port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


class TestForms:
    """What the pages refuse, with a sentence beside the field."""

    @pytest.fixture
    def fox(self, client: Client) -> Client:
        client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
        return client

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("address", "Hat", "address: This is not written as it should be. Such as /avatar/parameters/Hearts"),
            ("address", "/a b", "address: This is not written as it should be. Such as /avatar/parameters/Hearts"),
            ("address", "/a/{text}", "address: This is not written as it should be. Such as /avatar/parameters/Hearts"),
            ("address", "/a/", "address: This is not written as it should be. Such as /avatar/parameters/Hearts"),
            ("type", "blob", "type: Input should be 'float', 'int', 'bool' or 'text'"),
            ("value", "warm", "value: “warm” is no number"),
            ("value", "inf", "value: “inf” is no number"),
            ("value", "1e9", "value: “1e9” is no number"),
            ("value", "٣", "value: “٣” is no number"),
            ("back", "cold", "back: “cold” is no number"),
            ("seconds", -1, "seconds: Input should be greater than"),
            ("pulse_ms", 10_001, "pulse_ms: Input should be less than"),
            ("target", "", "target: String should have at least 1 character"),
        ],
    )
    def test_a_payload_that_does_not_fit_is_told(self, field: str, value: Any, sentence: str) -> None:
        step = {"kind": "osc", "target": "VRChat", "address": HAT, "type": "float", "value": "1", field: value}
        (told,) = mistakes([step])
        assert told.startswith(f"Effect 1, osc: {sentence}")

    def test_integers_and_flags_are_told_apart(self) -> None:
        step = {"kind": "osc", "target": "VRChat", "address": HAT}
        assert mistakes([{**step, "type": "int", "value": "1.5"}]) == [
            "Effect 1, osc: value: “1.5” is no whole number of 32 bits"
        ]
        assert "32 bits" in mistakes([{**step, "type": "int", "value": str(2**31)}])[0]
        assert mistakes([{**step, "type": "bool", "value": "maybe"}]) == [
            "Effect 1, osc: value: “maybe” is neither true nor false"
        ]
        assert "not both" in mistakes([{**step, "value": "1", "seconds": 1, "pulse_ms": 5}])[0]
        assert mistakes([{**step, "type": "int", "value": "{tokens}", "back": "0"}]) == []

    def test_a_word_that_the_occasion_does_not_have_fails(self, vrchat: OSCListener) -> None:
        assert sent(type="int", value="{tokens}").error == "“{tokens}” is no whole number of 32 bits"
        assert not vrchat.heard

    def test_a_new_target_is_filled_in_as_vrchat(self, fox: Client) -> None:
        page = fox.get("/admin/effects/osctarget/add/").text
        assert 'value="VRChat"' in page and 'value="127.0.0.1"' in page and 'value="9000"' in page

    def test_a_public_host_is_refused_beside_its_field(self, fox: Client) -> None:
        form = {"name": "Far", "host": PUBLIC, "port": "9000", "enabled": "on"}
        page = fox.post("/admin/effects/osctarget/add/", form).text
        assert (
            f"{PUBLIC} is at {PUBLIC}, which is neither this PC nor a private network (OSC_NETWORKS in .env)." in page
        )
        assert not OSCTarget.objects.exists()
        assert (
            "There is no host called nobody.invalid."
            in fox.post("/admin/effects/osctarget/add/", {**form, "host": "nobody.invalid"}).text
        )
        fox.post("/admin/effects/osctarget/add/", {**form, "host": "192.168.1.20"})
        assert OSCTarget.objects.get().host == "192.168.1.20"

    def test_the_test_button_sends(self, fox: Client, vrchat: OSCListener) -> None:
        pk = OSCTarget.objects.get().pk
        page = fox.post(f"/admin/effects/osctarget/{pk}/test/", follow=True).text
        assert f"Sent /pixelbot/test with the number 1 to 127.0.0.1 port {vrchat.port}." in page
        is_heard(vrchat, 1, address="/pixelbot/test")
        OSCTarget.objects.update(host=PUBLIC)
        assert "Nothing was sent: " in fox.post(f"/admin/effects/osctarget/{pk}/test/", follow=True).text
        assert fox.get(f"/admin/effects/osctarget/{pk}/test/").status_code == 403

    @pytest.mark.parametrize("way", ["one", "several"])
    def test_what_lasts_at_a_target_that_is_deleted_is_sent_back(
        self, fox: Client, vrchat: OSCListener, way: str
    ) -> None:
        sent(type="int", value=1, back="7", seconds=60)
        sent(type="int", value=2, back="7", seconds=60)
        pk = OSCTarget.objects.get().pk
        if way == "one":
            fox.post(f"/admin/effects/osctarget/{pk}/delete/", {"post": "yes"})
        else:
            chosen = {"action": "delete_selected", "_selected_action": pk, "post": "yes"}
            fox.post("/admin/effects/osctarget/", chosen)
        assert not OSCTarget.objects.exists()
        is_heard(vrchat, 1, 2, 7)

    def test_fields_of_effects_offer_the_targets(self, fox: Client, settings: Any) -> None:
        settings.OBS_ENABLED = False
        OSCTarget.objects.create(name="Lights")
        assert fox.get("/admin/effects/obsconnection/names/").json()["osc_target"] == ["Lights"]


def test_a_refused_effect_gives_the_points_back(viewer: Callable[..., Viewer]) -> None:
    item = items.enqueue(Effect("osc", {"target": "Nobody", "address": HAT, "value": "1"}), viewer=viewer("Bob"))
    worker.drain("effect")
    item.refresh_from_db()
    assert (item.state, item.error) == (State.FAILED, "there is no OSC target called Nobody")
