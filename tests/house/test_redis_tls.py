"""A Redis behind TLS: no part of the bot talks to a server whose certificate is somebody else's."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.processes import ROOT

PARTS = {
    "broker": "from celery import current_app; current_app.connection().ensure_connection(max_retries=1, timeout=3)",
    "cache": "from django.core.cache import caches; caches.create_connection('default')._cache.get_client().ping()",
}


class Stranger:
    """A server of TLS with a certificate that nobody has signed. It counts who trusts it all the same."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        file = folder / "certificate.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(file)
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
