"""What the API routers of all apps share: authentication by scopes, the shape of errors, and pages of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import pydantic
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Query, Schema
from ninja.errors import HttpError
from ninja.errors import ValidationError as InputError
from ninja.pagination import CursorPagination
from ninja.security import HttpBearer, SessionAuth
from pydantic import Field, StringConstraints

from pixelbot_site.kit.scopes import Scope as Scope

MAX_ID = 2**63 - 1  # of a BigAutoField
# A row's id.
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
# No NUL: PostgreSQL cannot store it.
Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]


@dataclass(frozen=True, slots=True)
class Caller:
    """The program or person that calls the API, the scopes they have, and whether Django gives them a permission: a
    program has those of its token's owner.
    """

    name: str
    scopes: frozenset[Scope]
    has_permission: Callable[[str], bool]

    def __str__(self) -> str:
        return self.name  # the key of ninja's throttle


class ApiRequest(HttpRequest):
    """A request after authentication."""

    auth: Caller


# Finds the caller by the token, or by the request's session where the token is None.
Identify = Callable[[HttpRequest, str | None], Caller | None]
_identify: list[Identify] = []


def identify_callers_with(identify: Identify) -> None:
    """Set the function that finds callers. It is passed in because the kit must not import the tokens' model."""
    _identify[:] = [identify]


@dataclass(frozen=True, slots=True)
class Need:
    """What an operation asks of its caller: all of `scopes`, and a permission of Django's where one is named."""

    scopes: tuple[Scope, ...]
    permission: str

    def find_caller(self, request: HttpRequest, token: str | None) -> Caller | None:
        """Return the caller, or None for an unknown one. Raise HttpError 403 where a scope or the permission lacks."""
        (identify,) = _identify
        caller = identify(request, token)
        if caller is None:
            return None
        missing = [scope for scope in self.scopes if scope not in caller.scopes]
        if missing:
            raise HttpError(403, f"This needs the scope {missing[0]}.")
        if self.permission and not caller.has_permission(self.permission):
            raise HttpError(403, f"This needs the permission {self.permission}.")
        return caller


class Token(HttpBearer):
    """A program that sends `Authorization: Bearer pxb_…`."""

    def __init__(self, need: Need) -> None:
        super().__init__()
        self.need = need

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """Return the token's caller, or None for an unknown token. Raise HttpError 403 for one that may not."""
        return self.need.find_caller(request, token)


class Login(SessionAuth):
    """Staff logged in to the dashboard, with the CSRF token in `X-CSRFToken`."""

    def __init__(self, need: Need) -> None:
        super().__init__()
        self.need = need

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        """Return the staff's caller, or None for anybody else. Raise HttpError 403 for one who may not."""
        return self.need.find_caller(request, None)


def needs(*scopes: Scope, permission: str = "") -> list[Token | Login]:
    """Return the `auth=` of an operation that callers with all of `scopes`, and the permission, may use."""
    need = Need(scopes, permission)
    return [Token(need), Login(need)]


class Error(Schema):
    """The body of every error: a sentence, and one more for each mistake in the input."""

    detail: str
    errors: list[str] = Field(default_factory=list)


ERRORS: dict[int, type[Error]] = dict.fromkeys((400, 401, 403, 404, 405, 409, 422, 429), Error)


def answers(schema: Any) -> dict[int, Any]:
    """Return the documented answers of an operation: `schema` with 200, and every error."""
    return {200: schema, **ERRORS}


DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 500


class Pages(CursorPagination):
    """Pages of rows by id, the newest first. Every page takes as long as the first, since no rows are skipped."""

    class Input(CursorPagination.Input):
        """The page's size, and its cursor, which is part of the addresses `next` and `previous`."""

        page_size: int | None = Field(DEFAULT_PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)

    class Cursor(CursorPagination.Cursor):
        """A cursor whose position is an id. Ninja's own accepts any text, for which the database raises."""

        p: str | None = Field(None, pattern=r"^[0-9]{1,19}$")

        @classmethod
        def from_encoded_param(cls, encoded_param: str | None, context: Any = None) -> Pages.Cursor:
            """Return the decoded cursor. Raise HttpError 422 for anything else."""
            try:
                return cls.model_validate(super().from_encoded_param(encoded_param, context))
            except (pydantic.ValidationError, InputError):
                raise HttpError(422, "This cursor did not come from this list.") from None


PAGES = Pages(ordering=("-id",), page_size=DEFAULT_PAGE_SIZE, max_page_size=MAX_PAGE_SIZE)
PageIn = Annotated[Pages.Input, Query()]
Row = TypeVar("Row")


class Page(Schema, Generic[Row]):
    """Some rows of a list, and the addresses of the pages beside them; null where there is none."""

    previous: str | None
    next: str | None
    results: list[Row]


def page(request: ApiRequest, rows: QuerySet[Any], wanted: Pages.Input) -> dict[str, Any]:
    """Return the wanted page of `rows`, as the schema Page describes it."""
    # Ninja's decorator `paginate` resolves postponed annotations in its own module, where our schemas are unknown.
    content: dict[str, Any] = PAGES.paginate_queryset(rows, wanted, request)
    return content


Found = TypeVar("Found")


def found_or_404(found: Found | None) -> Found:
    """Return `found`; raise Http404 for None."""
    if found is None:
        raise Http404
    return found
