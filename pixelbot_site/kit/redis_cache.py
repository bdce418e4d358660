"""Django's cache on Redis, which goes on in the memory of each process while Redis is away."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache as DjangosRedisCache
from redis.exceptions import RedisError

from pixelbot_site.kit.pause import Pause

log = logging.getLogger("cache")

# Of all threads, while a cache belongs to one. A page makes a dozen calls.
pause = Pause()


class RedisCache(DjangosRedisCache):
    """Raises nothing while Redis is away: each process then keeps what it sets, and sees nothing of the others'.

    What is counted there, such as wrong passwords, goes on to be counted in each process for itself.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        """Take what Django's own takes."""
        super().__init__(server, params)
        self._here = LocMemCache("while Redis is away", {**params, "OPTIONS": {"MAX_ENTRIES": 20_000}})

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Set a value where there is none; return whether it was set."""
        stored: bool = self._ask(super().add, self._here.add, key, value, timeout, version)
        return stored

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value, or `default`."""
        return self._ask(super().get, self._here.get, key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Set a value."""
        self._ask(super().set, self._here.set, key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Set when the value ends; return whether there is one."""
        found: bool = self._ask(super().touch, self._here.touch, key, timeout, version)
        return found

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Delete the value; return whether there was one."""
        found: bool = self._ask(super().delete, self._here.delete, key, version)
        return found

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Return the values that there are."""
        found: dict[Any, Any] = self._ask(super().get_many, self._here.get_many, list(keys), version)
        return found

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """Set several values; return the keys that could not be set."""
        failed: list[Any] = self._ask(super().set_many, self._here.set_many, data, timeout, version)
        return failed

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Delete several values."""
        self._ask(super().delete_many, self._here.delete_many, list(keys), version)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Return whether there is a value."""
        found: bool = self._ask(super().has_key, self._here.has_key, key, version)
        return found

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number and return it. Raise ValueError where there is none."""
        number: int = self._ask(super().incr, self._here.incr, key, delta, version)
        return number

    def clear(self) -> None:
        """Delete everything."""
        self._here.clear()
        self._ask(super().clear, self._here.clear)

    def _ask(self, there: Callable[..., Any], here: Callable[..., Any], *arguments: Any) -> Any:
        if not pause.is_on():
            try:
                with pause.after(RedisError):
                    return there(*arguments)
            except RedisError as error:
                log.warning("Redis is away, each process goes on with its own memory: %s", error)
        return here(*arguments)
