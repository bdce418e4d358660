"""How long a login lasts, and how its cookies travel, by where the pages can be reached."""

from __future__ import annotations

import pytest

from tests.house.test_settings import python

PROGRAM = """
from django.conf import settings
print(settings.SESSION_COOKIE_AGE, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE)
"""
MONTH, HALF_A_DAY = 30 * 24 * 3600, 12 * 3600


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, (MONTH, False)),
        ({"ALLOWED_HOSTS": "localhost,127.0.0.1"}, (MONTH, False)),
        ({"ALLOWED_HOSTS": "bot.example.org"}, (HALF_A_DAY, False)),
        ({"CSRF_TRUSTED_ORIGINS": "https://bot.example.org"}, (HALF_A_DAY, False)),
        ({"SECURE_COOKIES": "true"}, (HALF_A_DAY, True)),
    ],
)
def test_a_login_lasts_a_month_only_where_no_other_machine_reaches_the_pages(
    environment: dict[str, str], shown: tuple[int, bool], tmp_path: object
) -> None:
    seconds, secure = shown
    printed = python("-c", PROGRAM, DATA_DIR=str(tmp_path), **environment)
    assert printed.split() == [str(seconds), str(secure), str(secure)]
