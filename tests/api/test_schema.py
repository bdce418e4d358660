"""The whole document, tried by schemathesis: no server error, and no answer that it does not tell of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from effects import wheel
from effects.media import sounds
from effects.queue import items
from effects.registry.values import speak
from pixelbot_site.api import api
from redeems import purchase

document = schemathesis.openapi.from_dict(dict(api.get_openapi_schema()))
FOUND: Any = document.get_all_operations()
OPERATIONS = [found.ok() for found in FOUND]  # raises AttributeError for one that is no valid operation

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def channel(
    transactional_db: None, viewer: Callable[..., object], token: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Something to find under each path, no limit on requests, and a token."""
    viewer("Bob", points=100)
    purchase.seed()
    wheel.seed()
    sounds.seed()
    items.enqueue(speak("hello"))
    (throttle,) = api.throttle  # type: ignore[misc]
    monkeypatch.setattr(throttle, "num_requests", 10**9)
    monkeypatch.setattr(django_settings, "ALLOWED_HOSTS", ["*"])
    return token()


# Not schemathesis' own parametrize: its tests are all called the same, and of those pytest-xdist runs one.
@pytest.mark.journey
@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_every_answer_is_a_documented_one(operation: Any, channel: str, live_server: Any) -> None:
    headers = {"Authorization": f"Bearer {channel}"}

    @given(case=operation.as_strategy())
    @settings(
        max_examples=25,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(base_url=live_server.url, headers=headers, checks=CHECKS)

    call()
