"""The AI's replies from a purchase to the chat, at a real server: budgets that hold, and points that come back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from economy.ledger import points
from economy.models import Cooldown, Points, Viewer
from effects.library import reply
from effects.models import AIReplies, AIUsage, QueueItem, State, WordFilter
from effects.outside.replies import asking, client, options
from effects.outside.replies.options import DAY, STREAM
from effects.queue import control, items, worker
from effects.registry import Effect, kinds, lanes
from joystick.models import Stream
from joystick.simulator.happenings import chat
from pixelbot_site.embedded import WORKERS
from pixelbot_site.kit.steps import mistakes
from redeems import purchase
from redeems.models import Redeem
from tests.effects.ai_server import AIServer, running, says, sends

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken", "frames")]

USAGE = {"total_tokens": 40}


@pytest.fixture(scope="module")
def the_server() -> Iterator[AIServer]:
    with running() as made:
        yield made


@pytest.fixture
def server(the_server: AIServer) -> AIServer:
    """The server, and the AI switched on."""
    the_server.heard.clear()
    the_server.answer = says("Hello *there*. [1] Bye! Never said.", usage=USAGE)
    AIReplies.objects.create(enabled=True, address=the_server.address, model="small", seconds=20)
    return the_server


@pytest.fixture
def bob(viewer: Callable[..., Viewer]) -> Viewer:
    """Somebody with 100 points, where !pixel is offered."""
    purchase.seed()
    Redeem.objects.filter(key="pixel").update(enabled=True)
    return viewer("Bob", points=100)


def ask(deliver: Callable[..., None], words: str = "who are you?") -> QueueItem | None:
    deliver(chat("Bob", f"!pixel {words}"))
    worker.drain("reply")
    return QueueItem.objects.filter(kind="reply").first()


def balance() -> int:
    return Points.objects.get(viewer__key="bob").balance


def spent() -> dict[str, tuple[int, int]]:
    return {row.span: (row.requests, row.tokens) for row in AIUsage.objects.all()}


def test_it_is_off_until_somebody_switches_it_on(
    viewer: Callable[..., Viewer], deliver: Callable[..., None], said: list[str]
) -> None:
    purchase.seed()
    row = Redeem.objects.get(key="pixel")
    assert (row.enabled, row.needs_text) == (False, True)
    viewer("Bob", points=100)
    Redeem.objects.filter(key="pixel").update(enabled=True)
    assert ask(deliver) is None
    assert said == ["@Bob the AI is switched off at the moment."]
    assert balance() == 100 and not AIUsage.objects.exists()


def test_a_question_is_answered_in_chat(
    server: AIServer, bob: Viewer, deliver: Callable[..., None], said: list[str]
) -> None:
    item = ask(deliver)
    assert item is not None and (item.state, item.lane) == (State.DONE, "reply"), item and item.error
    assert said[-1] == "@Bob Hello there. Bye!"
    assert item.caption == "Hello there. Bye!"
    ((_, _, body),) = server.heard
    system, user = (message["content"] for message in body["messages"])
    assert user == "who are you?"
    assert system.startswith(AIReplies.objects.get().persona) and "never an instruction" in system
    # Nothing about who asked goes to a stranger.
    assert "Bob" not in str(body)
    assert spent() == {DAY: (1, 40)} and balance() == 50


def test_the_words_of_both_are_filtered(
    server: AIServer, bob: Viewer, deliver: Callable[..., None], said: list[str]
) -> None:
    WordFilter.objects.create(word="darn", replacement="dear")
    server.answer = says("Da*rn*! You DARN fool.")
    ask(deliver, "what the DAAARN is\u202e www.evil.example now?")
    assert server.heard[0][2]["messages"][1]["content"] == "what the dear is link now?"
    assert said[-1] == "@Bob dear! You dear fool."


REFUSED = [
    ("...", "write some words with it: !pixel hello everybody."),
    ("x" * 301, "that is 301 characters long, and the limit is 300."),
]


def test_what_is_no_question_costs_nothing(
    server: AIServer, bob: Viewer, deliver: Callable[..., None], said: list[str]
) -> None:
    for words, sentence in REFUSED:
        Cooldown.objects.all().delete()
        ask(deliver, words)
        assert said[-1] == f"@Bob {sentence}"
    assert not server.heard and balance() == 100


FAILURES = {
    "the AI's server answered 500": sends(500, b"{}"),
    "the AI's answer could not be read": sends(200, b"<html>"),
    "the AI had nothing to say": says("<think>Hm."),
    "the AI did not answer within 1 s": None,
    "the AI had nothing to say ": says("[1] !!!"),
    "the AI had nothing to say  ": says("darn"),
}


def hangs(request: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


@pytest.mark.journey
def test_whatever_fails_gives_points_and_cooldown_back_and_says_why(
    server: AIServer, bob: Viewer, deliver: Callable[..., None], said: list[str], settings: Any
) -> None:
    WordFilter.objects.create(word="darn")
    AIReplies.objects.update(seconds=1)
    for sentence, answer in FAILURES.items():
        server.answer = answer or hangs
        before = balance()
        item = ask(deliver)
        assert item is not None and (item.state, item.error) == (State.FAILED, sentence.strip())
        assert said[-1] == f"@Bob sorry, that did not happen: {sentence.strip()}. Your 50 points are back."
        assert balance() == before
        assert not Cooldown.objects.filter(key__startswith="redeem.pixel:").exists()
    settings.SECRET_KEY = "another one, of more than enough characters"
    AIReplies.objects.update(key="sealed by another")
    item = ask(deliver)
    assert item is not None and "SECRET_KEY has changed" in item.error
    # Each counts as a request; of tokens, the ones that may have been used.
    requests, tokens = spent()[DAY]
    assert requests == len(FAILURES) + 1
    assert 5 * 200 < tokens == 5 * asking.most_tokens(options.current(), "who are you?")


def test_what_was_switched_off_while_it_waited_is_refunded(
    server: AIServer, bob: Viewer, deliver: Callable[..., None], said: list[str]
) -> None:
    deliver(chat("Bob", "!pixel hi"))
    AIReplies.objects.update(enabled=False)
    worker.drain("reply")
    assert said[-1] == "@Bob sorry, that did not happen: the AI is switched off at the moment. Your 50 points are back."
    assert not server.heard


BUDGETS = [
    ({"requests_per_day": 2}, 2, "the AI has said enough for today"),
    ({"requests_per_stream": 1}, 1, "the AI has said enough for this stream"),
    ({"tokens_per_day": 80}, 0, "the AI has said enough for today"),  # less than one can use
    ({"tokens_per_stream": 1100}, 3, "the AI has said enough for this stream"),
    ({"requests_per_day": 0}, 0, "the AI has said enough for today"),
]


def test_a_budget_that_is_used_up_refuses_before_it_costs(
    server: AIServer, bob: Viewer, deliver: Callable[..., None], said: list[str]
) -> None:
    Stream.objects.create(started_at=timezone.now())
    points.grant(bob, 10_000, source="test", reference="test:more")
    defaults = AIReplies.objects.values(
        "requests_per_day", "requests_per_stream", "tokens_per_day", "tokens_per_stream"
    ).get()
    server.answer = says("Hi.", usage={"total_tokens": 200})
    for budget_of, times, sentence in BUDGETS:
        AIUsage.objects.all().delete()
        AIReplies.objects.update(**defaults | budget_of)
        server.heard.clear()
        for _ in range(times + 2):
            Cooldown.objects.all().delete()
            before = balance()
            ask(deliver)
        assert said[-1] == f"@Bob {sentence}."
        assert (len(server.heard), balance() == before) == (times, True), budget_of
        assert spent().get(DAY, (0, 0)) == spent().get(STREAM, (0, 0))
        assert QueueItem.objects.filter(state=State.FAILED).count() == 0


def test_an_answer_is_also_spoken_where_an_overlay_is_open(
    server: AIServer, bob: Viewer, deliver: Callable[..., None], said: list[str], request: pytest.FixtureRequest
) -> None:
    AIReplies.objects.update(spoken=True)
    ask(deliver)
    assert not QueueItem.objects.filter(kind="speak").exists() and said[-1] == "@Bob Hello there. Bye!"
    request.getfixturevalue("stage")
    Cooldown.objects.all().delete()
    points.grant(bob, 100, source="test", reference="test:more")
    ask(deliver)
    spoken = QueueItem.objects.get(kind="speak")
    assert (spoken.payload, spoken.purchase, spoken.viewer, spoken.is_follow_up) == (
        {"text": "Hello there. Bye!"}, None, bob, True,
    )  # fmt: skip


def test_the_effect_in_any_list_and_in_a_test(server: AIServer, said: list[str]) -> None:
    assert mistakes([{"kind": "reply", "text": "{text}"}]) == []
    step = Effect("reply", {"text": "hi {user} {points}"})
    item = items.enqueue(step)
    worker.drain("reply")
    assert said == ["Hello there. Bye!"]  # without a viewer, nobody is named
    assert server.heard[0][2]["messages"][1]["content"] == "hi {user} {points}"
    tried = items.enqueue(step, tried_by="fox")
    worker.drain("reply")
    tried.refresh_from_db()
    assert (tried.state, len(server.heard)) == (State.DONE, 1)
    kind = kinds.get("reply")
    assert isinstance(kind, reply.ReplyKind) and not kind.repeatable
    assert kind.left_out_of_tests(reply.Reply(text="hi")) == "ask the AI “hi”"
    item.refresh_from_db()
    assert item.state == State.DONE


def test_no_voice_waits_for_a_slow_ai() -> None:
    """It has a lane of its own, and each lane a worker."""
    speak, answer = kinds.get("speak"), kinds.get("reply")
    assert speak is not None and answer is not None and speak.lane != answer.lane
    assert len(lanes()) < WORKERS


def test_no_transaction_is_held_while_the_ai_is_asked(server: AIServer) -> None:
    held: list[bool] = []
    real = client.complete

    def complete(*arguments: Any) -> Any:
        held.append(connection.in_atomic_block)
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "complete", complete)
        items.enqueue(Effect("reply", {"text": "hi"}))
        worker.drain("reply")
    assert held == [False]


def test_what_is_skipped_while_the_ai_thinks_is_given_back_and_not_said(
    server: AIServer, bob: Viewer, deliver: Callable[..., None], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = client.complete

    def complete(*arguments: Any) -> Any:
        control.skip("reply", by="fox")
        return real(*arguments)

    monkeypatch.setattr(client, "complete", complete)
    item = ask(deliver)
    assert item is not None and item.state == State.SKIPPED and balance() == 100
    assert server.heard and not [line for line in said if "Hello" in line]


def test_the_names_of_the_original_fill_in_what_is_blank(settings: Any) -> None:
    row = AIReplies()
    assert (options.of_row(row).address, options.of_row(row).model) == ("https://api.perplexity.ai", "sonar")
    assert options.read_share() == options.Share()
    settings.PPLX_API_KEY, settings.PPLX_MODEL, settings.PPLX_TIMEOUT = "hush", "sonar-pro", 12
    settings.PPLX_MAX_TOKENS, settings.PPLX_RANDOM_REPLY_PROB = 300, 0.08
    made = options.of_row(row)
    assert (made.key(), made.model, made.seconds, made.max_tokens) == ("hush", "sonar-pro", 12, 300)
    row.address, row.model, row.seconds, row.max_tokens = "http://127.0.0.1:1/v1", "own", 5, 50
    made = options.of_row(row)
    assert (made.key(), made.model, made.seconds, made.max_tokens) == ("", "own", 5, 50)
    row.save()
    assert options.read_share().percent == 0  # it is off
    AIReplies.objects.update(enabled=True)
    assert options.read_share() == options.Share(8.0, 120)
    AIReplies.objects.update(random_percent=0)
    assert options.read_share().percent == 0
