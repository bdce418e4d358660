"""Odd lines in chat: each is answered, refused or left alone as it should be, and none of them raises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from economy.models import Cooldown, Viewer
from joystick.chat import seeds
from joystick.models import Counter, CustomCommand, InboundEvent, InboundState
from joystick.simulator.happenings import chat
from pixelbot_site.kit.clean import clean_text
from redeems import purchase

pytestmark = pytest.mark.django_db

ODD = [
    "{user}", "{1}", "{rest}", "{{user}}", "{counter:deaths+1}", "{random:1-6}", "{pick:a|b}", "{1|x}", "{", "}", "{}",
    "{:}", "{|}", "{user", "%s", "%(user)s", "$user", "\\1", "\\g<1>", "${user}", "{0}", "{0.__class__}", "{user!r}",
    "{user:>99}", "💖", "👩‍👩‍👧‍👦", "ÄÖÜß", "日本語", "עברית", "العربية", "e\u0301", "\u202eabc", "a\u200bb", "\ufeff", "\u0000x",
    "\x1b[31mred", "a\tb", "a\nb", "'; DROP TABLE x; --", '"', "''", "<b>bold</b>", "<script>", "&amp;", "http://a.b/c?d=e&f",
    "@Ann", "@", "!hug", "x" * 500, "9" * 30, "-1", "0", "1e9", "NaN", "None", "null", "true",
]  # fmt: skip
COMMANDS = ("points", "give", "quote", "deaths")


@pytest.fixture
def ask(
    viewer: Callable[..., Viewer], deliver: Callable[..., None], said: list[str], capture: Callable[..., None]
) -> Callable[[str], list[str]]:
    viewer("Bob", points=100)
    purchase.seed()
    seeds.seed()
    CustomCommand.objects.update(enabled=True, cooldown_seconds=0)
    Counter.objects.create(name="deaths", value=4)

    def type_it(text: str) -> list[str]:
        said.clear()
        Cooldown.objects.all().delete()
        capture(deliver, chat("Bob", text))
        return list(said)

    return type_it


@pytest.fixture
def capture(django_capture_on_commit_callbacks: Callable[..., object]) -> Callable[..., None]:
    def run(what: Callable[..., None], *arguments: object) -> None:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
            what(*arguments)

    return run


def test_two_hundred_odd_lines(ask: Callable[[str], list[str]]) -> None:
    count = 0
    for odd in ODD:
        typed = clean_text(f"!hug {odd}", 1000).strip()
        first = next(iter(typed.split()[1:]), "everybody")
        assert ask(f"!hug {odd}") == [f"Bob hugs {first}."], odd
        for command in COMMANDS:
            answers = ask(f"!{command} {odd}")
            assert len(answers) <= 1 and all(answer.startswith(("@Bob ", "deaths: ")) for answer in answers), (
                command,
                odd,
            )
        assert ask(odd) == [] or odd == "!hug"
        count += 2 + len(COMMANDS)
    assert count > 300
    assert not InboundEvent.objects.filter(state=InboundState.FAILED).exists()
    assert Counter.objects.get().value == 4
