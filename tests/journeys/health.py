"""Asking a process how it is, and what it has counted."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any


def health(port: int) -> tuple[int, dict[str, Any]]:
    """Return the status of a process's `/health`, and what its parts say."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            return answer.status, json.loads(answer.read())["parts"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["parts"]


def metrics(port: int, token: str) -> str:
    """Return a process's `/metrics`."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())
