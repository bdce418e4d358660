"""URLs whose module is imported with the first request for one of them."""

from __future__ import annotations

from django.urls import URLResolver


class LazyURLs(URLResolver):
    """A resolver of a namespace. Django's imports its module with the first `reverse` of any other address."""

    def _populate(self) -> None:
        """Collect nothing: names are looked up in a namespace by a resolver that Django makes for it when asked."""
