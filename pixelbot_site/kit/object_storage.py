"""Media storage in a bucket of S3, or of a server that speaks it. Only MEDIA_STORAGE loads this module.

django-storages does the work. Added are deadlines, one client for all threads, sentences for errors, and parts.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from storages.backends.s3 import S3Storage

from pixelbot_site.kit.stored_files import CHUNK, StorageDown

P = ParamSpec("P")
T = TypeVar("T")

# Seconds: to connect, and from one byte to the next. One more attempt follows.
CONNECT_WITHIN = 2.0
ANSWER_WITHIN = 4.0
ATTEMPTS = 2
# Seconds in which nobody asks again after there was no answer: what waits in a queue would wait for each in turn.
REST = 5.0

WRONG_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "InvalidToken", "403", "401"})
NO_KEYS = "there are no keys for the storage of files: set MEDIA_STORAGE_KEY and MEDIA_STORAGE_SECRET"

CONFIG = Config(
    connect_timeout=CONNECT_WITHIN,
    read_timeout=ANSWER_WITHIN,
    retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
    # Sums that came later to S3 than most servers that speak it.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
# A file is one request, so that none is half there: MEDIA_MAX_MB is far below what S3 takes in one.
TRANSFER = TransferConfig(multipart_threshold=2**31, use_threads=False)

Method = Callable[Concatenate["ObjectStorage", P], T]


def _explained(method: Method[P, T]) -> Method[P, T]:
    @wraps(method)
    def call(self: ObjectStorage, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.explaining():
            return method(self, *args, **kwargs)

    return call


class ObjectStorage(S3Storage):  # type: ignore[misc]
    """Files in a bucket. Where the server does not answer, or refuses, methods raise StorageDown."""

    def __init__(self, **options: Any) -> None:
        """Make it; nothing is asked yet. `options` are those of django-storages."""
        # As in a folder, a second file of the same name gets another one: two sounds never share a file.
        super().__init__(file_overwrite=False, client_config=CONFIG, transfer_config=TRANSFER, **options)
        self.rests_until = 0.0  # by `time.monotonic`
        self._making = threading.Lock()
        self._made: tuple[int, Any] | None = None  # the process that made it, and boto3's resource

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Raise StorageDown, with a sentence, for what boto3 raises; at once, where nobody answered a moment ago."""
        if time.monotonic() < self.rests_until:
            raise StorageDown("the storage of files does not answer")
        try:
            yield
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise StorageDown(NO_KEYS, is_mistake=True) from error
        except ClientError as error:
            raise self._refusal(str(error.response.get("Error", {}).get("Code", "?"))) from error
        except BotoCoreError as error:
            self.rests_until = time.monotonic() + REST
            raise StorageDown(f"the storage of files does not answer ({type(error).__name__})") from error

    def _refusal(self, code: str) -> StorageDown:
        if code in WRONG_KEYS:
            return StorageDown(
                f"the storage of files refuses the keys ({code}): correct MEDIA_STORAGE_KEY and MEDIA_STORAGE_SECRET, "
                f"or let them read, write, delete and list in the bucket {self.bucket_name}",
                is_mistake=True,
            )
        if code == "NoSuchBucket":
            return StorageDown(
                f"the storage of files has no bucket {self.bucket_name}: make it, or correct MEDIA_STORAGE",
                is_mistake=True,
            )
        return StorageDown(f"the storage of files answers {code}")

    @property
    def connection(self) -> Any:
        """Return boto3's resource, one for all threads: each request of a page has a thread of its own, and making one
        takes some 100 ms. A resource's client is safe in threads, and nothing else of it is changed here.
        """
        with self._making:
            if self._made is None or self._made[0] != os.getpid():  # a fork would share its parent's sockets
                made = self._create_session().resource(
                    "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=self.client_config
                )
                self._made = (os.getpid(), made)
            return self._made[1]

    @property
    def bucket(self) -> Any:
        """Return boto3's bucket."""
        return self.connection.Bucket(self.bucket_name)

    @_explained
    def exists(self, name: str) -> bool:
        """Return whether there is a file of that name."""
        return bool(super().exists(name))

    @_explained
    def size(self, name: str) -> int:
        """Return the file's bytes."""
        return int(super().size(name))

    @_explained
    def delete(self, name: str) -> None:
        """Delete the file, if it is there."""
        super().delete(name)

    @_explained
    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the names of folders and files in a folder."""
        folders, files = super().listdir(path)
        return folders, files

    @_explained
    def get_modified_time(self, name: str) -> datetime:
        """Return when the file was written."""
        written: datetime = super().get_modified_time(name)
        return written

    @_explained
    def _save(self, name: str, content: Any) -> str:
        return str(super()._save(name, content))

    @_explained
    def sizes(self, folder: str) -> dict[str, int]:
        """Return the bytes of each file in `folder`, by its whole name; a thousand files take one request."""
        start = f"{self.location}/" if self.location else ""
        found = self.bucket.objects.filter(Prefix=f"{start}{folder}/")
        return {file.key.removeprefix(start): file.size for file in found}

    def read(self, name: str, first: int, count: int | None) -> tuple[int, Iterator[bytes]]:
        """Return the bytes of the whole file, and `count` of them from `first` on, in chunks; None: all that follow.

        Raise FileNotFoundError where there is no such file.
        """
        part = {} if first == 0 and count is None else {"Range": f"bytes={first}-{_last(first, count)}"}
        with self.explaining():
            try:
                answer = self.bucket.Object(self._normalize_name(name)).get(**part)
            except ClientError as error:
                if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                    raise FileNotFoundError(name) from None
                raise
        whole = answer.get("ContentRange", "").rpartition("/")[2] or answer["ContentLength"]
        return int(whole), self._chunks(answer["Body"])

    def _chunks(self, body: Any) -> Iterator[bytes]:
        with self.explaining(), body:
            yield from body.iter_chunks(CHUNK)

    @_explained
    def require_usable(self) -> None:
        """Raise StorageDown where files can't be listed; what is written and read needs the same keys and bucket."""
        self.connection.meta.client.list_objects_v2(Bucket=self.bucket_name, Prefix=self.location, MaxKeys=1)


def _last(first: int, count: int | None) -> str:
    return "" if count is None else str(first + count - 1)
