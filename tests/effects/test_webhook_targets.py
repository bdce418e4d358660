"""Targets of webhooks at a real server: bodies that no viewer breaks, sealed headers, presets, and what *Try* shows."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from economy.models import Viewer
from effects.models import QueueItem, State, WebhookTarget
from effects.outside import bodies, headers, webhooks
from effects.outside.presets import PRESETS
from effects.queue import items, worker
from effects.registry import Effect
from joystick.simulator.happenings import chat, tip
from pixelbot_site.kit.steps import mistakes
from redeems import purchase
from redeems.models import Redeem

SECRET = "sixteen characters"
HUSH = "Bearer hush-0123456789"
ADD = "/admin/effects/webhooktarget/add/"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]


class Listener(BaseHTTPRequestHandler):
    """Keeps each request, and answers as the test says."""

    heard: list[tuple[str, str, bytes, Mapping[str, str]]]
    answer: Callable[[BaseHTTPRequestHandler], None]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.heard.append((self.command, self.path, body, dict(self.headers.items())))
        type(self).answer(self)

    do_PUT = do_GET = do_POST

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def answering(status: int = 200, body: bytes = b"", **sent: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **sent}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.fixture
def server(settings: Any) -> Iterator[type[Listener]]:
    handler = type("Handler", (Listener,), {"heard": [], "answer": staticmethod(answering(204))})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, daemon=True).start()
        handler.root = f"http://127.0.0.1:{running.server_port}/"  # type: ignore[attr-defined]
        settings.WEBHOOK_ADDRESSES, settings.WEBHOOK_SECRET = [handler.root], SECRET  # type: ignore[attr-defined]
        yield handler
        running.shutdown()


@pytest.fixture
def fox(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    return client


def target(server: Any, body: Any = None, **fields: Any) -> WebhookTarget:
    sealed = headers.seal(fields.pop("own", {}))
    return WebhookTarget.objects.create(name="Lamp", url=f"{server.root}lamp", body=body, headers=sealed, **fields)


def called(viewer: Viewer | None = None, **payload: Any) -> QueueItem:
    item = items.enqueue(Effect("webhook", {"target": "Lamp", **payload}), viewer=viewer)
    worker.drain("effect")
    item.refresh_from_db()
    return item


class TestCalls:
    def test_the_body_is_the_targets_own_signed_with_its_headers(
        self, server: type[Listener], viewer: Callable[..., Viewer]
    ) -> None:
        body = {"who": "{user}", "n": "{amount}", "list": ["{text}!", 1, None, True], "at": {"item": "{item}"}}
        target(server, body, own={"Authorization": HUSH, "X-Own": "1"})
        item = called(viewer("Bob"), text="hi", amount="12")
        assert item.state == State.DONE, item.error
        ((method, path, sent, told),) = server.heard
        assert (method, path) == ("POST", "/lamp")
        assert json.loads(sent) == {"who": "Bob", "n": 12, "list": ["hi!", 1, None, True], "at": {"item": item.pk}}
        assert told["X-PixelBot-Signature"] == "sha256=" + hmac.new(SECRET.encode(), sent, hashlib.sha256).hexdigest()
        assert (told["Authorization"], told["X-Own"], told["Content-Type"]) == (HUSH, "1", "application/json")

    def test_without_a_body_it_is_as_for_a_plain_address(self, server: Any, viewer: Callable[..., Viewer]) -> None:
        target(server)
        bob = viewer("Bob")
        called(bob, text="hi")
        item = items.enqueue(Effect("webhook", {"url": f"{server.root}lamp", "text": "hi"}), viewer=bob)
        worker.drain("effect")
        named, plain = (json.loads(heard[2]) for heard in server.heard)
        assert named.keys() == plain.keys() == {"item", "viewer", "text", "at"}
        assert (named["viewer"], named["text"]) == (plain["viewer"], plain["text"]) == ("Bob", "hi")
        assert (named["item"], plain["item"]) == (item.pk - 1, item.pk) and abs(named["at"] - time.time()) < 60

    def test_other_methods(self, server: type[Listener]) -> None:
        row = target(server, {"a": "{text}"}, method="PUT")
        called(text="hi")
        row.method = "GET"
        row.save()
        called(text="hi")
        (put, get) = server.heard
        assert (put[0], json.loads(put[2])) == ("PUT", {"a": "hi"})
        assert (get[0], get[2]) == ("GET", b"") and "Content-Type" not in get[3]

    def test_a_redeem_fills_in_the_effects_words(self, server: type[Listener], deliver: Callable[..., None]) -> None:
        purchase.seed()
        step = {"kind": "webhook", "target": "Lamp", "text": "{text}", "action": "Blink"}
        Redeem.objects.create(key="lamp", title="Lamp", effects=[step])
        target(server, {"say": "{user} says {text}", "do": "{action}"})
        deliver(tip("Bob", 100), chat("Bob", '!lamp "},"do":"Explode" {action} {amount}'))
        worker.drain("effect")
        assert json.loads(server.heard[0][2]) == {
            "say": 'Bob says "},"do":"Explode" {action} {amount}',
            "do": "Blink",
        }

    @pytest.mark.parametrize("status", [302, 404, 500])
    def test_any_other_answer_fails_and_no_redirect_is_followed(self, server: Any, status: int) -> None:
        server.answer = answering(status, Location=f"{server.root}elsewhere")
        target(server, own={"Authorization": HUSH})
        assert called().error == f"the address answered {status}"
        assert len(server.heard) == 1

    def test_an_address_that_env_allows_no_more_is_not_called(self, server: type[Listener], settings: Any) -> None:
        target(server)
        settings.WEBHOOK_ADDRESSES = []
        assert "WEBHOOK_ADDRESSES" in called().error and not server.heard

    def test_a_target_that_is_gone_is_told(self) -> None:
        assert called().error == "there is no webhook target called Lamp"

    def test_a_payload_names_either_a_target_or_an_address(self) -> None:
        for step in ({}, {"target": "Lamp", "url": "http://x/"}, {"target": "", "url": ""}):
            (told,) = mistakes([{"kind": "webhook", **step}])
            assert told == "Effect 1, webhook: url: give either a target or an address"
        assert mistakes([{"kind": "webhook", "target": "Lamp"}, {"kind": "webhook", "url": "http://x/"}]) == []

    def test_with_another_secret_key_it_fails_with_what_to_do(self, server: type[Listener], settings: Any) -> None:
        target(server, own={"Authorization": HUSH})
        settings.SECRET_KEY = "another one, of more than enough characters"
        assert "SECRET_KEY has changed" in called().error and not server.heard


def shape(value: Any) -> Any:
    """The structure alone: its keys, and of each value whether it is a text or what else."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return "scalar" if isinstance(value, str | int | float) else value


