"""What is counted of OBS, for `/metrics`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

CONNECTED = Gauge("pixelbot_obs_connected", "1 while this process is connected to OBS, else 0.")
REQUESTS = Counter("pixelbot_obs_requests", "Requests to OBS, by what became of them.", ["outcome"])
REQUEST_SECONDS = Histogram("pixelbot_obs_request_seconds", "Seconds until OBS answered a request.")


@contextmanager
def counted(refusal: type[Exception]) -> Iterator[None]:
    """Count a request: answered, refused (where it raises `refusal`) or failed."""
    began, outcome = time.perf_counter(), "failed"
    try:
        yield
        outcome = "answered"
    except refusal:
        outcome = "refused"
        raise
    finally:
        REQUESTS.labels(outcome).inc()
        if outcome != "failed":
            REQUEST_SECONDS.observe(time.perf_counter() - began)
