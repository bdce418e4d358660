"""URLs and views whose modules are imported with the first request for one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLResolver
from django.utils.module_loading import import_string


class LazyURLs(URLResolver):
    """A resolver of a namespace. Django's own goes through all its URLs with the first `reverse` of any address."""

    def _populate(self) -> None:
        """Collect nothing: names are looked up in a namespace by a resolver that Django makes for it when asked."""


def lazy_view(path: str) -> Callable[..., HttpResponseBase]:
    """Return a view that is the one at the dotted `path`."""

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer: HttpResponseBase = import_string(path)(request, *args, **kwargs)
        return answer

    return view