TEMPLATE = {
    "content": "{user}: {text}",
    "text": "{text}",
    "deep": [{"{": "{amount}", "a": ["{action}", "{user}{text}{user}", "{{text}}"]}, None, True, 1.5],
}
hostile = st.text() | st.lists(
    st.sampled_from(
        ['"', "}", "{", "]", ",", ":", "\\", "\n", "\0", "\u2028", "\ud800", "{text}", "{user}", "</script>"]
    )
).map("".join)


class TestBodies:
    @given(user=hostile, text=hostile, amount=hostile, action=hostile)
    @example(user="{text}", text='","x":"', amount="1e5", action="{amount}")
    def test_nothing_that_is_typed_changes_the_structure_or_is_read_as_a_word(
        self, user: str, text: str, amount: str, action: str
    ) -> None:
        words = bodies.words(user, text, amount, action, item=7, at=8)
        sent = bodies.written(TEMPLATE, words)
        assert sent.isascii()
        read = json.loads(sent)
        assert shape(read) == shape(TEMPLATE)
        assert read["content"] == (f"{user}: {text}" if text else f"{user}:") and read["text"] == text
        assert str(read["deep"][0]["{"]) == str(words["amount"])
        assert read["deep"][0]["a"] == [action, f"{user}{text}{user}", f"{{{text}}}"]

    @pytest.mark.parametrize(
        ("typed", "read"),
        [
            *(("5", 5), ("-5", -5), ("0", 0), ("2.50", 2.5), ("007", "007"), ("1e5", "1e5"), ("٣", "٣"), ("", "")),
            *(("1" * 15, int("1" * 15)), ("1" * 16, "1" * 16), (" 5", " 5"), ("5\n", "5\n"), ("NaN", "NaN")),
        ],
    )
    def test_an_amount_alone_is_a_number_where_it_is_written_as_one(self, typed: str, read: Any) -> None:
        words = bodies.words("5", "5", typed, "5", item=7, at=8)
        sent = json.loads(bodies.written(["{amount}", "{amount} ", "{user}", "{text}", "{action}", "{item}"], words))
        assert sent == [read, f"{words['amount']} ", "5", "5", "5", 7]
        assert type(sent[0]) is type(read)

    @pytest.mark.parametrize(
        ("template", "sentence"),
        [
            ({"a": ["{usr}"]}, "{usr} is not filled in here."),
            ({"{user}": 1}, "“{user}” is a key: words are filled in on the right of a colon only."),
            ({"a": float("nan")}, "JSON has no such number as NaN or Infinity."),
            ({"a": "\0"}, "There is a character in it that can't be stored."),
            ({"a\ud800": 1}, "There is a character in it that can't be stored."),
            (json.loads("[" * 21 + "]" * 21), "This is nested deeper than 20."),
            (["x" * 4000], "This is longer than 4000 characters."),
        ],
    )
    def test_what_can_be_no_template_is_told_in_a_sentence(self, template: Any, sentence: str) -> None:
        with pytest.raises(ValidationError) as refused:
            bodies.check(template)
        (message,) = refused.value.messages
        assert message.startswith(sentence)


