"""An invitation: who may make one to which role, and that its address makes one login, once, within a day."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pixelbot_site.models import ApiToken, Invitation, Role
from tests.threads import at_once

pytestmark = pytest.mark.django_db

LIST = "/admin/pixelbot_site/invitation/"
PASSWORD = "a long and odd password"


@pytest.fixture(autouse=True)
def forget_guesses() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def fox() -> User:
    return User.objects.create_superuser("fox", password="x")


def group(role: str) -> Group:
    found = Role.objects.get(key=role).group
    assert found is not None
    return found


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def invite(user: User, role: Group, **more: Any) -> str:
    """Make an invitation in the dashboard; return its path."""
    page = browser(user).post(f"{LIST}add/", {"role": role.pk, "note": "for Mo"}, follow=True, **more).text
    found = re.search(r"http://[\w.:]+(/invitation/[\w-]{43}/)", page)
    assert found, page
    return found[1]


def accept(path: str, name: str = "mo", password: str = PASSWORD, client: Client | None = None) -> Any:
    form = {"username": name, "password1": password, "password2": password}
    return (client or Client()).post(path, form)


def change(path: str, **values: Any) -> None:
    Invitation.objects.filter(digest=ApiToken.hashed(path.split("/")[2])).update(**values)


def test_whoever_has_the_address_makes_a_login_with_the_role_and_is_logged_in(fox: User) -> None:
    path = invite(fox, group("moderator"))
    client = Client()
    page = client.get(path).text
    assert "fox invites you" in page and "<b>moderator</b>" in page
    answer = accept(path, client=client)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert client.get("/admin/effects/queueitem/").status_code == 200
    assert client.get("/admin/auth/user/").status_code == 403
    mo = User.objects.get(username="mo")
    assert (mo.is_staff, mo.is_superuser, [str(role) for role in mo.groups.all()]) == (True, False, ["moderator"])
    assert mo.check_password(PASSWORD)
    assert "invitation of fox to the role moderator" in LogEntry.objects.get(user=mo).get_change_message()


def test_the_address_is_shown_once_and_only_its_hash_is_kept(fox: User, caplog: pytest.LogCaptureFixture) -> None:
    token = invite(fox, group("viewer")).split("/")[2]
    row = Invitation.objects.get()
    assert (row.note, row.invited_by, token in str(vars(row))) == ("for Mo", fox, False)
    assert token not in browser(fox).get(LIST).text
    assert token not in browser(fox).get(f"{LIST}{row.pk}/change/").text
    accept(f"/invitation/{token}/")
    assert token not in caplog.text and token not in str(list(LogEntry.objects.values()))


def test_the_address_is_the_one_the_page_was_opened_with(fox: User, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["bot.example.org", "127.0.0.1", "localhost"]
    for host, is_here in (("bot.example.org:8123", False), ("127.0.0.1:8000", True), ("localhost", True)):
        page = browser(fox).post(
            f"{LIST}add/", {"role": group("viewer").pk}, follow=True, headers={"host": host}
        ).text  # fmt: skip
        assert f"http://{host}/invitation/" in page
        assert ("It leads to this PC alone." in page) == is_here


def test_it_works_once(fox: User) -> None:
    path = invite(fox, group("viewer"))
    assert Client().get(path).status_code == Client().get(path).status_code == 200  # looking uses nothing up
    accept(path)
    for answer in (Client().get(path), accept(path, "eve")):
        assert answer.status_code == 410 and "This invitation was used." in answer.text
    assert not User.objects.filter(username="eve").exists()
    assert ">used<" in browser(fox).get(LIST).text


@pytest.mark.django_db(transaction=True)
def test_of_several_who_use_it_at_the_same_moment_one_gets_a_login(fox: User) -> None:
    path = invite(fox, group("moderator"))
    answers = at_once(6, lambda number: accept(path, f"guest{number}").status_code)
    assert sorted(answers, key=str) == [302, 410, 410, 410, 410, 410]
    assert User.objects.exclude(pk=fox.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_chose_a_name_that_was_just_taken_can_still_choose_another(fox: User) -> None:
    path = invite(fox, group("moderator"))
    taken, validated = threading.Event(), threading.Event()

    def tell(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith(("BEGIN", "UPDATE")):  # the name was looked up, and is about to be stored
            validated.set()
        return execute(sql, *arguments)

    def come(number: int) -> Any:
        if number:
            assert taken.wait(10)
            with connection.execute_wrapper(tell):
                return accept(path)
        with transaction.atomic():
            User.objects.create_user("mo")
            taken.set()
            assert validated.wait(10)
        return None

    _, answer = at_once(2, come)
    assert answer.status_code == 200 and "Somebody has just taken this name." in answer.text  # type: ignore[union-attr]
    assert accept(path, "another").status_code == 302


def test_it_ends_after_a_day(fox: User) -> None:
    path = invite(fox, group("viewer"))
    change(path, created_at=timezone.now() - timedelta(hours=23, minutes=59))
    assert Client().get(path).status_code == 200
    change(path, created_at=timezone.now() - timedelta(hours=24))
    for answer in (Client().get(path), accept(path)):
        assert answer.status_code == 410 and "24 hours, which are over" in answer.text
    assert User.objects.count() == 1 and ">over<" in browser(fox).get(LIST).text


def test_it_ends_when_it_is_taken_back(fox: User) -> None:
    path = invite(fox, group("viewer"))
    browser(fox).post(f"{LIST}{Invitation.objects.get().pk}/delete/", {"post": "yes"})
    answer = accept(path)
    assert answer.status_code == 404 and "There is no such invitation" in answer.text
    assert User.objects.count() == 1


def test_a_password_that_is_easily_guessed_is_refused_and_uses_nothing_up(fox: User) -> None:
    path = invite(fox, group("viewer"))
    for name, password, reason in (("mo", "short", "too short"), ("mo", "password1", "too common"), ("streamers", "streamers", "too similar"), ("FOX", PASSWORD, "already exists")):  # fmt: skip
        answer = accept(path, name, password)
        assert answer.status_code == 200 and reason in answer.text
    assert accept(path).status_code == 302


@pytest.fixture
def helper() -> Callable[..., User]:
    """Makes a manager who has some more permissions."""

    def make(*codenames: str) -> User:
        user = User.objects.create_user("helper", is_staff=True)
        user.groups.add(group("manager"))
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return user

    return make


def test_somebody_who_may_not_add_users_invites_nobody(helper: Callable[..., User]) -> None:
    client = browser(helper())
    for page in (LIST, f"{LIST}add/"):
        assert client.get(page).status_code == 403
    assert client.post(f"{LIST}add/", {"role": group("viewer").pk}).status_code == 403
    assert "Invitations" not in client.get("/admin/").text


def test_nobody_invites_to_a_role_with_permissions_that_they_lack(helper: Callable[..., User]) -> None:
    user = helper("add_user")
    client = browser(user)
    page = client.get(f"{LIST}add/").text
    assert re.findall(r"<option value=\"\d+\">(\w+)<", page) == ["manager", "moderator", "viewer"]
    answer = client.post(f"{LIST}add/", {"role": group("owner").pk})
    assert "Select a valid choice" in answer.text and not Invitation.objects.exists()
    assert accept(invite(user, group("moderator"))).status_code == 302


@pytest.mark.parametrize("end", ["left", "no longer staff", "may not invite", "lesser role", "role got more"])
def test_an_invitation_ends_with_the_rights_of_its_maker(helper: Callable[..., User], end: str) -> None:
    user = helper("add_user")
    path = invite(user, group("moderator"))
    if end == "left":
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif end == "no longer staff":
        User.objects.filter(pk=user.pk).update(is_staff=False)
    elif end == "may not invite":
        user.user_permissions.clear()
    elif end == "lesser role":
        user.groups.set([group("viewer")])
    else:
        group("moderator").permissions.add(Permission.objects.get(codename="view_apitoken"))
    assert accept(path).status_code == 404
    assert not User.objects.filter(username="mo").exists()


def test_an_owner_who_is_no_superuser_invites_a_second_one() -> None:
    user = User.objects.create_user("second", is_staff=True)
    user.groups.add(group("owner"))
    assert accept(invite(user, group("owner"))).status_code == 302


def test_guessing_is_slowed_and_does_not_lock_out_who_has_an_address(
    fox: User, caplog: pytest.LogCaptureFixture
) -> None:
    path = invite(fox, group("viewer"))
    statuses = [Client().get(reverse("invitation", args=[f"guess{number}"])).status_code for number in range(22)]
    assert statuses == [404] * 20 + [429] * 2
    assert caplog.text.count("wrong invitations in a minute from 127.0.0.1") == 1
    assert Client().get(path).status_code == 200


def test_the_form_needs_its_token_and_shows_markup_as_text(fox: User) -> None:
    fox.username = "<b>fox</b>"
    fox.save()
    role = Group.objects.create(name="<i>odd</i>")
    path = invite(fox, role)
    page = Client().get(path).text
    assert "&lt;b&gt;fox" in page and "&lt;i&gt;odd" in page and "<i>odd" not in page
    with transaction.atomic():
        assert accept(path, client=Client(enforce_csrf_checks=True)).status_code == 403
