"""The wheel beside the forms of prizes: drawn with what is not saved yet, by the arithmetic of the draw."""

from __future__ import annotations

import re
import secrets
from collections import Counter

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from effects import wheel
from effects.admin.wheel_preview import contrast, ink, preview
from effects.models import Prize

ADDRESS = "/admin/effects/prize/wheel/"
MARKUP = "<u>x</u>"  # short enough for a label


def browser(*codenames: str) -> Client:
    """The browser of somebody with these permissions."""
    user = get_user_model().objects.create_user("fox", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def fox(db: None) -> Client:
    return browser("view_prize", "change_prize", "add_prize")


@pytest.fixture
def prizes(db: None) -> list[Prize]:
    return [Prize.objects.create(name=name, weight=weight) for name, weight in (("Hat", 3), ("Scarf", 1))]


def form(prize: Prize | None = None, **values: str) -> dict[str, str]:
    """What the form of a prize sends, with some values changed."""
    row = prize or Prize()
    stock = "" if row.stock is None else str(row.stock)
    shown = {"name": row.name, "weight": str(row.weight), "colour": row.colour, "stock": stock, "initial-stock": stock}
    return {**shown, "effects": "[]", "enabled": "on" if row.enabled else "", **values}


def drawn(client: Client, data: dict[str, str], prize: Prize | None = None) -> dict[str, tuple[str, str]]:
    """Ask for the drawing; return each prize's chance, and the one that it has now."""
    answer = client.post(f"{ADDRESS}?prize={prize.pk if prize else ''}", data)
    return chances(answer.text)


def chances(page: str) -> dict[str, tuple[str, str]]:
    rows = re.findall(r"<bdi>(.*?)</bdi></th><td[^>]*>(.*?)</td><td>(.*?)</td>", page)
    return {name: (chance, now) for name, chance, now in rows}


def listed(rows: list[Prize], **columns: list[str]) -> dict[str, str]:
    """What the form of the list sends."""
    data = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": str(len(rows))}
    for place, row in enumerate(rows):
        data[f"form-{place}-id"] = str(row.pk)
        for column, values in columns.items():
            data[f"form-{place}-{column}"] = values[place]
    return data


def test_each_change_of_a_form_shows_in_the_chances_before_it_is_saved(fox: Client, prizes: list[Prize]) -> None:
    hat, _ = prizes
    assert drawn(fox, form(hat, weight="1"), hat) == {"Hat": ("50.00%", "75.00%"), "Scarf": ("50.00%", "25.00%")}
    assert drawn(fox, form(hat, enabled=""), hat) == {"Hat": ("none", "75.00%"), "Scarf": ("100.00%", "25.00%")}
    assert drawn(fox, form(hat, stock="0"), hat)["Hat"] == ("none", "75.00%")
    assert drawn(fox, form(hat, name="Cap"), hat)["Cap"] == ("75.00%", "75.00%")
    answer = fox.post(f"{ADDRESS}?prize={hat.pk}", form(hat, colour="#123456")).text
    assert '#123456"/><text fill="#ffffff"' in answer
    assert set(Prize.objects.values_list("name", "weight", "colour", "stock", "enabled")) == {
        ("Hat", 3, hat.colour, None, True),
        ("Scarf", 1, hat.colour, None, True),
    }


def test_a_new_prize_is_drawn_beside_the_saved_ones(fox: Client, prizes: list[Prize]) -> None:
    expected = {"Hat": ("37.50%", "75.00%"), "Scarf": ("12.50%", "25.00%"), "Cap": ("50.00%", "none")}
    assert drawn(fox, form(name="Cap", weight="4")) == expected
    assert drawn(fox, form(weight="4"))["this prize"] == ("50.00%", "none")  # no name is typed yet
    assert "Chance of this prize: <b>71.43%</b> once it is saved; now none" in fox.get("/admin/effects/prize/add/").text
    assert Prize.objects.count() == 2


def test_the_list_is_drawn_with_all_its_changes(fox: Client, prizes: list[Prize]) -> None:
    data = listed(prizes, weight=["1", "1"], enabled=["on", "on"])
    assert drawn(fox, data) == {"Hat": ("50.00%", "75.00%"), "Scarf": ("50.00%", "25.00%")}
    data = listed(prizes, weight=["3", "7"], enabled=["", "on"])
    assert drawn(fox, data) == {"Hat": ("none", "75.00%"), "Scarf": ("100.00%", "25.00%")}
    assert list(Prize.objects.values_list("weight", "enabled")) == [(3, True), (1, True)]


def test_a_list_with_a_prize_that_was_deleted_meanwhile_is_drawn_without_it(fox: Client, prizes: list[Prize]) -> None:
    data = listed(prizes, weight=["1", "1"], enabled=["on", "on"])
    prizes[0].delete()
    assert drawn(fox, data) == {"Scarf": ("100.00%", "100.00%")}


@pytest.mark.parametrize("wrong", [{"weight": "0"}, {"weight": "x"}, {"colour": 'red"><b>'}, {"stock": "-1"}])
def test_what_can_not_be_saved_is_not_drawn_but_named(fox: Client, prizes: list[Prize], wrong: dict[str, str]) -> None:
    hat, _ = prizes
    page = fox.post(f"{ADDRESS}?prize={hat.pk}", form(hat, **wrong)).text
    assert chances(page)["Hat"] == ("75.00%", "75.00%")
    assert f"Not drawn yet: {next(iter(wrong)).capitalize()}: " in page and "<b>" not in page.split('role="status"')[0]


def test_a_stock_that_was_won_while_the_form_was_open_counts_as_it_is_saved(fox: Client, prizes: list[Prize]) -> None:
    hat, _ = prizes
    hat.stock = 1
    hat.save()
    data = form(hat)
    Prize.objects.filter(pk=hat.pk).update(stock=0)
    assert drawn(fox, data, hat)["Hat"] == ("none", "none")
    assert drawn(fox, {**data, "stock": "2"}, hat)["Hat"] == ("75.00%", "none")


@pytest.mark.parametrize("weights", [(1,), (40, 25, 15, 10, 6, 4), (1, 1, 998)])
def test_the_chances_are_those_of_the_draw(db: None, weights: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for place, weight in enumerate(weights):
        Prize.objects.create(name=f"prize {place}", weight=weight)
    Prize.objects.create(name="off", weight=5, enabled=False)
    Prize.objects.create(name="gone", weight=5, stock=0)
    total = sum(weights)
    times: Counter[str] = Counter()
    for ticket in range(total):  # every ticket that can be drawn, once
        monkeypatch.setattr(secrets, "randbelow", lambda below, ticket=ticket: ticket if below == total else -1)
        times[wheel.pick(wheel.winnable(None)).name] += 1
    shown = {row.name: row.chance for row in preview().rows}
    assert shown == {name: f"{times[name] / total:.2%}" if times[name] else "none" for name in shown}
    assert {name: f"{chance:.2%}" for name, chance in wheel.odds()} == {
        name: chance for name, chance in shown.items() if chance != "none"
    }


def test_a_form_that_comes_back_with_a_mistake_is_drawn_as_it_stands(fox: Client, prizes: list[Prize]) -> None:
    hat, _ = prizes
    page = fox.post(f"/admin/effects/prize/{hat.pk}/change/", form(hat, weight="1", effects="no JSON")).text
    assert chances(page)["Hat"] == ("50.00%", "75.00%")
    data = {**listed(prizes, weight=["9", "x"], enabled=["on", "on"]), "_save": "Save"}
    assert chances(fox.post("/admin/effects/prize/", data).text)["Hat"] == ("90.00%", "75.00%")


def test_who_may_only_see_prizes_sees_the_wheel_as_it_is_saved(prizes: list[Prize]) -> None:
    client = browser("view_prize")
    for page in ("/admin/effects/prize/", f"/admin/effects/prize/{prizes[0].pk}/change/"):
        text = client.get(page).text
        assert chances(text)["Hat"] == ("75.00%", "75.00%")
        assert "data-draw" not in text and "dashboard/wheel.js" not in text
    assert client.post(ADDRESS, form()).status_code == 403


@pytest.mark.parametrize("codenames", [(), ("view_spin", "change_redeem")])
def test_others_are_refused(prizes: list[Prize], codenames: tuple[str, ...]) -> None:
    assert browser(*codenames).post(ADDRESS, form()).status_code == 403
    assert "/login/" in Client().post(ADDRESS, form()).url  # type: ignore[attr-defined]


def test_names_are_shown_as_text_and_a_wheel_without_prizes_says_so(fox: Client) -> None:
    assert "No prize can be won: spins are refused." in fox.get("/admin/effects/prize/").text
    page = fox.post(ADDRESS, form(name=MARKUP)).text
    assert MARKUP not in page and page.count("&lt;u&gt;x") > 2
    assert "<circle" in page  # the only prize is the whole wheel


@given(st.integers(0, 0xFFFFFF))
def test_a_label_can_be_read_on_any_colour(number: int) -> None:
    colour = f"#{number:06x}"
    assert contrast(ink(colour), colour) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    examples = (("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#ffffff", "#ff0000", 4.0))
    for one, other, expected in examples:
        assert contrast(one, other) == pytest.approx(expected, abs=0.01)