class TestPresets:
    @pytest.mark.parametrize(
        ("key", "body"),
        [
            ("discord", b'{"content": "Bob: @everyone \\"hi\\"", "allowed_mentions": {"parse": []}}'),
            (
                "streamerbot",
                b'{"action": {"name": "Blink"}, "args": {"user": "Bob", "text": "@everyone \\"hi\\"", "amount": 5}}',
            ),
            (
                "mixitup",
                b'{"Platform": "Twitch", "Arguments": "@everyone \\"hi\\"", '
                b'"SpecialIdentifiers": {"pixeluser": "Bob", "pixelamount": "5"}, "IgnoreRequirements": false}',
            ),
            ("homeassistant", b'{"user": "Bob", "text": "@everyone \\"hi\\"", "amount": 5}'),
        ],
    )
    def test_each_is_saved_as_it_is_offered_and_sends_exactly_this(
        self,
        server: type[Listener],
        fox: Client,
        viewer: Callable[..., Viewer],
        settings: Any,
        key: str,
        body: bytes,
    ) -> None:
        preset = PRESETS[key]
        page = fox.get(f"{ADD}?preset={key}")
        assert preset.advice.replace("'", "&#x27;") in page.text
        form = page.context["adminform"].form
        typed = {name: form[name].value() for name in ("name", "url", "method")}
        assert typed["url"] == preset.url and typed["name"] == preset.title
        typed["body"] = form["body"].value()
        settings.WEBHOOK_ADDRESSES = [preset.url, *settings.WEBHOOK_ADDRESSES]
        fox.post(ADD, typed)
        WebhookTarget.objects.update(url=f"{server.root}x", name="Lamp")  # type: ignore[attr-defined]
        item = called(viewer("Bob"), text='@everyone "hi"', amount="5", action="Blink")
        assert item.state == State.DONE, item.error
        assert server.heard[0][2] == body

    def test_without_one_the_form_is_empty_and_offers_them(self, fox: Client) -> None:
        page = fox.get(ADD).text
        for key, preset in PRESETS.items():
            assert f'<a href="?preset={key}">{preset.title}</a>' in page
        assert fox.get(f"{ADD}?preset=nosuch").status_code == 200


