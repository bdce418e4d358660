"""A server that speaks S3, and a bucket of it as media storage. The server is moto's, in memory: no real S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from effects.media import library
from effects.models import Media
from pixelbot_site import media_storage
from tests.effects.conftest import frames, woken
from tests.media.files import still
from tests.servers import S3, running_s3

__all__ = ["Bucket", "frames", "use", "woken"]


@dataclass
class Bucket:
    """A bucket, and how the bot's settings name it."""

    server: S3
    name: str
    folder: Path

    @property
    def address(self) -> str:
        """Return it as MEDIA_STORAGE names it."""
        return f"s3://{self.name}/bot?endpoint={self.server.url}&region=us-east-1"

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings of a process that uses it."""
        return {
            "MEDIA_STORAGE": self.address,
            "MEDIA_STORAGE_KEY": self.server.key,
            "MEDIA_STORAGE_SECRET": self.server.secret,
        }

    def files(self) -> list[str]:
        """Return the keys of what is in it."""
        answer = self.server.client().list_objects_v2(Bucket=self.name)
        return sorted(found["Key"] for found in answer.get("Contents", []))

    def local_files(self) -> list[Path]:
        """Return what lies in this process's own MEDIA_ROOT."""
        return [path for path in self.folder.rglob("*") if path.is_file()]


def use(settings: Any, bucket: Bucket, *, key: str = "", secret: str = "") -> None:
    """Have this process keep media in the bucket."""
    entry = media_storage.default_storage(bucket.address, key or bucket.server.key, secret or bucket.server.secret)
    settings.STORAGES = {**settings.STORAGES, "default": entry}
    library.shelf.forget()
    cache.delete(library.FOUND)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """Run a server that speaks S3 for all tests of this process."""
    with running_s3() as server:
        yield server


@pytest.fixture
def bucket(s3: S3, settings: Any, tmp_path: Path) -> Bucket:
    """An empty bucket, in which this process keeps its media."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = Bucket(s3, s3.new_bucket(), tmp_path / "media")
    use(settings, made)
    return made


@pytest.fixture
def mortal(settings: Any, tmp_path: Path) -> Iterator[Bucket]:
    """The same on a server of the test's own, which may be killed."""
    settings.MEDIA_ROOT = tmp_path / "media"
    with running_s3() as server:
        made = Bucket(server, server.new_bucket(), tmp_path / "media")
        use(settings, made)
        yield made


@pytest.fixture
def fox(db: None) -> Client:
    """The owner's browser."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    return client


@pytest.fixture
def taken(db: None) -> Callable[..., Media]:
    """Take a file in: `taken("cat", data)`."""

    def take(name: str = "cat", data: bytes | None = None) -> Media:
        return library.take(library.inspect(still() if data is None else data), name, None)

    return take
