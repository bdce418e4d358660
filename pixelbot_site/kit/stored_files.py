"""Files in media storage, which is a folder or a bucket elsewhere: read in parts, sent, deleted, measured."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import IO

from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("storage")

CHUNK = 2**16
# The most bytes of an answer that are held in memory.
HELD = 2 * 2**20


class StorageDown(OSError):
    """The storage does not answer, or refuses. `is_mistake`: it will go on refusing until a setting is corrected."""

    def __init__(self, reason: str, *, is_mistake: bool = False) -> None:
        super().__init__(reason)
        self.is_mistake = is_mistake


def is_elsewhere() -> bool:
    """Return whether files are on a server, so that each look takes a while and may fail."""
    return not isinstance(default_storage, FileSystemStorage)


def require_usable() -> None:
    """Raise StorageDown where the storage does not answer, or refuses. A folder is asked nothing."""
    if is_elsewhere():
        default_storage.require_usable()  # type: ignore[attr-defined]


def read(name: str, first: int = 0, count: int | None = None) -> tuple[int, Iterator[bytes]]:
    """Return the bytes of the whole file, and `count` of them from `first` on, in chunks; None: all that follow.

    Raise OSError where that fails: FileNotFoundError where there is no such file. So may the next chunk.
    """
    if is_elsewhere():
        found: tuple[int, Iterator[bytes]] = default_storage.read(name, first, count)  # type: ignore[attr-defined]
        return found
    file = default_storage.open(name)
    file.seek(first)
    return file.size, _chunks(file, count)


def _chunks(file: IO[bytes], count: int | None) -> Iterator[bytes]:
    with file:
        left = count
        while chunk := file.read(CHUNK if left is None else min(CHUNK, left)):
            yield chunk
            left = None if left is None else left - len(chunk)


def read_all(name: str) -> bytes:
    """Return a file of ours that is small. Raise OSError where that fails."""
    return b"".join(read(name)[1])


def write(name: str, data: bytes) -> str:
    """Store `data` under `name`, or another name if that is taken, and return the name. Raise OSError."""
    return default_storage.save(name, ContentFile(data))


def delete(name: str) -> None:
    """Delete a file. Where that fails, it is logged, and the file stays."""
    try:
        default_storage.delete(name)
    except OSError as error:
        log.warning("%s could not be deleted: %s", name, error)


def delete_after_commit(name: str) -> None:
    """Do the same after the commit: no transaction waits for a server, and one that is rolled back deletes nothing."""
    after_commit(delete, name)


def sizes(folder: str) -> dict[str, int]:
    """Return the bytes of each file in a folder of the storage, by its whole name. Raise OSError where that fails."""
    if is_elsewhere():
        found: dict[str, int] = default_storage.sizes(folder)  # type: ignore[attr-defined]
        return found
    found = {}
    for name in names(folder):
        with suppress(FileNotFoundError):  # just deleted
            found[name] = default_storage.size(name)
    return found


def names(folder: str) -> list[str]:
    """Return the whole names of the files in a folder of the storage, none where there is no such folder."""
    try:
        return [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]]
    except FileNotFoundError:
        return []


class Streamed(StreamingHttpResponse):
    """Sends what an iterator yields, piece by piece: under ASGI, Django would first read all of it."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces, each read in a thread."""
        pieces = iter(self)
        while piece := await sync_to_async(lambda: next(pieces, b""))():
            yield piece


def respond(
    name: str, content_type: str, *, first: int = 0, count: int | None = None, size: int | None = None
) -> HttpResponseBase:
    """Return a file, or `count` bytes of it from `first` on. Raise Http404 where it is gone, or has not `size` bytes.

    What comes from elsewhere is here before the answer begins, so that a server that dies meanwhile is a 503, which a
    page understands, and not half a file.
    """
    try:
        whole, chunks = read(name, first, count)
        if size not in (None, whole):
            raise FileNotFoundError(name)
        length = whole - first if count is None else min(count, whole - first)
        body = b"".join(chunks) if length <= HELD else _spooled(chunks)
    except FileNotFoundError:
        raise Http404("This file is gone.") from None
    except OSError as error:
        log.warning("%s can't be served: %s", name, error)
        refusal = HttpResponse("The storage of files can't be reached.", status=503, content_type="text/plain")
        refusal._has_been_logged = True  # type: ignore[attr-defined]  # Django's line would name an overlay's address
        return refusal
    headers = {"Content-Length": str(length), "X-Content-Type-Options": "nosniff"}
    kind = HttpResponse if isinstance(body, bytes) else Streamed
    return kind(body, content_type=content_type, headers=headers)


def _spooled(chunks: Iterator[bytes]) -> Iterator[bytes]:
    if not is_elsewhere():
        return chunks
    file = tempfile.TemporaryFile()  # noqa: SIM115 (`_chunks` closes it)
    for chunk in chunks:
        file.write(chunk)
    file.seek(0)
    return _chunks(file, None)