class TestForm:
    @pytest.fixture
    def form(self, server: Any) -> dict[str, str]:
        return {"name": "Lamp", "url": f"{server.root}lamp", "method": "POST", "body": "", "new_headers": ""}

    def test_a_target_without_a_body_has_an_empty_field(self, fox: Client) -> None:
        target = WebhookTarget.objects.create(name="Lamp", url="https://example.org/", body=None)
        for page in (ADD, f"/admin/effects/webhooktarget/{target.pk}/change/"):
            assert fox.get(page).context["adminform"].form["body"].value() == ""

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ('{"a": }', "Enter a valid JSON."),
            ('{"a": "{usr}"}', "{usr} is not filled in here."),
            ("[" * 5000, "Enter a valid JSON."),
            ("[" * 5000 + "]" * 5000, "This is nested deeper than 20."),
            ("[NaN]", "JSON has no such number as NaN or Infinity."),
        ],
    )
    def test_a_body_with_mistakes_is_told_beside_its_field(
        self, fox: Client, form: dict[str, str], body: str, sentence: str
    ) -> None:
        page = fox.post(ADD, {**form, "body": body})
        (told,) = page.context["adminform"].form.errors["body"]
        assert told.startswith(sentence) or (body == "[" * 5000 and "nested" in told)
        assert not WebhookTarget.objects.exists()

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ("no colon", "Line 1 must be a name, a colon and a value."),
            ("A: 1\nB C: hush", "Line 2 must be a name, a colon and a value."),
            ("A:", "The value of A must be of 1 to 1000 plain characters (ASCII)."),
            ("A: hüsh", "The value of A must be of 1 to 1000 plain characters (ASCII)."),
            ("A: " + "x" * 1001, "The value of A must be of 1 to 1000 plain characters (ASCII)."),
            ("Host: evil.example", "The bot sets Host itself."),
            ("transfer-encoding: chunked", "The bot sets transfer-encoding itself."),
            ("X-PixelBot-Signature: x", "The bot sets X-PixelBot-Signature itself."),
            ("A: 1\na: 2", "a is there twice."),
            ("\n".join(f"A{number}: 1" for number in range(21)), "There are more than 20 headers."),
        ],
    )
    def test_headers_with_mistakes_are_told(self, fox: Client, form: dict[str, str], typed: str, sentence: str) -> None:
        page = fox.post(ADD, {**form, "new_headers": typed})
        assert page.context["adminform"].form.errors["new_headers"] == [sentence]

    def test_an_address_that_env_does_not_allow_is_refused(self, fox: Client, form: dict[str, str]) -> None:
        for url in (
            "http://169.254.169.254/latest/",
            "http://127.0.0.1:1/",
            "file:///etc/passwd",
            form["url"] + "/../x/..",
        ):
            page = fox.post(ADD, {**form, "url": url})
            (told,) = page.context["adminform"].form.errors["url"]
            assert told.startswith("This address is not among WEBHOOK_ADDRESSES in .env") or "500" in told

    def test_headers_are_sealed_and_shown_nowhere(
        self, fox: Client, form: dict[str, str], server: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        fox.post(ADD, {**form, "new_headers": f"Authorization: {HUSH}"})
        row = WebhookTarget.objects.get()
        assert headers.unseal(row.headers) == {"Authorization": HUSH}
        server.answer = answering(500, b"no")
        called()
        change = f"/admin/effects/webhooktarget/{row.pk}/change/"
        shown = fox.get(change).text
        assert "Authorization: ••••" in shown
        fox.post(change, {**form, "name": "Other"})
        fox.post(f"/admin/effects/webhooktarget/{row.pk}/try/", {"text": "x"})
        pages = [change, "/admin/effects/webhooktarget/", f"/admin/effects/webhooktarget/{row.pk}/history/", "/admin/"]
        pages += ["/admin/effects/queueitem/", f"/admin/effects/queueitem/{QueueItem.objects.get().pk}/change/"]
        shown += "".join(fox.get(page).text for page in pages)
        stored = repr([list(model._default_manager.values_list()) for model in apps.get_models()])
        assert "hush" not in shown + stored + caplog.text
        row.refresh_from_db()
        assert headers.unseal(row.headers) == {"Authorization": HUSH}  # a blank field left them
        assert row.headers not in shown

    def test_headers_can_be_replaced_and_forgotten(self, fox: Client, form: dict[str, str], server: Any) -> None:
        row = target(server, own={"Authorization": HUSH, "B": "2"})
        change = f"/admin/effects/webhooktarget/{row.pk}/change/"
        fox.post(change, {**form, "new_headers": "A: 1"})
        row.refresh_from_db()
        assert headers.unseal(row.headers) == {"A": "1"}
        fox.post(change, {**form, "new_headers": "A: 1", "forget_headers": "on"})
        row.refresh_from_db()
        assert row.headers == ""

    def test_stored_headers_do_not_follow_to_another_host(
        self, fox: Client, form: dict[str, str], server: Any, settings: Any
    ) -> None:
        row = target(server, own={"Authorization": HUSH})
        settings.WEBHOOK_ADDRESSES = [*settings.WEBHOOK_ADDRESSES, "http://other.example/"]
        change = f"/admin/effects/webhooktarget/{row.pk}/change/"
        elsewhere = {**form, "url": "http://other.example/"}
        assert "The address leads to another host" in fox.post(change, elsewhere).text
        row.refresh_from_db()
        assert row.url == form["url"]
        fox.post(change, {**elsewhere, "new_headers": "A: 1"})
        row.refresh_from_db()
        assert (row.url, headers.unseal(row.headers)) == ("http://other.example/", {"A": "1"})
        fox.post(change, {**form, "new_headers": "A: 1"})
        fox.post(change, {**form, "url": f"{server.root}other/path"})
        row.refresh_from_db()
        assert row.url.endswith("other/path") and row.headers  # the same host

    def test_the_list_shows_no_address_that_could_be_a_secret(self, fox: Client, server: Any) -> None:
        target(server)
        assert "/lamp" not in fox.get("/admin/effects/webhooktarget/").text


class TestTry:
    def tried(self, fox: Client, **words: str) -> str:
        row = WebhookTarget.objects.get()
        return fox.post(f"/admin/effects/webhooktarget/{row.pk}/try/", words, follow=True).text

    def test_it_shows_status_time_and_the_beginning_of_the_answer_as_text(self, fox: Client, server: Any) -> None:
        server.answer = answering(200, ("<b>ünï</b>" + "x" * 600).encode())
        target(server, {"who": "{user}", "text": "{text}", "n": "{amount}", "do": "{action}"})
        page = self.tried(fox, text="hi", amount="5", action="Blink")
        assert json.loads(server.heard[0][2]) == {"who": "fox", "text": "hi", "n": 5, "do": "Blink"}
        assert "It answered 200 after 0." in page and "&lt;b&gt;ünï&lt;/b&gt;" in page and "<b>ünï" not in page
        assert "x" * 490 in page and "x" * 491 not in page

    def test_an_error_is_shown_as_one(self, fox: Client, server: Any) -> None:
        server.answer = answering(404, b"no such hook")
        target(server)
        assert '<li class="error">It answered 404 after 0.' in self.tried(fox)
        assert "no such hook" in self.tried(fox)

    def test_a_redirect_is_not_followed(self, fox: Client, server: Any) -> None:
        server.answer = answering(302, Location=f"{server.root}elsewhere")
        target(server)
        assert "It answered 302" in self.tried(fox) and len(server.heard) == 1

    def test_secrets_that_the_answer_repeats_are_masked(self, fox: Client, server: Any) -> None:
        server.answer = answering(200, f"you sent {HUSH}, that is {HUSH.split()[1]}, and {SECRET}.".encode())
        target(server, own={"Authorization": HUSH})
        page = self.tried(fox)
        assert "you sent ••••, that is ••••, and ••••." in page and "hush" not in page and SECRET not in page

    def test_of_an_endless_answer_only_the_beginning_is_read(self, fox: Client, server: Any) -> None:
        def endless(request: BaseHTTPRequestHandler) -> None:
            answering(200, b"", Content_Length=str(10**12))(request)
            with contextlib.suppress(OSError):
                while True:
                    request.wfile.write(b"y" * 65_536)

        server.answer = endless
        target(server)
        began = time.monotonic()
        page = self.tried(fox)
        assert "It answered 200" in page and "y" * 500 in page and "y" * 501 not in page
        assert time.monotonic() - began < 4

    def test_an_answer_that_is_packed_is_not_unpacked(self, fox: Client, server: Any) -> None:
        server.answer = answering(200, gzip.compress(b"z" * 10**7), Content_Encoding="gzip")
        target(server)
        assert "z" * 500 not in self.tried(fox)
        assert server.heard[0][3]["Accept-Encoding"] == "identity"

    def test_a_slow_one_is_given_up(self, fox: Client, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhooks, "DEADLINE", 0.5)

        def slow(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(40):
                    request.wfile.write(b"x")
                    time.sleep(0.05)

        server.answer = slow
        target(server)
        began = time.monotonic()
        assert "It did not work: the address did not answer within 0.5 s." in self.tried(fox)
        assert time.monotonic() - began < 2

    def test_what_is_no_http_is_told(self, fox: Client, server: Any) -> None:
        server.answer = lambda request: request.wfile.write(b"SSH-2.0-hello\r\n\r\n")
        target(server)
        assert "It did not work: the address could not be reached (RemoteProtocolError)." in self.tried(fox)

    def test_a_link_tries_nothing_nor_does_who_may_only_look(self, fox: Client, server: Any) -> None:
        row = target(server)
        assert fox.get(f"/admin/effects/webhooktarget/{row.pk}/try/").status_code == 403
        assert not server.heard
