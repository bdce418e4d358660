"""What the API's parts in each app share: who may, what an error looks like, and pages of rows."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Annotated, Any, TypeVar, get_type_hints

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Query, Schema
from ninja.errors import HttpError
from pydantic import Field, StringConstraints

MOST_ID = 2**63 - 1
Id = Annotated[int, Field(ge=1, le=MOST_ID)]
"""A row's id."""
Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
"""What databases take: no NUL."""


class Scope(StrEnum):
    """What a token may do. Each allows only what its name says; a token may have several."""

    READ = "read"
    POINTS = "points"
    QUEUE = "queue"
    ADMIN = "admin"


PERMISSIONS = {
    Scope.READ: "economy.view_viewer",
    Scope.POINTS: "economy.change_points",
    Scope.QUEUE: "effects.change_queueitem",
    Scope.ADMIN: "joystick.change_install",
}
"""The permission of Django's that stands for a scope where somebody is logged in."""


class Error(Schema):
    """The one shape of all errors: a sentence, and where input is wrong, which."""

    detail: str
    errors: list[str] = Field(default_factory=list)


ERRORS: dict[int, type[Error]] = dict.fromkeys((400, 401, 403, 404, 405, 409, 422, 429), Error)


def answers(schema: Any) -> dict[int, Any]:
    """The documented answers of an endpoint: `schema` with 200, and every error."""
    return {200: schema, **ERRORS}


F = TypeVar("F", bound=Callable[..., Any])


def needs(scope: Scope) -> Callable[[F], F]:
    """Let nobody call the decorated endpoint without `scope`."""

    def decorate(endpoint: F) -> F:
        # ninja would look the names of the types up in this module, where the wrapper is.
        endpoint.__annotations__ = get_type_hints(endpoint, include_extras=True)

        @wraps(endpoint)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if scope not in request.auth.scopes:  # type: ignore[attr-defined]
                raise HttpError(403, f"This needs the scope {scope}.")
            return endpoint(request, *args, **kwargs)

        guarded.needs = scope  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def who(request: HttpRequest) -> str:
    """Who asks: the staff's login, or the token's name."""
    name: str = request.auth.name  # type: ignore[attr-defined]
    return name


class Page(Schema):
    """Which rows: at most `limit` with an id below `before`, the newest first."""

    limit: int = Field(50, ge=1, le=500)
    before: int = Field(MOST_ID, ge=1, le=MOST_ID)


Paged = Annotated[Page, Query()]


def page(rows: QuerySet[Any], asked: Page) -> list[Any]:
    """The rows asked for. By id, not by number: a page is as quick in the middle of millions as at their end."""
    return list(rows.filter(pk__lt=asked.before).order_by("-pk")[: asked.limit])


def there(found: Any) -> Any:
    """`found`, or 404 for None."""
    if found is None:
        raise Http404
    return found
