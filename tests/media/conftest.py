"""Somebody of the staff, a folder for the files of one test, and files taken in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from effects.media import library
from effects.models import Media
from tests.media.files import still


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: Any) -> Path:
    """An empty folder for what is uploaded."""
    settings.MEDIA_ROOT = tmp_path / "media"
    library.shelf.forget()
    return tmp_path / "media"


@pytest.fixture
def stored(own_folder: Path) -> Callable[[], list[str]]:
    """Return the names of all files that are kept."""

    def names() -> list[str]:
        return sorted(path.relative_to(own_folder).as_posix() for path in own_folder.rglob("*") if path.is_file())

    return names


@pytest.fixture
def fox(db: None) -> Client:
    """The owner's browser."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    return client


@pytest.fixture
def upload(fox: Client) -> Callable[..., str]:
    """Upload files, (name, data) each; return the page that tells what became of them."""

    def send(*files: tuple[str, bytes], **more: Any) -> str:
        sent = [SimpleUploadedFile(name, data) for name, data in files]
        return fox.post("/admin/effects/media/add/", {"files": sent, **more}).text

    return send


@pytest.fixture
def taken(db: None) -> Callable[..., Media]:
    """Take a file in: `taken("cat", data)`."""

    def take(name: str = "cat", data: bytes | None = None) -> Media:
        return library.take(library.inspect(still() if data is None else data), name, None)

    return take
