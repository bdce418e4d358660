"""Who is let in, and what an error looks like."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from ninja.constants import NOT_SET

from pixelbot_site.api import api
from pixelbot_site.kit.api import Login, Need, Scope, Token
from pixelbot_site.models import ApiToken

Call = Callable[..., Any]


def test_nobody_is_let_in_without_a_token_or_a_login(call: Call) -> None:
    for bearer in (None, "pxb_nonsense"):
        answer = call("get", "/viewers", bearer=bearer)
        assert answer.status_code == 401
        assert answer.json()["detail"].startswith("Log in to the dashboard, or send a token")


def test_a_token_may_what_its_scopes_say(call: Call, token: Callable[..., str]) -> None:
    reader = token(Scope.READ)
    assert call("get", "/viewers", bearer=reader).status_code == 200
    answer = call("post", "/viewers/1/points", {"delta": 1}, bearer=reader)
    assert (answer.status_code, answer.json()) == (403, {"detail": "This needs the scope points.", "errors": []})
    assert call("get", "/viewers", bearer=token(Scope.POINTS)).status_code == 403


# What is read, and the permission that shows the same in the dashboard.
ASKED = {
    "/viewers": "economy.view_viewer",
    "/viewers/{id_or_name}": "economy.view_viewer",
    "/leaderboard": "economy.view_viewer",
    "/transactions": "economy.view_transaction",
    "/xp-transactions": "economy.view_xptransaction",
    "/queue": "effects.view_queueitem",
    "/lanes": "effects.view_queueitem",
    "/wheel/odds": "effects.view_prize",
    "/sounds": "effects.view_sound",
    "/redeems": "redeems.view_redeem",
    "/installs": "joystick.view_install",
    "/health": "joystick.view_connection",
    "/stats": "joystick.view_connection",
    "/preflight": "joystick.view_connection",
}


def operations() -> list[Any]:
    return [
        operation
        for _, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
    ]


def test_every_endpoint_asks_for_a_scope() -> None:
    assert len(operations()) > 20
    for operation in operations():
        token, login = operation.auth_callbacks
        assert isinstance(token, Token) and isinstance(login, Login), operation.view_func
        assert operation.auth_param is not NOT_SET and token.need == login.need, operation.view_func
        assert token.need.scopes, operation.view_func


@pytest.mark.django_db
def test_every_endpoint_that_is_read_asks_for_the_permission_to_see_that() -> None:
    known = {f"{row.content_type.app_label}.{row.codename}" for row in Permission.objects.all()}
    for path, needed in ASKED.items():
        (operation,) = (found for found in operations() if found.path == path and "GET" in found.methods)
        assert operation.auth_callbacks[0].need == Need((Scope.READ,), needed)
        assert needed in known
    assert len(ASKED) == sum("GET" in operation.methods for operation in operations())


def test_who_may_see_viewers_sees_no_more_than_that_by_the_api(call: Call, token: Callable[..., str]) -> None:
    mo = get_user_model().objects.create_user("mo", is_staff=True)
    mo.user_permissions.add(Permission.objects.get(codename="view_viewer"))
    made = token()
    ApiToken.objects.filter(digest=ApiToken.hashed(made)).update(owner=mo)
    client = Client()
    client.force_login(mo)
    for path, needed in ASKED.items():
        address = path.replace("{id_or_name}", "1")
        statuses = {call("get", address, bearer=made).status_code, client.get(f"/admin/api{address}").status_code}
        allowed = needed == "economy.view_viewer"
        assert statuses <= ({200, 404} if allowed else {403}), path
    answer = client.get("/admin/api/installs")
    assert answer.json()["detail"] == "This needs the permission joystick.view_install."


def test_the_channels_scope_alone_changes_no_redeem(call: Call, token: Callable[..., str]) -> None:
    mo = get_user_model().objects.create_user("mo", is_staff=True)
    mo.user_permissions.add(Permission.objects.get(codename="change_install"))
    made = token()
    ApiToken.objects.filter(digest=ApiToken.hashed(made)).update(owner=mo)
    assert call("post", "/redeems/tts/toggle", bearer=made).status_code == 403
    assert call("patch", "/redeems/tts", {"cost": 0}, bearer=made).status_code == 403


def test_a_token_ends_when_it_was_to_end(call: Call, token: Callable[..., str]) -> None:
    made = token()
    row = ApiToken.objects.filter(digest=ApiToken.hashed(made))
    for seconds, status in ((60, 200), (-1, 401)):
        row.update(ends_at=timezone.now() + timedelta(seconds=seconds))
        assert call("get", "/viewers", bearer=made).status_code == status


def test_the_end_of_a_token_is_chosen_in_the_dashboard_and_lies_ahead(owner: Any) -> None:
    client = Client()
    client.force_login(owner)
    form = {"name": "deck", "scopes": ["read"], "ends_at_0": "2020-01-01", "ends_at_1": "00:00:00"}
    page = client.post("/admin/pixelbot_site/apitoken/add/", form, follow=True).content.decode()
    assert "This time is past." in page and not ApiToken.objects.exists()
    client.post("/admin/pixelbot_site/apitoken/add/", {**form, "ends_at_0": "2120-01-01"})
    assert ApiToken.objects.get().ends_at == datetime(2120, 1, 1, tzinfo=UTC)


def test_a_revoked_token_and_one_of_somebody_who_is_not_staff_any_more_end(call: Call, token: Any, owner: Any) -> None:
    made = token(Scope.READ)
    assert call("get", "/viewers", bearer=made).status_code == 200
    assert ApiToken.objects.get(digest=ApiToken.hashed(made)).last_used_at is not None
    ApiToken.objects.filter(digest=ApiToken.hashed(made)).update(revoked_at=timezone.now())
    assert call("get", "/viewers", bearer=made).status_code == 401
    other = token(Scope.READ)
    owner.is_staff = False
    owner.save()
    assert call("get", "/viewers", bearer=other).status_code == 401


def test_who_may_only_make_tokens_revokes_their_own(owner: Any) -> None:
    helper = get_user_model().objects.create_user("helper", is_staff=True)
    helper.user_permissions.add(*Permission.objects.filter(codename__in=["view_apitoken", "add_apitoken"]))
    ids = []
    for one in (owner, helper):
        row = ApiToken(name=one.get_username(), scopes=["read"], owner=one)
        row.make()
        row.save()
        ids.append(row.pk)
    client = Client()
    client.force_login(helper)
    client.post("/admin/pixelbot_site/apitoken/", {"action": "revoke", "_selected_action": ids})
    assert [row.revoked_at is None for row in ApiToken.objects.order_by("pk")] == [True, False]


def test_a_token_is_shown_once_and_kept_as_a_hash(owner: Any) -> None:
    client = Client()
    client.force_login(owner)
    form = {"name": "deck", "scopes": ["read", "points"]}
    page = client.post("/admin/pixelbot_site/apitoken/add/", form, follow=True).content.decode()
    made = page.split("shown only this once: ")[1].split("<")[0].strip()
    row = ApiToken.objects.get()
    assert made.startswith("pxb_") and row.digest == ApiToken.hashed(made) and made not in str(vars(row))
    assert "pxb_" not in client.get("/admin/pixelbot_site/apitoken/").content.decode()
    answer = Client(headers={"Authorization": f"Bearer {made}"}).get("/admin/api/viewers")
    assert answer.status_code == 200


def test_the_dashboards_login_may_what_django_lets_it_and_needs_the_csrf_token(owner: Any) -> None:
    moderator = get_user_model().objects.create_user("mo", password="x", is_staff=True)
    moderator.user_permissions.add(Permission.objects.get(codename="view_viewer"))
    client = Client(enforce_csrf_checks=True)
    client.force_login(moderator)
    assert client.get("/admin/api/viewers").status_code == 200
    answer = client.post("/admin/api/redeems/tts/toggle")
    assert answer.status_code == 403
    client = Client()
    client.force_login(moderator)
    assert client.post("/admin/api/redeems/tts/toggle").status_code == 403  # a permission that mo has not
    client.force_login(owner)
    assert client.post("/admin/api/redeems/tts/toggle").status_code == 404  # may, but there is no row here


def test_the_docs_are_for_staff_and_from_here(owner: Any) -> None:
    client = Client()
    assert client.get("/admin/api/docs").status_code == 302
    assert client.get("/admin/api/openapi.json").status_code == 302
    client.force_login(owner)
    page = client.get("/admin/api/docs").content.decode()
    assert "/static/ninja/" in page and "https://" not in page
    static = client.get("/static/ninja/swagger-ui-bundle.js")
    assert static.status_code == 200 and "Access-Control-Allow-Origin" not in static
    assert client.get("/admin/api/openapi.json").json()["info"]["title"] == "Pixel Bot"


def test_too_many_requests_are_told_so(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()  # what other tests asked counts, too
    (throttle,) = api.throttle  # type: ignore[misc]
    monkeypatch.setattr(throttle, "num_requests", 2)
    bearer_answers = [call("get", "/redeems") for _ in range(3)]
    assert [answer.status_code for answer in bearer_answers][-1] == 429
    assert bearer_answers[-1].json()["detail"].startswith("Too many requests") and "Retry-After" in bearer_answers[-1]


def test_somebody_without_permissions_exports_nothing(db: None) -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_user("mo", password="x", is_staff=True))
    for path in ("export/", "import/", ""):
        assert client.get(f"/admin/economy/viewer/{path}").status_code == 403


def test_simulated_events_need_both_scopes(call: Call, token: Callable[..., str]) -> None:
    answer = call("post", "/events/simulate", {"kind": "tipped", "username": "Bob"}, bearer=token(Scope.ADMIN))
    assert answer.status_code == 403
