"""The API lets each role do what the dashboard's pages do, as `docs/roles.md` says, and nothing beyond it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from pixelbot_site.api import api
from pixelbot_site.models import scopes_of
from tests.logins.document import documented

pytestmark = pytest.mark.django_db

LANES = ("Queue items", "pause, resume, skip and clear lanes")
CHANNEL = ("Channels", "connect")
# Each operation, and the page and deed that the same takes in the dashboard. Redeems are changed by programs only where
# the whole channel is theirs.
SAME_AS = {
    "GET /viewers": ("Viewers", "see"),
    "GET /viewers/{id_or_name}": ("Viewers", "see"),
    "POST /viewers/{viewer_id}/points": ("Viewers", "change balances"),
    "POST /viewers/{viewer_id}/xp": ("Viewers", "change balances"),
    "GET /leaderboard": ("Viewers", "see"),
    "GET /transactions": ("Transactions", "see"),
    "GET /xp-transactions": ("XP transactions", "see"),
    "POST /transactions/{transaction_id}/reverse": ("Transactions", "reverse"),
    "POST /users/batch-points": ("Batches", "add"),
    "POST /users/batch-xp": ("Batches", "add"),
    "POST /batches/{batch_id}/reverse": ("Batches", "reverse"),
    "GET /queue": ("Queue items", "see"),
    "POST /queue/panic": ("Queue items", "panic"),
    "POST /queue/calm": ("Queue items", "go on"),
    "POST /queue/{item_id}/cancel": ("Queue items", "cancel"),
    "POST /queue/{item_id}/approve": ("Queue items", "approve"),
    "POST /queue/{item_id}/reject": ("Queue items", "reject"),
    "POST /queue/{item_id}/first": ("Queue items", "put first"),
    "POST /queue/{item_id}/retry": ("Queue items", "retry"),
    "GET /lanes": ("Queue items", "see"),
    **{f"POST /lanes/{{lane}}/{verb}": LANES for verb in ("pause", "resume", "skip", "clear")},
    "GET /wheel/odds": ("Prizes", "see"),
    "GET /sounds": ("Sounds", "see"),
    "GET /redeems": ("Redeems", "see"),
    "PATCH /redeems/{key}": CHANNEL,
    "POST /redeems/{key}/toggle": CHANNEL,
    "POST /redeems/{key}/buy": ("Viewers", "change balances"),
    "GET /installs": ("Channels", "see"),
    "POST /chat/message": CHANNEL,
    "POST /chat/whisper": CHANNEL,
    "POST /events/simulate": CHANNEL,
    "GET /health": ("Connection", "see"),
    "GET /preflight": ("Connection", "see"),
    "GET /stats": ("Connection", "see"),
}


def operations() -> set[str]:
    return {
        f"{method} {path}"
        for _, router in api._routers
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }


def test_each_operation_is_among_those_that_are_asked() -> None:
    assert operations() == set(SAME_AS)


def test_each_role_has_the_scopes_that_the_document_names(client: Client, role: str) -> None:
    scopes = {scope.value for scope in scopes_of(User.objects.get(username=f"a {role}"))}
    assert scopes == documented(role)["The API's scopes"]


def test_each_role_does_by_the_api_what_it_does_in_the_dashboard(client: Client, role: str) -> None:
    cache.clear()  # requests are counted
    may = documented(role)
    for operation, (page, deed) in SAME_AS.items():
        method, path = operation.split()
        address = "/admin/api" + re.sub(r"{\w+}", "999", path.replace("{lane}", "tts"))
        with transaction.atomic():
            code = client.generic(method, address, "{}", content_type="application/json").status_code
            transaction.set_rollback(True)
        assert (code != 403) == (deed in may[page]), (operation, code)


def test_a_token_of_somebody_whose_role_ends_may_nothing_of_it(client: Client, role: str) -> None:
    user = User.objects.get(username=f"a {role}")
    before: Any = scopes_of(user)
    user.groups.clear()
    after = scopes_of(User.objects.get(pk=user.pk))
    assert {scope.value for scope in after} == {"read"} and after <= before
