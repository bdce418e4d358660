"""A Redis behind TLS: no part of the bot talks to a server whose certificate is somebody else's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT
from tests.servers import self_signed

PARTS = {
    "broker": "from celery import current_app; current_app.connection().ensure_connection(max_retries=1, timeout=3)",
    "cache": "from django.core.cache import caches; caches.create_connection('default')._cache.get_client().ping()",
}


class Stranger:
    """A server of TLS with a certificate that nobody has signed. It counts who trusts it all the same."""

    def __init__(self, folder: Path) -> None:
        self._context = self_signed(folder)
        self.socket = socket.create_server(("localhost", 0))
        self.trusted = 0

    def serve(self) -> None:
        """Shake hands with whoever comes, until the socket is closed; hang up on who trusts it."""
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                client.settimeout(5)
                try:
                    with self._context.wrap_socket(client, server_side=True) as talk:
                        self.trusted += bool(talk.recv(1))  # of TLS 1.3, a client refuses after the server's handshake
                except OSError:
                    pass


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    server = Stranger(tmp_path)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    server.socket.shutdown(socket.SHUT_RDWR)
    server.socket.close()
    thread.join(10)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("more", ["", "?ssl_cert_reqs=none"])
def test_a_server_with_anothers_certificate_is_trusted_only_where_the_address_says_so(
    stranger: Stranger, tmp_path: Path, part: str, more: str
) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgres://nobody@localhost/nothing",
        "SECRET_KEY": "x" * 50,
        "REDIS_URL": f"rediss://localhost:{stranger.socket.getsockname()[1]}/0{more}",
    }
    run = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {PARTS[part]}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode != 0  # it is no Redis
    assert (stranger.trusted > 0) == bool(more), run.stderr
    assert more or "certificate" in run.stderr.lower()
