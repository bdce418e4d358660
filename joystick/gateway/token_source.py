"""The token that the gateway connects with: renewed once when it is refused, and tried again seldom after that."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from joystick.account.credentials import Credentials
from joystick.account.tokens import RenewalPostponed
from joystick.channel import health
from joystick.gateway.threads import DATABASE_ERRORS, Threads
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.plural import counted

log = logging.getLogger("joystick")

# Seconds between two looks for a token, or for staff who press “Try now”.
POLL_EVERY = 2.0
# Seconds until a refused token is tried again; the last pause repeats.
SLOW_TRIES = (60.0, 120.0, 300.0, 600.0)
# Seconds of a session after which a refused token may be renewed once more: it simply ran out.
RENEW_AGAIN_AFTER = 30.0
# What Rails and Joystick's close code 4401 say of a token. Any other refusal is not about the token.
UNAUTHORIZED = "unauthorized"
NOT_ABOUT_THE_TOKEN = "The gateway asked the bot not to come back; the bot tries all the same, but seldom."


class TokenSource:
    """Gets tokens from the credentials, and decides what follows a refusal."""

    def __init__(
        self, credentials: Credentials, threads: Threads, holder: str, report_state: Callable[..., Awaitable[None]]
    ) -> None:
        """Take where tokens come from, and `report_state(state, detail)`, which stores how the connection is."""
        self.owner: str | None = None
        self._credentials = credentials
        self._threads = threads
        self._holder = holder
        self._report_state = report_state
        self._is_checked = False
        self._missing_reason = ""
        self._is_renewed = False
        self._refused_token = ""
        self._refusals = 0
        self._next_try = 0.0
        self._connected_at: float | None = None

    async def get(self) -> str:
        """Return the token to connect with. Wait while there is none, or while a refused one is not due again."""
        if not self._is_checked:
            self._is_checked = True
            await self._check()
        while True:
            self.owner = await self._threads.db(self._credentials.whose)
            token = await self._threads.ask_platform(self._credentials.token)
            if token is None:
                await self._report_missing()
            elif await self._may_try(token):
                self._missing_reason = ""
                return token
            await asyncio.sleep(POLL_EVERY)

    async def is_changed(self) -> bool:
        """Return whether the streamer disconnected the channel, or connected another one, since the last token."""
        return await self._threads.db(self._credentials.whose) != self.owner

    async def refuse(self, token: str, reason: str) -> bool:
        """Renew a refused token, once. Return whether to try again soon; otherwise `get` waits until it is due."""
        self._note_end()
        if not self._is_renewed:
            try:
                if await self._threads.ask_platform(self._credentials.renew, token):
                    self._is_renewed = True
                    await self._report_renewal("the bot's token was refused, and has been renewed")
                    return True
            except RenewalPostponed as error:
                log.warning("%s", error)
                # The same token will be refused again, with longer and longer pauses, until the platform answers.
                await self._report_renewal("the bot's token was refused, and can't be renewed at the moment")
                return True
            except Failed as error:
                reason = f"{reason}; {error}"
        await self._give_up(token, reason)
        return False

    def note_connected(self) -> None:
        """Note that a session is confirmed."""
        self._connected_at = time.monotonic()
        self._refused_token = ""

    def note_lost(self) -> None:
        """Note that a session or an attempt ended, and not by a refusal: the next attempt need not wait."""
        self._note_end()
        self._next_try = 0.0

    def _note_end(self) -> None:
        if self._connected_at is not None and time.monotonic() - self._connected_at > RENEW_AGAIN_AFTER:
            self._is_renewed, self._refusals = False, 0
        self._connected_at = None

    async def _check(self) -> None:
        try:
            await self._threads.ask_platform(self._credentials.check)
        except DATABASE_ERRORS as error:
            log.warning("the tokens could not be checked: %s", error)

    async def _report_missing(self) -> None:
        missing = "no channel is connected" if self.owner is None else "the tokens can't be renewed at the moment"
        if missing != self._missing_reason:
            self._missing_reason = missing
            log.warning("%s", missing)
            await self._report_state("off" if self.owner is None else "waiting", missing)

    async def _report_renewal(self, reason: str) -> None:
        if not self._refused_token:  # else it stays red until a session is confirmed
            await self._report_state("waiting", reason)

    async def _may_try(self, token: str) -> bool:
        if token != self._refused_token or time.monotonic() >= self._next_try:
            return True
        return await self._threads.db(health.take_try, self._holder)

    async def _give_up(self, token: str, reason: str) -> None:
        pause = SLOW_TRIES[min(self._refusals, len(SLOW_TRIES) - 1)]
        self._refusals += 1
        self._is_renewed = False  # the next slow try may renew the token once more
        self._refused_token, self._next_try = token, time.monotonic() + pause
        advice = NOT_ABOUT_THE_TOKEN
        if UNAUTHORIZED in reason:
            advice = await self._threads.db(self._credentials.advice, token)
        sentence = f"{reason.rstrip('.')}. {advice}"
        log.error("Joystick refuses the bot: %s The next try is in %s.", sentence, counted(round(pause / 60), "minute"))
        await self._report_state("refused", sentence)
