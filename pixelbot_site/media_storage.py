"""Where uploaded files and speech are kept, as MEDIA_STORAGE names it: a folder, or a bucket on a server of S3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

EXAMPLE = "s3://bucket/prefix?endpoint=https://s3.example.org&region=eu-central-1 (all but the bucket may be left out)"
PACKAGES = ("storages", "boto3")
NEEDS_PACKAGES = (
    "MEDIA_STORAGE names a bucket, and the packages for that are not installed. "
    'Install them in the project\'s folder with: python -m pip install ".[s3]"'
)
# Of ASCII alone, and with no part that leads elsewhere, such as "..".
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/(?!$)|$))*")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and the folder in it. Without an endpoint, the server is Amazon's."""

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None


def bucket(url: str) -> Bucket:
    """Return what MEDIA_STORAGE names. Raise ValueError, saying what is allowed, where it can't be read."""
    try:
        parts = urlsplit(url)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        endpoint = urlsplit(asked.get("endpoint", "https://s3"))
        is_address = endpoint.scheme in ("http", "https") and bool(endpoint.hostname) and endpoint.port != 0
    except ValueError:
        raise ValueError(EXAMPLE) from None
    prefix = parts.path.strip("/")
    is_right = parts.scheme == "s3" and _BUCKET.fullmatch(parts.netloc) and _PREFIX.fullmatch(prefix)
    if not is_right or not is_address or not asked.keys() <= {"endpoint", "region"} or parts.fragment:
        raise ValueError(EXAMPLE)
    return Bucket(parts.netloc, prefix, asked.get("endpoint") or None, asked.get("region") or None)


def default_storage(url: str, key: str, secret: str) -> dict[str, Any]:
    """Return the entry of Django's STORAGES for the files. Raise ImproperlyConfigured where packages are missing.

    `url` was read without a mistake before; "" is the folder MEDIA_ROOT.
    """
    if not url:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    if not all(map(find_spec, PACKAGES)):
        raise ImproperlyConfigured(NEEDS_PACKAGES)
    where = bucket(url)
    options = {
        "bucket_name": where.name,
        "location": where.prefix,
        "endpoint_url": where.endpoint,
        "region_name": where.region,
    }
    keys = {"access_key": key, "secret_key": secret} if key else {}
    return {"BACKEND": "pixelbot_site.kit.object_storage.ObjectStorage", "OPTIONS": options | keys}
