"""How long the dashboard's lists, a batch for everybody and the audit take (`tests.benchmarks.million`).

Usage: `python -m tests.benchmarks.browsing`, on the database of the environment. Prints seconds by page as JSON: a
second look each, on the server's side, templates included.
"""

from __future__ import annotations

import json
import logging
import time

import django

django.setup()

from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from economy.batches import batch
from economy.batches.target import Target
from economy.ledger import audit

PAGES = {
    "viewers": "/admin/economy/viewer/",
    "viewers, second page": "/admin/economy/viewer/?p=2",
    "viewers by points": "/admin/economy/viewer/?o=-2",
    "viewers by level": "/admin/economy/viewer/?o=3",
    "viewers by XP": "/admin/economy/viewer/?o=-4",
    "viewers searched": "/admin/economy/viewer/?q=viewer77",
    "a viewer's card": "/admin/economy/viewer/78/change/",
    "a viewer found by name": "/admin/economy/viewer/find/?q=viewer77",
    "transactions": "/admin/economy/transaction/",
    "transactions of a kind": "/admin/economy/transaction/?kind__exact=grant",
    "transactions of a viewer": "/admin/economy/transaction/?q=viewer77",
    "XP transactions": "/admin/economy/xptransaction/",
}


def main() -> None:
    """Measure and print."""
    logging.disable(logging.CRITICAL)
    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    client.force_login(get_user_model().objects.get(is_superuser=True))
    figures = {}
    for name, path in PAGES.items():
        assert client.get(path, follow=True).status_code == 200, name
        began = time.perf_counter()
        client.get(path, follow=True)
        figures[name] = time.perf_counter() - began
    began = time.perf_counter()
    batch.run(batch.plan("points", "add", 5, target=Target()))
    figures["batch"] = time.perf_counter() - began
    began = time.perf_counter()
    assert not list(audit.findings())
    figures["audit"] = time.perf_counter() - began
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
